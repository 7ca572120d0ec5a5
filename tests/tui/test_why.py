"""Why: every part and thing can be answered; an answer is an event before the screen says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.rank.types import Part, Thing, Why
from penchant.app.tui.deeds import UNDONE
from penchant.app.tui.whylines import OWN, Said, bar, in_order, why_lines
from penchant.app.types import UNDOABLE, Card, Event, Marks

CARD = Card(1, "rss", "A title " * 30, "", "", "S", 1, "", "", None, 0.0, None, None, 0, None, Marks())
WORDS = Part(
    "words",
    0.4,
    ("for: 'owl' +0.50", "against: 'rye' -0.10"),
    "words",
    (Thing("'owl'", "owl", 0.5), Thing("'rye'", "rye", -0.1)),
)
NEAR = Part(
    "meaning",
    -0.2,
    ('like 2 posts you liked: "One", "Two"',),
    "static",
    (Thing('"One"', "item:7", 0.6), Thing('"Two"', "item:8", 0.5)),
)
SOURCE = Thing("source The feed", "source:rss:x", 0.1)
ORIGIN = Part("author and source", 0.1, ("source The feed +0.10",), "origin", (SOURCE,))
FORM = Part("length and form", 0.0, ("12 characters",), "shape")
BASE = Part("your own like rate", -0.05, ("even odds",), "base")
WHY = Why(1, 0.25, 0.56, (WORDS, NEAR, ORIGIN, FORM, BASE), 3)


NOTHING = Said()


def texts(said: Said = NOTHING) -> list[str]:
    return [line.text + line.tail for line in why_lines(CARD, WHY, said, 72)]


def test_each_part_and_thing_is_one_line_to_answer() -> None:
    lines = why_lines(CARD, WHY, Said(), 72)
    assert [line.answer for line in lines if line.answer] == [
        ("words", ""), ("words", "owl"), ("words", "rye"),
        ("static", ""), ("static", "item:7"), ("static", "item:8"),
        ("origin", ""), ("origin", "source:rss:x"),
        ("shape", ""),
    ]  # fmt: skip
    assert [line.dial for line in lines if line.dial] == [
        ("expert", "words"), ("expert", "static"), ("expert", "origin"), ("source", "rss:x"), ("expert", "shape"),
    ]  # fmt: skip
    shown = "\n".join(texts())
    assert "like 2 posts you liked:" in shown and "12 characters" in shown and "even odds" in shown
    assert shown.count("'owl'") == 1 and shown.count("The feed") == 1 and "+0.25  together" in shown


def test_what_was_answered_shows() -> None:
    said = Said({("words", "owl")}, {("expert", "static"): 0.5, ("source", "rss:x"): 2.0, ("expert", "people"): 0.0})
    shown = texts(said)
    assert [line for line in shown if "✗ less" in line] == ["    +0.50  'owl'  ✗ less"]
    assert any("meaning  dial 0.5" in line for line in shown)
    assert any("source The feed  dial 2" in line for line in shown)
    (silent,) = (line for line in why_lines(CARD, WHY, said, 72) if line.name == "people")
    assert silent.dial == ("expert", "people") and "dial 0" in silent.tail


def test_parts_stand_by_size_and_stay_where_they_were() -> None:
    assert [part.key for part in in_order(WHY)] == ["words", "static", "origin", "base", "shape"]
    assert [part.key for part in in_order(WHY, ["shape", "gone", "static"])][:3] == ["shape", "static", "words"]


def test_the_part_of_a_dialled_source_turns_that_source() -> None:
    why = Why(1, 0.7, 0.66, (Part("your dials", 0.7, ("F is set to 2",), "dials"),), 0)
    lines = why_lines(CARD, why, Said((), {("source", "rss:x"): 2.0}, "rss:x"), 72)
    assert [(line.dial, line.answer) for line in lines if line.open] == [(("source", "rss:x"), None)]


@given(st.integers(20, 200), st.lists(st.sampled_from((WORDS, NEAR, ORIGIN, FORM, BASE)), max_size=5))
def test_any_width(width: int, parts: list[Part]) -> None:
    lines = why_lines(CARD, Why(1, 0.0, 0.5, tuple(parts)), Said(), width)
    assert sum(line.open for line in lines) == sum(
        (part.key not in OWN) + len(part.things) for part in parts
    )
    assert any("together" in line.text for line in lines)


def test_whatever_can_be_undone_has_words_for_it() -> None:
    assert set(UNDOABLE) <= set(UNDONE)


@given(st.floats(-1, 1))
def test_bars_have_one_width(share: float) -> None:
    assert len(bar(share)) == 17


# -- on the screen
def value(event: Event) -> dict[str, Any]:
    return dict(event.value)


def events(archive: Any, kind: str) -> list[Event]:
    return archive.read(lambda store: store.events.of_kind(kind))


async def open_why(app: Any, pilot: Any, wait: Any) -> Any:
    await pilot.press("w")
    await wait(lambda: type(app.screen).__name__ == "WhyScreen")
    rows = app.screen.query_one("WhyList")
    await wait(lambda: any("together" in line.text for line in rows.lines))
    return rows


async def to(pilot: Any, rows: Any, wanted: Any) -> Any:
    """Move down to a line."""
    await pilot.press("g")
    for _ in range(60):
        line = rows.current()
        if line is not None and wanted(line):
            return line
        await pilot.press("j")
    raise AssertionError([line.text for line in rows.lines])


@pytest.fixture
def judged(archive: Any) -> Any:
    """Some likes and skips, so that the parts name things."""
    ids = archive.read(lambda store: store.items.ids("newest", limit=60))
    some = [Event("like" if n % 4 == 1 else "skip", ids[n]) for n in range(20, 60)]
    archive.read(lambda store: store.events.append(some))
    return archive


async def test_less_like_a_word_and_back(judged: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        item = app.screen.card.item_id
        line = await to(pilot, rows, lambda line: line.answer and line.answer[0] == "words" and line.answer[1])
        await pilot.press("x")
        await wait(lambda: events(judged, "less"))
        (less,) = events(judged, "less")
        assert less.item_id == item and value(less) == {"part": "words", "key": line.answer[1]}
        assert less.view == "for-you" and less.position == 0
        await wait(lambda: any("✗ less" in text for text in lines(app)))
        before = float(line.text.split()[0])
        await wait(lambda: rows.current() and float(rows.current().text.split()[0]) < before, "the word counts less")
        await pilot.press("u")
        await wait(lambda: events(judged, "less") == [])
        await wait(lambda: rows.current() and float(rows.current().text.split()[0]) == before, "as it was")
        assert any("Less like this undone" in text for text in lines(app))


async def test_less_twice_takes_it_back_and_a_restart_remembers(
    judged: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await pilot.press("x")
        await wait(lambda: len(events(judged, "less")) == 1)
        answer = rows.current().answer
        assert answer[1] == "", "the first line is a part"
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await wait(lambda: any("✗ less" in line.tail for line in rows.lines))
        await to(pilot, rows, lambda line: line.answer == answer)
        await pilot.press("x")
        await wait(lambda: events(judged, "less") == [])
        await wait(lambda: any("Taken back" in text for text in lines(app)))


async def test_dials_turn_and_stop(judged: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await to(pilot, rows, lambda line: line.dial == ("expert", "words"))
        await pilot.press("minus", "minus", "minus", "minus", "minus")
        await wait(lambda: [value(e)["value"] for e in events(judged, "dial")] == [0.75, 0.5, 0.25, 0.0])
        assert value(events(judged, "dial")[0]) == {"what": "expert", "key": "words", "value": 0.75}
        await wait(lambda: any("dial 0" in text for text in lines(app)))
        await to(pilot, rows, lambda line: line.dial == ("expert", "words"))
        await pilot.press("plus", "u", "u")
        await wait(lambda: judged.read(lambda store: store.events.dials()) == {("expert", "words"): 0.25})
        await wait(lambda: any("words  dial 0.25" in text for text in lines(app)))


async def test_where_nothing_is_learned_the_screen_says_so(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await open_why(app, pilot, wait)
        await pilot.press("x", "plus")
        await wait(lambda: any("There is no dial here" in text for text in lines(app)))
        assert events(archive, "less") == events(archive, "dial") == []
        await pilot.press("w")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (40, 10), (20, 6)])
async def test_any_size(judged: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]) -> None:
    async with run_app(judged, size=size) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await pilot.press("j", "j", "G", "space", "k", "b", "g", "x")
        await wait(lambda: len(events(judged, "less")) == 1)
        assert all(len(line) <= size[0] for line in lines(app)) and rows.current() is not None
