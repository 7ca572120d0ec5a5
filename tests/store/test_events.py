"""Events are facts: written once, never changed; every mark follows from the live ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.errors import StoreError
from penchant.app.store import Store
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event, Marks

ITEMS = 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db") as opened:
        source = opened.subscriptions.add("rss", "https://example.org/feed")
        page = Page(tuple(Item(f"n{i}", f"https://example.org/{i}", f"Title {i}") for i in range(ITEMS)), {})
        assert opened.items.put_page(source, page, 1_000.0).item_ids == [1, 2, 3, 4, 5]
        yield opened


def state(store: Store) -> list[tuple]:
    return store.db.rows("SELECT * FROM item_state ORDER BY item_id")


def test_an_event_comes_back_whole(store: Store) -> None:
    event = Event(
        "mute",
        3,
        {"what": "word", "key": "naïve \U0001f4a1"},
        "for-you",
        7,
        0.25,
        4,
        "s1",
        None,
        "id-1",
        12.5,
    )
    store.events.append([event])
    assert store.events.since(0) == [(1, event)]
    assert store.events.get("id-1") == event
    assert store.events.mutes() == [event]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET kind = 'like'",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events(seq, id, kind, at) VALUES (1, 'other', 'like', 0)",
        "INSERT OR REPLACE INTO events(id, kind, at) VALUES ('one', 'like', 0)",
        "REPLACE INTO events(id, kind, at) SELECT id, 'like', 0 FROM events",
        "UPDATE OR REPLACE events SET id = 'two'",
    ],
)
def test_no_statement_changes_an_event(store: Store, sql: str) -> None:
    store.events.append([Event("skip", 1, id="one", at=5.0)])
    before = store.db.rows("SELECT * FROM events")
    with store.db.write():
        try:
            store.db.rows(sql)
        except apsw.ConstraintError as error:
            assert "append-only" in str(error)
    assert store.db.rows("SELECT * FROM events") == before


def test_an_id_counts_once(store: Store) -> None:
    like = Event("like", 1)
    store.events.append([like, like])
    store.events.append([like])
    assert store.events.count() == 1


def test_a_failing_batch_leaves_nothing(store: Store) -> None:
    with pytest.raises(apsw.Error):
        store.events.append([Event("like", 1), Event("like", 2, at=None)])  # type: ignore[arg-type]
    assert store.events.count() == 0 and state(store) == []


def test_marks(store: Store) -> None:
    kinds = ("like", "skip", "save", "later", "open")
    store.events.append(Event(kind, item_id) for item_id, kind in enumerate(kinds, 1))
    marks = store.events.marks(range(1, 7))
    assert marks[1] == Marks(seen=True, liked=True)
    assert marks[2] == Marks(seen=True, skipped=True)
    assert marks[3] == Marks(seen=True, saved=True)
    assert marks[4] == Marks(seen=True, later=True)
    assert marks[5] == Marks(seen=True, opened=True)
    assert 6 not in marks


def test_the_last_of_like_and_skip_counts(store: Store) -> None:
    like, skip = Event("like", 1), Event("skip", 1)
    store.events.append([Event("later", 1), like, skip])
    assert store.events.marks([1])[1] == Marks(seen=True, skipped=True)
    store.events.append([Event("undo", undoes=skip.id)])
    assert store.events.marks([1])[1] == Marks(seen=True, liked=True, later=True)
    assert store.events.last_live(1, "like") == like
    assert store.events.last_live(1, "skip") is None


def test_any_earlier_event_can_be_undone(store: Store) -> None:
    first, second, third = Event("like", 1), Event("save", 2), Event("like", 3)
    store.events.append([first, second, third])
    store.events.append([Event("undo", undoes=first.id)])
    assert store.events.marks([1, 2, 3]).keys() == {2, 3}
    assert [e for _, e in store.events.live()] == [second, third]
    assert [e for _, e in store.events.live(3)] == [first, second, third], "as it was then"
    assert store.events.last_undoable() == third
    store.events.append([Event("undo", undoes=third.id)])
    assert store.events.last_undoable() == second


def test_undo_is_final_and_may_come_first(store: Store) -> None:
    like = Event("like", 1)
    undo = Event("undo", undoes=like.id)
    store.events.append([undo])
    store.events.append([like])
    assert store.events.marks([1]) == {}
    store.events.append([Event("undo", undoes=undo.id)])
    assert store.events.marks([1]) == {}


def test_the_last_decision_of_a_session(store: Store) -> None:
    mine, other = Event("like", 1, session="a"), Event("like", 2, session="b")
    store.events.append([mine, other, Event("impression", 3, session="a"), Event("open", 3, session="a")])
    assert store.events.last_undoable("a") == mine
    assert store.events.last_undoable("c") is None


def test_an_event_outlives_its_item(store: Store) -> None:
    store.events.append([Event("impression", 1), Event("like", 99)])
    source = store.subscriptions.all()[0].id
    store.items.put_page(source, Page((), {}, deleted=("n0",)), 2_000.0)
    assert store.events.count() == 2 and state(store) == []
    assert store.events.rebuild_state() == 0


KINDS = ("impression", "open", "dwell", "like", "skip", "save", "later", "mute")
actions = st.lists(
    st.tuples(st.sampled_from((*KINDS, "undo")), st.integers(1, ITEMS + 1), st.integers(0, 100)), max_size=40
)


def expected(events: list[Event]) -> dict[int, Marks]:
    """The marks, from their definition: an independent model in plain Python."""
    undone = {e.undoes for e in events if e.kind == "undo"}
    marks: dict[int, Marks] = {}
    for item_id in range(1, ITEMS + 1):
        mine = [
            e.kind for e in events if e.item_id == item_id and e.id not in undone and e.kind in KINDS[:-1]
        ]
        if not mine:
            continue
        last = next((kind for kind in reversed(mine) if kind in ("like", "skip")), None)
        after_skip = mine[len(mine) - mine[::-1].index("skip") :] if "skip" in mine else mine
        marks[item_id] = Marks(
            True, "open" in mine, last == "like", last == "skip", "save" in mine, "later" in after_skip
        )
    return marks


@given(actions, st.randoms())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_state_is_what_the_live_events_say(store: Store, history, chance: random.Random) -> None:
    """Whatever is done and undone, in batches of any size: kept state = rebuilt state = the definition."""
    past = [event for _, event in store.events.since(0, 10**6)]
    events: list[Event] = []
    for kind, item_id, pick in history:
        if kind != "undo":
            events.append(Event(kind, item_id))
        elif events:
            events.append(Event("undo", undoes=events[pick % len(events)].id))
    rest = list(events)
    while rest:
        size = chance.randint(1, 5)
        store.events.append(rest[:size])
        rest = rest[size:]
    kept = state(store)
    assert store.events.marks(range(1, ITEMS + 2)) == expected(past + events)
    store.events.rebuild_state()
    assert state(store) == kept


def test_writer_resolves_when_durable_and_keeps_order(store: Store) -> None:
    writer = EventWriter(store.path)
    events = [Event("impression", 1 + n % ITEMS) for n in range(300)]
    futures = [writer.submit(event) for event in events]
    futures[-1].result(10)
    assert [e.id for _, e in store.events.since(0)] == [e.id for e in events]
    assert all(future.done() for future in futures)
    assert writer.close()


def test_writer_flush_and_close(store: Store) -> None:
    writer = EventWriter(store.path)
    future = writer.submit(Event("like", 1))
    assert writer.flush(10) and future.done()
    late = writer.submit(Event("like", 2))
    assert writer.close() and late.result(0) is None
    assert store.events.count() == 2
    with pytest.raises(StoreError):
        writer.submit(Event("like", 3))


def test_writer_tells_of_a_failure_and_goes_on(store: Store) -> None:
    writer = EventWriter(store.path)
    bad = writer.submit(Event("like", 1, value={"a": object()}))
    with pytest.raises(TypeError):
        bad.result(10)
    writer.submit(Event("like", 2)).result(10)
    assert store.events.count() == 1
    writer.close()


def test_writer_on_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    path.write_bytes(b"not a database at all" * 100)
    writer = EventWriter(path)
    with pytest.raises(StoreError, match="not a SQLite database"):
        writer.submit(Event("like", 1)).result(10)
    assert writer.close()
