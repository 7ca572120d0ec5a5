"""What was taught to one machine is known to the other: any order, any number of times."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Link, Media, Page, Poll, Sighting
from penchant.app.errors import PenchantError
from penchant.app.eventlog.merging import merge
from penchant.app.eventlog.writing import lines
from penchant.app.store import Store
from penchant.app.types import Event

FEED, OTHER = "https://one.example/feed", "https://two.example/feed"


def item(native: str, **facts: object) -> Item:
    return Item(native, f"https://one.example/{native}", f"Title {native}", f"What {native} says. " * 9, **facts)  # type: ignore[arg-type]


def follow(store: Store, address: str, *items: Item) -> list[int]:
    source = store.subscriptions.add("rss", address, "One")
    return store.items.put_page(source, Page(items, {"etag": "kept"}), 1_700_000_000.0).item_ids


def log(store: Store, machine: str, after: int = 0) -> list[str]:
    return list(lines(store, machine, after))


def said(store: Store) -> list[tuple]:
    """Events in order with the names of their items: comparable across machines."""
    names = dict(store.db.rows("SELECT id, native_id FROM items"))
    return [(e.id, e.kind, names.get(e.item_id), e.at, e.undoes) for _, e in store.events.in_order()]


def marks(store: Store) -> dict[str, object]:
    ids = dict(store.db.rows("SELECT id, native_id FROM items"))
    return {ids[number]: found for number, found in store.events.marks(list(ids)).items()}


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with Store.open(tmp_path / "ada.db") as ada, Store.open(tmp_path / "bob.db") as bob:
        yield ada, bob


def test_an_item_that_was_never_fetched_comes_along(machines: tuple[Store, Store]) -> None:
    ada, bob = machines
    whole = item(
        "rich", author=Author("a:1", "Ada", "@ada", "https://one.example/ada"), published=1_600_000_000.0, lang="en",
        tags=("owls",), media=(Media("https://one.example/p.jpg", alt="an owl"),), comments=4, points=9,
        links=(Link("https://two.example/", "there"),), poll=Poll((("yes", 3), ("no", None)), 1_700_000_500.0, True),
        sightings=(Sighting("boost", 1_650_000_000.0, Author("b:2", "Bo")),), extra={"tool": "x"},
    )  # fmt: skip
    [number] = follow(ada, FEED, whole)
    ada.events.append([Event("like", number)])
    assert merge(bob, log(ada, "ada")).items == 1
    [theirs], [ours] = ada.items.rank_items([number]), bob.items.rank_items([1])
    assert theirs == ours and marks(bob) == marks(ada)
    found, original = bob.items.article(1), ada.items.article(number)
    assert found and original and (found.text, found.links, found.media, found.poll, found.sightings) == (
        original.text, original.links, original.media, original.poll, original.sightings,
    )  # fmt: skip
    assert bob.subscriptions.all() == [], "nobody follows its source here"


def test_this_machines_own_copy_stays(machines: tuple[Store, Store]) -> None:
    ada, bob = machines
    [first] = follow(ada, FEED, item("x"))
    follow(bob, FEED, Item("x", "https://one.example/x", "A newer title", "and a newer text"))
    ada.events.append([Event("save", first)])
    assert merge(bob, log(ada, "ada")).items == 0
    assert bob.items.cards([1])[0].title == "A newer title" and bob.events.marks([1])[1].saved
    assert bob.subscriptions.all()[0].cursor == {"etag": "kept"}


def test_numbers_inside_events_are_translated(machines: tuple[Store, Store]) -> None:
    ada, bob = machines
    follow(bob, OTHER, item("else"), item("where"))
    a, b, c = follow(ada, FEED, item("a"), item("b"), item("c"))
    source = str(ada.subscriptions.all()[0].id)
    ada.events.append([
        Event("picks", value={"chosen": [a], "offered": [a, b, c]}),
        Event("less", a, {"part": "words", "key": f"item:{c}"}),
        Event("mute", value={"what": "source", "key": source}),
        Event("dial", value={"what": "source", "key": f"rss:{FEED}"}),
    ])  # fmt: skip
    merge(bob, log(ada, "ada"))
    names = {native: number for number, native in bob.db.rows("SELECT id, native_id FROM items")}
    picks, less, mute, dial = (event for _, event in bob.events.in_order())
    assert picks.value == {"chosen": [names["a"]], "offered": [names["a"], names["b"], names["c"]]}
    assert less.item_id == names["a"] and less.value["key"] == f"item:{names['c']}"
    assert bob.db.row("SELECT address FROM subscriptions WHERE id = ?", (int(mute.value["key"]),)) == (FEED,)
    assert dial.value["key"] == f"rss:{FEED}"


@given(seed=st.integers(0, 100_000))
@settings(max_examples=15)
def test_any_order_any_number_of_times(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("machines")
    names = ("ada", "bob", "cy")
    stores = {name: Store.open(folder / f"{name}.db") for name in names}
    try:
        for store in stores.values():
            natives = chance.sample("abcdefgh", 5)
            follow(store, FEED, *(item(native) for native in natives))
        for _ in range(10):
            name = chance.choice(names)
            store = stores[name]
            made = [e for _, e in store.events.since(0) if e.kind != "undo"]
            if made and chance.random() < 0.3:
                store.events.append([Event("undo", undoes=chance.choice(made).id)])
            elif chance.random() < 0.6:
                kind = chance.choice(("like", "skip", "save", "later"))
                store.events.append([Event(kind, chance.randint(1, 5), at=chance.random() * 1e9)])
            else:
                other = chance.choice([each for each in names if each != name])
                told = log(store, name, chance.choice((0, len(made) // 2)))
                merge(stores[other], told + told[1:])
        for name in [*names, *names]:
            for other in names:
                if other != name:
                    merge(stores[other], log(stores[name], name))
        logs = [said(store) for store in stores.values()]
        assert logs[0] == logs[1] == logs[2]
        assert marks(stores["ada"]) == marks(stores["bob"]) == marks(stores["cy"])
    finally:
        for store in stores.values():
            store.close()


HOSTILE = [
    "", "{", "[]", "null", '{"type":"event"}', '{"type":"event","kind":"rm","id":"a","origin":"x","clock":1}',
    '{"type":"event","kind":"like","id":"a\\u001b[2J","origin":"x","clock":1,"item":["rss","a"]}',
    '{"type":"event","kind":"like","id":"a","origin":"x","clock":1e300}',
    '{"type":"event","kind":"like","id":"a","origin":"x","clock":NaN}',
    '{"type":"event","kind":"like","id":"a","origin":"x","clock":1,"item":7}',
    '{"type":"event","kind":"mute","id":"a","origin":"x","clock":1,"value":{"what":"source","key":"1"}}',
    '{"type":"item","source":["rss","https://x.example"],"item":{"native_id":"a","url":"javascript:alert(1)"}}',
    '{"type":"item","source":["rss","https://x.example"],"item":{"native_id":"a","url":"","title":"\\u009b2J"}}',
    '{"type":"item","source":["export","x"],"item":{"native_id":"a","url":"","media":[{"url":"export:1/secret"}]}}',
    '{"type":"item","source":["rss"],"item":{}}', '{"type":"item","source":["rss","a"],"item":[1]}',
    "[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE)
def test_a_line_that_is_not_sound_is_left_out(line: str, machines: tuple[Store, Store]) -> None:
    ada, bob = machines
    [number] = follow(ada, FEED, item("good"))
    ada.events.append([Event("like", number)])
    head, *rest = log(ada, "ada")
    merged = merge(bob, [head, line, *rest])
    assert sum(merged.troubles.values()) == 1 and merged.events == 1 and merged.items == 1
    assert len(bob.db.rows("SELECT 1 FROM events")) == 1 and len(bob.db.rows("SELECT 1 FROM items")) == 1


@pytest.mark.parametrize("head", ["", "nonsense", '{"type":"event"}', '{"type":"penchant-events","format":99}'])
def test_what_is_no_log_is_refused(head: str, machines: tuple[Store, Store]) -> None:
    with pytest.raises(PenchantError):
        merge(machines[0], [head])
