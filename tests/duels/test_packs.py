"""Packs: read whatever their shape, kept as items that stand in no list, gone when they are removed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.duels import packs
from penchant.app.duels.packs import Joke, parse, put, read
from penchant.app.errors import PenchantError
from penchant.app.eventlog.merging import merge
from penchant.app.eventlog.writing import lines
from penchant.app.store import Store
from penchant.app.store.forget import forget
from penchant.app.store.forget_choice import Wish
from penchant.app.types import Event, View


@pytest.mark.parametrize(
    ("content", "suffix", "texts"),
    [
        ("one\ntwo\n", ".txt", ["one", "two"]),
        ("one\nstill one\n%\ntwo\n%\n", "", ["one\nstill one", "two"]),
        ("one\nstill one\n\ntwo\n", ".txt", ["one\nstill one", "two"]),
        ("# a remark\none\none\n#two\n", ".txt", ["one", "#two"]),
        ('{"text": "one", "about": "a cat"}\nnonsense\n{"text": 3}\n', ".jsonl", ["one"]),
        ("text,about\none,a cat\n,\n", ".csv", ["one"]),
        ("\x1b[31mred\u202e\n", ".txt", ["red"]),
    ],
)
def test_files_of_any_shape(content: str, suffix: str, texts: list[str]) -> None:
    assert [joke.text for joke in parse(content, suffix)] == texts


def test_what_stands_before_a_bar_is_the_picture() -> None:
    assert parse("a cat at a desk | Next, please.\n") == [Joke("Next, please.", "a cat at a desk")]


@given(st.text(), st.sampled_from([".txt", ".jsonl", ".csv", ""]))
def test_any_content_is_read_without_control_bytes(content: str, suffix: str) -> None:
    for joke in parse(content, suffix):
        assert joke.text and not any(ord(c) < 32 and c not in "\n\t" for c in joke.text + joke.about)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    for name in ("empty.txt", "absent.txt"):
        with pytest.raises(PenchantError) as caught:
            read(tmp_path / name)
        assert caught.value.hint
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(packs.MAX_BYTES + 1)
    with pytest.raises(PenchantError, match="larger"):
        read(large)


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    with Store.open(tmp_path / "archive.db", role="worker") as made:
        yield made


def test_a_pack_stands_in_no_list_and_again_adds_nothing(store: Store) -> None:
    packs.ensure(store)
    count = store.db.value("SELECT count(*) FROM items")
    assert count > 100
    packs.ensure(store)
    assert put(store, "classics", [Joke("new"), Joke("Once, adj. Enough.")])[0] == 1
    assert store.db.value("SELECT count(*) FROM items") == count + 1
    for view in (View.FOR_YOU, View.NEWEST, View.FOLLOWING):
        assert store.items.ids(view, limit=10) == []


def test_the_same_words_in_a_feed_are_an_item_of_their_own(store: Store) -> None:
    joke = "A committee is a group of people who keep minutes and waste hours. " * 2
    put(store, "mine", [Joke(joke)])
    source = store.subscriptions.add("rss", "https://feed.example/")
    page = Page((Item("1", "https://feed.example/1", text=joke, published=time.time()),), {})
    store.items.put_page(source, page, time.time())
    assert len(store.items.ids(View.NEWEST, limit=10)) == 1


def compared(store: Store) -> tuple[int, int]:
    put(store, "mine", [Joke("one is funny"), Joke("two is not"), Joke("three was never compared")])
    first, second = (row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id LIMIT 2"))
    store.events.append([Event("duel", first, {"chosen": first, "other": second})])
    return first, second


def test_a_removed_pack_leaves_what_was_compared(store: Store) -> None:
    first, second = compared(store)
    store.subscriptions.remove(store.subscriptions.all()[0].id)
    assert {row[0] for row in store.db.rows("SELECT id FROM items")} == {first, second}


def test_another_machine_learns_of_both_texts(store: Store, tmp_path: Path) -> None:
    compared(store)
    with Store.open(tmp_path / "other.db", role="worker") as other:
        source = other.subscriptions.add("rss", "https://feed.example/")
        other.items.put_page(source, Page((Item("1", "https://feed.example/1", "first here"),), {}), time.time())
        merge(other, list(lines(store, "ada")))
        (event,) = other.events.of_kind("duel")
        said = other.items.texts([event.item_id or 0, event.value["other"]])
        assert [said[event.item_id or 0][1], said[event.value["other"]][1]] == ["one is funny", "two is not"]
        assert event.value["chosen"] == event.item_id
        assert len(other.items.ids(View.NEWEST, limit=10)) == 1, "hidden there too"


def test_forgetting_either_text_forgets_the_duel(store: Store) -> None:
    _, second = compared(store)
    forget(store.db, Wish(items=(second,)))
    assert store.db.value("SELECT count(*) FROM events") == 0
