"""Collections are what events say: in any order of putting in, taking out and undoing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.errors import PenchantError, UsageError
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.collections import LONGEST, called, collect, key
from penchant.app.types import Event

NAMES = ("Papers", "papers", "Nuit É")
STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(NAMES), st.booleans(), st.booleans()), max_size=12)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as made:
        yield made


def filled(store: Store) -> list[int]:
    source = store.subscriptions.add("rss", "https://feed.example/")
    items = tuple(Item(native_id=str(n), url=f"https://feed.example/{n}", title=f"Owl {n}") for n in range(5))
    return list(store.items.put_page(source, Page(items, {}), time.time()).item_ids)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_last_live_word_counts(store: Store, steps: list[tuple[int, str, bool, bool]]) -> None:
    ids = filled(store)
    store.events.append([Event("undo", undoes=event.id) for event in store.events.of_kind("collect")])
    wanted: dict[str, dict[int, None]] = {}
    for number, name, inside, undone in steps:
        event = collect(name, ids[number], inside)
        store.events.append([event])
        if undone:
            store.events.append([Event("undo", ids[number], undoes=event.id)])
            continue
        members = wanted.setdefault(key(name), {})
        members.pop(ids[number], None)
        if inside:
            members[ids[number]] = None
    found = {key(each.name): store.collections.ids(each.name) for each in store.collections.all()}
    assert found == {name: list(members) for name, members in wanted.items() if members}
    assert all(each.size == len(found[key(each.name)]) for each in store.collections.all())
    for each in store.collections.all():
        searched = {hit.item_id for hit in store.search.search(f'in:"{each.name}"', limit=50).hits}
        assert searched == set(found[key(each.name)])
    for item_id in ids:
        inside_of = {key(name) for name in store.collections.of_item(item_id)}
        assert inside_of == {name for name, members in found.items() if item_id in members}


def test_a_search_inside_and_outside(store: Store) -> None:
    ids = filled(store)
    store.events.append([collect("night", ids[1], True), collect("night", ids[2], True)])
    inside = {hit.item_id for hit in store.search.search("owl in:night").hits}
    outside = {hit.item_id for hit in store.search.search("owl -in:NIGHT").hits}
    assert inside == {ids[1], ids[2]} and outside == set(ids) - inside
    assert not store.search.search("in:nothing").hits


def test_marks_do_not_hear_of_it(store: Store) -> None:
    ids = filled(store)
    before = store.events.marks(ids)
    store.events.append([collect("night", ids[1], True)])
    assert store.events.marks(ids) == before, "being in a list says nothing of having been seen"


def test_names(store: Store) -> None:
    [item, *_] = filled(store)
    assert store.collections.all() == [] and store.collections.ids("x") == []
    store.events.append([collect("Important papers", item, True)])
    assert store.collections.named("IMPORTANT") == store.collections.spelled(" important   PAPERS ")
    with pytest.raises(PenchantError, match="no collection"):
        store.collections.named("zebra")
    for wrong in ("", " \x1b\n", "x" * (LONGEST + 1)):
        with pytest.raises(UsageError):
            called(wrong)
    assert called('a "b"\u202e c') == "a b c"


def test_what_is_deleted_is_no_member(store: Store) -> None:
    ids = filled(store)
    store.events.append([collect("night", ids[1], True), Event("collect", ids[2], {"collection": 7, "in": True})])
    assert [each.name for each in store.collections.all()] == ["night"]
