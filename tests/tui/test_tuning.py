"""The Tuning screen: every dial by keys, on disk before it is shown, and the way back from each."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from penchant.app import muting
from penchant.app.rank.experts import DenseExpert
from penchant.app.store import Store
from penchant.app.types import Event, View


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


async def open_tuning(app: Any, pilot: Any, wait: Any) -> Any:
    await wait(lambda: app.last_order)
    await pilot.press("T")
    await wait(named(app, "TuningScreen"))
    screen = app.screen
    await wait(lambda: screen.report is not None)
    return screen


async def go_to(screen: Any, pilot: Any, name: str) -> Any:
    """Move down until the row of that name is selected."""
    rows = screen.query_one("TuningList")
    await pilot.press("g")
    for _ in rows.rows:
        if rows.current().name == name:
            return rows
        await pilot.press("j")
    raise AssertionError(f"no row {name!r}: {[row.name for row in rows.rows]}")


def dials(archive: Any) -> dict[tuple[str, str], float]:
    return archive.read(lambda store: store.events.dials())


@pytest.fixture
def taught(archive: Any) -> Any:
    """Somebody who likes owls."""
    with Store.open(archive.paths.archive, role="cli") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU))[20:]
        store.events.append(
            Event("like" if "owls" in card.title else "skip", card.item_id) for card in cards[:24]
        )
    return archive


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_all_of_it_is_there(taught: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]) -> None:
    mute = Event("mute", value=muting.value_of("word", "trams", until=time.time() + 86_400 * 3))
    tune = Event("tune", value={"values": {"head.trust": 0.7}, "gain": 0.012, "labels": 40, "note": "found by replay"})
    topics = Event("topics", value={"topics": ["owls"]})
    taught.read(lambda store: store.events.append([mute, tune, topics]))
    async with run_app(taught, size) as (app, pilot):
        screen = await open_tuning(app, pilot, wait)
        await wait(lambda: any("right" in line and "%" in line for line in lines(app)[:2]))
        seen = set()
        for _ in screen.query_one("TuningList").rows:
            seen |= set(lines(app))
            await pilot.press("j")
        text = "\n".join(seen)
        for part in (
            *("AUC", "like rate", "words", "popularity", "exploration", "Example", "word trams", "3d left"),
            *("head.trust 0.7", "found by replay", "topics: owls", "first voice", "The gate is off"),
        ):
            assert part in text, part
        assert screen.query_one("TuningList").selected > 0


async def test_a_dial_is_on_disk_before_it_is_shown_and_u_undoes(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive) as (app, pilot):
        screen = await open_tuning(app, pilot, wait)
        rows = await go_to(screen, pilot, "words")
        await pilot.press("plus", "plus", "plus")
        await wait(lambda: rows.dials.get(("expert", "words")) == 3.0)
        assert dials(archive) == {("expert", "words"): 3.0}
        assert any("x3" in line for line in lines(app))
        await pilot.press("u")
        await wait(lambda: rows.dials.get(("expert", "words")) == 2.0)
        await pilot.press("0")
        await wait(lambda: any(" off" in line for line in lines(app)))
        assert dials(archive) == {("expert", "words"): 0.0}
        await pilot.press("equals_sign")
        await wait(lambda: dials(archive) == {("expert", "words"): 1.0})
        await pilot.press("escape", "u")
        await wait(lambda: dials(archive) == {("expert", "words"): 0.0})
        await wait(lambda: "Dial undone" in app.feed_screen.status.left[0])


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_dial_is_turned_by_a_click(
    archive: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]
) -> None:
    async with run_app(archive, size) as (app, pilot):
        await open_tuning(app, pilot, wait)
        y, line = next((y, text) for y, text in enumerate(lines(app)) if "popularity" in text)
        await pilot.click(offset=(line.index("────●") + 6, y))
        await wait(lambda: dials(archive) == {("expert", "popular"): 2.0})
        await wait(lambda: any("popularity" in text and "x2" in text and "▌" in text for text in lines(app)))
        await pilot.click(offset=(4, y + 1))
        await wait(lambda: not any("popularity" in text and "▌" in text for text in lines(app)))
        assert len(dials(archive)) == 1


async def test_a_source_turned_off_goes_below_everything(archive: Any, run_app: Any, wait: Any, make: Any) -> None:
    archive.fill([replace(item, published=time.time()) for item in make(30, 100)], "Other", "https://other.example/feed")
    async with run_app(archive) as (app, pilot):
        screen = await open_tuning(app, pilot, wait)
        visit = app.feed_screen.feed.visit
        cards = archive.read(lambda store: store.items.cards(store.items.ids(View.NEWEST)))
        below = {card.item_id for card in cards if card.source == "Other"} - set(visit.fixed)

        def next_ones() -> list[int]:
            return visit.ids[visit.shown : visit.shown + 15]

        assert len(below) > 10 and len(below & set(next_ones())) > 1
        await go_to(screen, pilot, "Other")
        await pilot.press("0")
        await wait(lambda: not below & set(next_ones()))
        assert below <= set(visit.ids)
        assert dials(archive) == {("source", "rss:https://other.example/feed"): 0.0}


async def test_what_was_tuned_muted_or_guessed_is_taken_back(taught: Any, run_app: Any, wait: Any) -> None:
    events = [
        Event("tune", value={"values": {"head.trust": 0.7}, "gain": 0.012}),
        Event("tune", value={"values": {"label.opened": 0.4}}),
        Event("mute", value=muting.value_of("word", "trams")),
        Event("picks", value={"chosen": [1], "offered": [1, 2, 3]}),
    ]
    taught.read(lambda store: store.events.append(events))
    async with run_app(taught) as (app, pilot):
        screen = await open_tuning(app, pilot, wait)
        for name in ("head.trust 0.7, gain +0.012", "word trams", "chose 1 of 3"):
            await go_to(screen, pilot, name)
            await pilot.press("d")
            await wait(lambda name=name: all(row.name != name for row in screen.query_one("TuningList").rows))
    assert [e.value for e in taught.read(lambda s: s.events.of_kind("tune", "mute", "picks"))] == [events[1].value]


async def test_the_worker_is_asked_to_tune(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await open_tuning(app, pilot, wait)
        await pilot.press("t")
        await wait(lambda: "Asked" in app.screen.query_one("#said").left[0])
    assert [letter.kind for letter in archive.read(lambda store: store.control.take())] == ["tune"]


async def test_an_expert_that_fails_is_named_and_the_order_stays(
    taught: Any, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_app(taught) as (app, pilot):
        await wait(lambda: app.last_order)
        before = list(app.last_order)

        def broken(self: Any, rows: Any) -> Any:
            raise ArithmeticError("no such luck")

        monkeypatch.setattr(DenseExpert, "opinion", broken)
        screen = await open_tuning(app, pilot, wait)
        await go_to(screen, pilot, "words")
        await pilot.press("plus")
        await wait(lambda: any("✗ failed" in line for line in lines(app)))
        assert set(app.last_order) == set(before)
        failed = [row for row in screen.query_one("TuningList").rows if row.role == "liked"]
        assert failed and "no such luck" in failed[0].about


async def test_the_gate_is_chosen(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        screen = await open_tuning(app, pilot, wait)
        await go_to(screen, pilot, "The gate is off ⏎")
        await pilot.press("enter")
        await wait(named(app, "GateBox"))
        await pilot.press("down", "enter")
        await wait(lambda: any("The gate is preview" in line for line in lines(app)))


async def test_without_a_ranking_the_dials_are_there(
    archive: Any, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_app(archive) as (app, pilot):
        async def fail() -> None:
            raise RuntimeError("no numbers today")

        monkeypatch.setattr(app.lessons, "report", fail)
        await pilot.press("T")
        await wait(lambda: any("no numbers today" in line for line in lines(app)))
        assert any("exploration" in line for line in lines(app))
