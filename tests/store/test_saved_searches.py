"""Saved searches are what events say; news are told once, whatever is killed in between."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Page
from penchant.app.errors import PenchantError, UsageError
from penchant.app.paths import Paths
from penchant.app.store import Store, search_news
from penchant.app.store.collections import key
from penchant.app.store.saved_searches import SavedSearch, announces, asked, called, keep
from penchant.app.types import Event

NAMES = ("Owls", "owls", "Nuit É")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from(("owl", "rye")), st.booleans(), st.booleans(), st.booleans()
    ),
    max_size=12,
)


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as made:
        yield made


def put(store: Store, *titles: str, **fields: object) -> list[int]:
    source = store.subscriptions.add("rss", "https://feed.example/")
    start = int(store.db.value("SELECT count(*) FROM items"))
    items = tuple(
        Item(native_id=str(n), url=f"https://feed.example/{n}", title=title, **fields)  # type: ignore[arg-type]
        for n, title in enumerate(titles, start)
    )
    ids = list(store.items.put_page(source, Page(items, {}), time.time()).item_ids)
    store.changes.done(1 << 60)  # as if derived
    return ids


def told(store: Store) -> dict[str, list[int]]:
    while search_news.step(store):
        pass
    return store.saved.news()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_last_live_word_counts(store: Store, steps: list[tuple[str, str, bool, bool, bool]]) -> None:
    store.events.append([Event("undo", undoes=event.id) for event in store.events.of_kind("saved-search")])
    wanted: dict[str, tuple[str, str, bool]] = {}
    for name, query, notify, gone, undone in steps:
        event = keep(name, query, notify=notify, gone=gone)
        store.events.append([event])
        if undone:
            store.events.append([Event("undo", undoes=event.id)])
        elif gone:
            wanted.pop(key(name), None)
        else:
            wanted[key(name)] = (name, query, notify)
    found = {key(each.name): (each.name, each.query, each.notify) for each in store.saved.all()}
    assert found == wanted
    assert all((each.since is not None) is each.notify for each in store.saved.all())


def test_the_fold_reads_the_few_kept_events_alone(store: Store) -> None:
    from penchant.app.store.saved_searches import _LIVE

    plan = " ".join(str(row) for row in store.db.rows(f"EXPLAIN QUERY PLAN {_LIVE}"))
    assert "events_kept" in plan, plan


def test_names_and_queries(store: Store) -> None:
    store.events.append([keep("Rust compilers", "rust compiler"), keep("rye", 'author:"Ada"')])
    assert store.saved.named("RUST").query == "rust compiler"
    assert [each.name for each in store.saved.begun("ru")] == ["Rust compilers"] and not store.saved.begun("r")
    with pytest.raises(PenchantError, match="more than one"):
        store.saved.named("r")
    with pytest.raises(PenchantError, match="no saved search"):
        store.saved.named("zebra")
    assert asked("  rust\n compiler ") == "rust compiler" and called(" a\tb ") == "a b"
    for nothing in ("", "  ", "sort:newest", '""'):
        with pytest.raises(UsageError):
            asked(nothing)
    with pytest.raises(UsageError):
        called("x" * 61)
    assert announces("near:owls") and not announces("like:12")


def test_words_of_other_machines_do_no_harm(store: Store) -> None:
    values: list[dict[str, object]] = [
        {"name": 7, "query": "x"}, {"name": "a", "query": None}, {"query": "x"}, {}, {"name": "", "query": "x"},
    ]  # fmt: skip
    store.events.append([Event("saved-search", None, value) for value in values])
    assert store.saved.all() == []


def test_news_are_told_once_and_only_what_came_since(store: Store) -> None:
    put(store, "An owl of before")
    store.events.append([keep("owls", "owl", notify=True), keep("quiet", "owl")])
    assert told(store) == {}, "what was there before is no news"
    new = put(store, "A new owl", "Rye bread", "Owls again: owl")
    assert told(store) == {"owls": [new[2], new[0]]}
    assert {each.name: each.news for each in store.saved.all()} == {"owls": 2, "quiet": 0}
    store.saved.looked("OWLS")
    assert told(store) == {} and search_news.step(store) == 0


def test_all_words_are_required_and_muted_and_seen_items_are_no_news(store: Store) -> None:
    store.events.append([keep("both", "rust compiler", notify=True), keep("near", "near:owls", notify=True)])
    (both,) = put(store, "The rust compiler")
    put(store, "rust on bridges")
    (muted,) = put(store, "The rust compiler of a bore", author=Author("author:bore", "Bore"))
    store.events.append([Event("mute", muted, {"what": "author", "key": "author:bore"})])
    assert told(store) == {"both": [both]}
    store.events.append([Event("open", both)])
    assert store.saved.news() == {}, "read in another list"


def test_filters_and_meaning(store: Store) -> None:
    axes = {"owls": 0, "bread": 1}

    def embed(text: str) -> np.ndarray:
        vector = np.zeros(4, np.float32)
        for word, axis in axes.items():
            vector[axis] = float(word in text.lower())
        return vector

    queries = {"birds": "near:owls", "german": "lang:de", "like": "like:1"}
    store.events.append([keep(name, query, notify=True) for name, query in queries.items()])
    ids = put(store, "Owls", "Bread", "Brot", lang="de")
    hashes = dict(store.db.rows("SELECT id, content_hash FROM items"))
    rows = [(hashes[item], embed(text).tobytes()) for item, text in zip(ids, ("owls", "bread", ""), strict=True)]
    store.vectors.put("static:test", rows)
    assert search_news.step(store, embed) == 3
    assert store.saved.news() == {"birds": [ids[0]], "german": ids[::-1]}


def test_what_is_not_derived_waits_and_many_are_kept_within_bounds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_news, "KEPT", 3)
    monkeypatch.setattr(search_news, "CHUNK", 4)
    store.events.append([keep("owls", "owl", notify=True)])
    ids = put(store, *(f"owl {n}" for n in range(10)))
    store.db.run("INSERT INTO changes(item_id, action) VALUES (?, 'new')", (ids[8],))
    assert told(store) == {"owls": ids[7:4:-1]}
    store.changes.done(1 << 60)
    assert told(store) == {"owls": ids[9:6:-1]}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_a_killed_step_neither_doubles_nor_loses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any point of a step, again and again: in the end all is told, and what was looked at stays so."""
    monkeypatch.setattr(search_news, "CHUNK", 2)
    store.events.append([keep("owls", "owl", notify=True)])
    ids = put(store, *(f"owl {n}" for n in range(16)))
    path, gone = store.path, set[int]()
    for wait in (0.0, 0.001, 0.004, 0.002, 0.008, 0.003):
        ready, tell = os.pipe()
        child = os.fork()
        if child == 0:
            with Store.open(path, role="worker") as own:
                os.write(tell, b"x")
                while search_news.step(own):
                    pass
            os.kill(os.getpid(), signal.SIGKILL)
        os.read(ready, 1)
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(tell)
        seen = set(store.saved.news().get("owls", ()))
        assert not seen & gone, "told again after it was looked at"
        through = int(store.control.setting(search_news.THROUGH, 0))
        assert seen | gone == {item for item in ids if item <= through}
        gone |= seen
        store.saved.looked("owls")
    assert set(told(store).get("owls", ())) | gone == set(ids)


def test_a_query_keeps_its_news_when_only_the_wish_is_repeated(store: Store) -> None:
    store.events.append([keep("owls", "owl", notify=True)])
    since = store.saved.all()[0].since
    store.events.append([keep("Owls", "owl", notify=True)])
    assert store.saved.all() == [SavedSearch("Owls", "owl", True, store.saved.all()[0].at, since)]
    store.events.append([keep("owls", "rye", notify=True)])
    assert (store.saved.all()[0].since or 0) > (since or 0)
