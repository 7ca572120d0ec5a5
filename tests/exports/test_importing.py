"""Importing into an archive: twice equals once, interrupted equals whole, undone equals never."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app import importing
from penchant.app.errors import NoSuchSource, PenchantError
from penchant.app.rank.labels import LabelBook
from penchant.app.store import Store
from penchant.app.types import Event, View

ID = 1_100_000_000_000_000_000
_numbers = itertools.count()


def everything(made: Any, count: int = 30) -> Any:
    tweets = [made.tweet(ID + n, f"number {n} says a few words of its own") for n in range(count)]
    tweets.append(made.tweet(ID + 900, "RT @bob: passed on", in_reply_to_status_id_str=None))
    tweets.append(made.tweet(ID + 901, "an answer", in_reply_to_status_id_str=str(ID)))
    likes = [made.like(5 + n, f"liked text number {n}") for n in range(count)]
    likes.append(made.like(ID, "number 0 as the owner liked it"))  # a tweet of their own
    return made.twitter(tweets, likes)


def contents(store: Store) -> tuple[list[Any], list[Any]]:
    """What an archive says: items, and the events that count."""
    items = store.db.rows("SELECT uid, title, text, author, published, in_reply_to FROM items ORDER BY uid")
    events = store.db.rows(
        "SELECT e.id, e.kind, e.value, e.at, i.uid FROM live_events e JOIN items i ON i.id = e.item_id ORDER BY e.id"
    )
    return items, events


def fresh(made: Any) -> Store:
    return Store.open(made.folder / f"archive{next(_numbers)}.db", role="cli")


def test_what_an_import_leaves(made: Any, store: Store) -> None:
    report = importing.run(store, made.zip(everything(made)))
    assert (report.kind, report.found, report.new, report.known) == ("twitter", 63, 63, 0)
    assert report.acts == {"authored": 30, "reposted": 1, "replied": 1, "liked": 31} and not report.troubles
    (source,) = store.subscriptions.all()
    assert (source.kind, source.address, source.items) == ("export", "twitter:ada", 62)
    # nothing of it is new to the reader, and what they wrote is no item they liked
    assert store.items.ids(View.FOR_YOU) == [] and store.items.count(View.LIKED) == 32
    own = store.items.by_native("export", f"twitter:{ID + 1}")
    assert own is not None and store.events.marks([own])[own].opened and not store.events.marks([own])[own].liked


def test_likes_without_a_time_stand_last(made: Any, store: Store) -> None:
    later = store.subscriptions.add("rss", "https://example.org/f")
    store.items.put_page(later, Page((Item("x", "https://example.org/x", "new", published=1e9),), {}), 1.6e9)
    importing.run(store, made.file("list.csv", "title,url,time_added,tags,status\nA,https://example.org/a,,,unread\n"))
    cards = store.items.cards(store.items.ids(View.NEWEST))
    assert [card.title for card in cards] == ["new", "A"]
    assert store.events.of_item(cards[1].item_id)[0].value["undated"] is True


def test_exports_are_a_first_guess_and_no_labels(made: Any, store: Store) -> None:
    importing.run(store, made.zip(everything(made)))
    book = LabelBook()
    for _, event in store.events.since(0, 10_000):
        book.add(event)
    assert book.labels == [] and len(book.exported) == 62


def test_nobody_polls_an_export(made: Any, store: Store) -> None:
    importing.run(store, made.zip(everything(made)))
    store.subscriptions.queue()
    store.subscriptions.queue([s.id for s in store.subscriptions.all()])
    assert store.subscriptions.due(4e9) == [] and store.subscriptions.next_due() is None


def test_twice_equals_once(made: Any, store: Store) -> None:
    path = made.zip(everything(made))
    importing.run(store, path)
    before = contents(store)
    again = importing.run(store, path)
    assert (again.found, again.new, again.known) == (63, 0, 63) and contents(store) == before
    # a later export of the same account, which holds more, adds what is new
    files = everything(made, 31)
    third = importing.run(store, made.zip(files, "later.zip"))
    assert third.new == 2 and third.source_id == again.source_id


@given(after=st.integers(0, 14), lot=st.integers(1, 20), half=st.booleans())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_interrupted_anywhere_and_begun_again_equals_once(made: Any, after: int, lot: int, half: bool) -> None:
    path = made.zip(everything(made, 6))
    with fresh(made) as whole, fresh(made) as cut, pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "LOT", lot)
        importing.run(whole, path)
        _interrupt(cut, path, after, half)
        importing.run(cut, path)
        assert contents(cut) == contents(whole)
        assert importing.run(cut, path).new == 0


def _likes(uri: str) -> str:
    return json.dumps({"type": "OrderedCollection", "orderedItems": [uri]})


class Killed(BaseException):
    """Stands for a process that ends."""


def _interrupt(store: Store, path: Path, after: int, half: bool) -> None:
    """Import until so many records were stored; `half`: with the items of the next ones, but not their events."""
    stored, append = 0, store.events.append

    def counting(events: Any) -> None:
        nonlocal stored
        events = list(events)
        if stored + len(events) > after:
            if not half:
                append(events[: after - stored])
            raise Killed
        append(events)
        stored += len(events)

    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(store.events, "append", counting)
        with pytest.raises(Killed):
            importing.run(store, path)


def test_an_interrupted_import_goes_on_where_it_was(made: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LOT", 10)
    path = made.zip(everything(made))
    _interrupt(store, path, 35, False)
    report = importing.run(store, path)
    assert report.resumed == 30 and report.found == 33


def test_undo_leaves_nothing_and_can_be_taken_up_again(made: Any, store: Store) -> None:
    path = made.zip(everything(made))
    importing.run(store, path)
    before = contents(store)
    source, count = importing.undo(store, "twitter:ada")
    assert count == 63 and source.address == "twitter:ada"
    assert contents(store) == ([], []) and store.subscriptions.all() == []
    book = LabelBook()
    for _, event in store.events.since(0, 10_000):
        book.add(event)
    assert not book.exported
    report = importing.run(store, path)
    items, events = contents(store)
    assert report.new == 63 and items == before[0] and len(events) == len(before[1])


def test_undo_keeps_what_others_brought_and_what_the_reader_did(made: Any, store: Store) -> None:
    feed = store.subscriptions.add("rss", "https://example.org/f")
    put = store.items.put_page(feed, Page((Item("x", "https://example.org/a", "A", published=1e9),), {}), 1.6e9)
    heads = "title,url,time_added,tags,status\n"
    importing.run(
        store,
        made.file(
            "list.csv",
            heads
            + "A,https://example.org/a,5000000000,,unread\nB,https://example.org/b,,,unread\nC,https://example.org/c,,,unread",
        ),
    )
    assert store.events.marks(put.item_ids)[put.item_ids[0]].saved
    (b,) = [c.item_id for c in store.items.cards(store.items.ids(View.SAVED)) if c.title == "B"]
    store.events.append([Event("like", b)])
    importing.undo(store, "pocket")
    cards = store.items.cards(store.items.ids(View.NEWEST))
    assert {card.title: card.marks.liked for card in cards} == {"A": False, "B": True}
    assert store.items.ids(View.SAVED) == []


def test_an_undo_that_was_interrupted_is_finished_by_the_next_import(
    made: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made.zip(everything(made))
    importing.run(store, path)
    monkeypatch.setattr(importing, "UNDO_LOT", 10)
    append = store.events.append

    def once(events: Any) -> None:
        append(events)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store.events, "append", once)
        importing.undo(store, "twitter:ada")
    assert importing.run(store, path).new == 63
    assert len(contents(store)[1]) == 63


def test_the_last_decision_is_never_an_imported_one(made: Any, store: Store) -> None:
    importing.run(store, made.zip(everything(made)))
    assert store.events.last_undoable() is None


def test_a_post_that_a_source_brought_is_the_same_item(made: Any, store: Store) -> None:
    home = store.subscriptions.add("mastodon", "https://example.social/home")
    uri = "https://other.example/users/bob/statuses/1"
    put = store.items.put_page(
        home, Page((Item(uri, "https://other.example/@bob/1", text="An owl", published=1e9),), {}), 1.6e9
    )
    importing.run(store, made.file("likes.json", _likes(uri)))
    assert store.items.ids(View.LIKED) == put.item_ids and store.items.count(View.NEWEST) == 1


def test_an_import_is_not_passed_on_to_a_server(made: Any, store: Store) -> None:
    from penchant.app import favourites

    home = store.subscriptions.add("mastodon", "home", settings={"account": "ada@example.social"})
    uri = "https://other.example/users/bob/statuses/1"
    put = store.items.put_page(
        home, Page((Item(uri, "https://other.example/@bob/1", text="An owl", published=1e9),), {}), 1.6e9
    )
    store.control.remember(favourites.REMEMBERED, 0)
    importing.run(store, made.file("likes.json", _likes(uri)))
    assert favourites._todo(store)[0] == []
    store.events.append([Event("like", put.item_ids[0])])
    assert len(favourites._todo(store)[0]) == 1


def test_damage_is_told_with_what_was_kept(made: Any, store: Store) -> None:
    whole = made.zip(everything(made)).read_bytes()
    report = importing.run(store, made.file("cut.zip", whole[: len(whole) * 3 // 5]))
    assert any("cut short" in trouble for trouble in report.troubles)
    with pytest.raises(PenchantError, match="cannot be read"):
        importing.run(store, made.folder / "none.zip")
    with pytest.raises(NoSuchSource):
        importing.undo(store, "nothing")


def test_an_export_of_nothing_is_no_source(made: Any, store: Store) -> None:
    report = importing.run(store, made.zip(made.twitter([])))
    assert (report.found, report.source_id) == (0, 0) and store.subscriptions.all() == []


def test_feeds_are_followed(made: Any, store: Store) -> None:
    path = made.file("urls", 'https://example.org/feed "tech" "~My blog"\n')
    assert importing.run(store, path).new_feeds == ["My blog"] and importing.run(store, path).new_feeds == []
    (source,) = store.subscriptions.all()
    assert (source.kind, source.title, source.folder) == ("rss", "My blog", ("tech",))
