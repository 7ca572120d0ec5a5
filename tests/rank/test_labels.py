"""Labels from events: one per item, undo as if never, the book equal to folding anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.rank.labels import LabelBook, labels_from_events
from penchant.app.types import Event

KINDS = ["impression", "open", "dwell", "like", "skip", "save", "later", "mute", "less", "exported"]


def said(*events: Event) -> list[tuple[int | None, int, float]]:
    return [(x.item_id, x.y, x.weight) for x in labels_from_events(events)]


def test_decisions_outweigh_hints_whatever_their_order() -> None:
    like, quick = Event("like", 1), Event("impression", 1, {"dwell": 0.2})
    assert said(like, quick) == said(quick, like) == [(1, 1, 1.0)]


def test_muting_an_author_is_a_judgement_of_the_item_muting_a_language_is_not() -> None:
    assert said(Event("mute", 1, {"what": "author", "key": "a"})) == [(1, 0, 1.0)]
    assert said(Event("mute", 1, {"what": "language", "key": "en"})) == []
    assert said(Event("like", 1), Event("mute", 1, {"what": "word", "key": "x"})) == [(1, 1, 1.0)]


def test_the_latest_decision_counts() -> None:
    assert said(Event("like", 1), Event("skip", 1)) == [(1, 0, 1.0)]
    assert said(Event("skip", 1), Event("save", 1)) == [(1, 1, 1.0)]


def test_reading_counts_by_its_time_and_passing_against() -> None:
    assert said(Event("open", 1), Event("dwell", 1, {"seconds": 45})) == [(1, 1, 0.5)]
    assert said(Event("open", 1), Event("dwell", 1, {"seconds": 3})) == [(1, 1, 0.25)]
    assert said(Event("impression", 1, {"dwell": 0.4})) == [(1, 0, 0.2)]
    assert said(Event("impression", 1, {"dwell": 9.0})) == [(1, 0, 0.1)]


def test_later_is_neutral_and_mutes_without_an_item_say_nothing() -> None:
    assert said(Event("open", 1), Event("later", 1)) == []
    assert said(Event("mute", None, {"what": "word", "key": "x"})) == []
    assert said(Event("later", 1), Event("like", 1)) == [(1, 1, 1.0)]


events_strategy = st.lists(
    st.tuples(st.sampled_from([*KINDS, "undo"]), st.integers(1, 5), st.floats(0, 60)), max_size=40
)


def make(steps: list[tuple[str, int, float]]) -> list[Event]:
    out: list[Event] = []
    for i, (kind, number, seconds) in enumerate(steps):
        if kind == "undo":
            target = out[number % len(out)].id if out else "nothing"
            out.append(Event("undo", undoes=target, id=f"e{i}"))
        else:
            value = {"dwell": seconds, "seconds": seconds, "part": "words", "key": f"w{number}"}
            value |= {"exported": True} if kind == "exported" else {}
            out.append(Event("like" if kind == "exported" else kind, number, value, id=f"e{i}"))  # type: ignore[arg-type]
    return out


def test_being_found_collected_or_named_teaches_nothing() -> None:
    silent = (
        Event("find", 1, {"query": "owls", "ranks": {"words": 1}}),
        Event("collect", 1, {"collection": "owls", "in": True}),
        Event("saved-search", None, {"name": "owls", "query": "owl"}),
    )
    assert said(*silent) == []
    assert said(Event("like", 1), *silent) == said(Event("like", 1)) == [(1, 1, 1.0)]
    assert said(*silent, Event("skip", 1)) == [(1, 0, 1.0)]


@given(events_strategy)
def test_undo_equals_never_having_been(steps: list[tuple[str, int, float]]) -> None:
    events = make(steps)
    undone = {e.undoes for e in events if e.kind == "undo"}
    kept = [e for e in events if e.kind != "undo" and e.id not in undone]
    assert labels_from_events(events) == labels_from_events(kept)
    book, fresh = LabelBook(), LabelBook()
    for event in events:
        book.add(event)
    for event in kept:
        fresh.add(event)
    assert book.exported == fresh.exported
    assert all(book.touched(i) == fresh.touched(i) for i in range(1, 6))


@given(events_strategy)
def test_the_place_returned_is_where_the_list_first_differs(steps: list[tuple[str, int, float]]) -> None:
    book = LabelBook()
    for event in make(steps):
        before = list(book.labels)
        first = book.add(event)
        if first is None:
            assert book.labels == before
        else:
            assert book.labels[:first] == before[:first]
        items = [x.item_id for x in book.labels if not x.part]
        assert len(items) == len(set(items))


def test_less_like_this_is_a_lesson_for_one_expert_beside_the_item_s_own_label() -> None:
    like, less = Event("like", 1), Event("less", 1, {"part": "words", "key": "sqlite"})
    found = labels_from_events([like, less])
    assert [(x.item_id, x.y, x.part, x.key) for x in found] == [(1, 1, "", ""), (1, 0, "words", "sqlite")]


def test_less_like_that_post_names_the_post() -> None:
    (found,) = labels_from_events([Event("less", 1, {"part": "static", "key": "item:7"})])
    assert (found.item_id, found.part, found.key) == (7, "static", "")


def test_exported_likes_are_no_labels_but_a_later_decision_is() -> None:
    old = Event("like", 1, {"exported": True})
    assert said(old) == []
    assert said(old, Event("skip", 1)) == [(1, 0, 1.0)]
