"""`H`, `N`, `E` and `Y` on the screen."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from penchant.adapters.base import Author
from penchant.app.store import Store
from penchant.app.store.citations import Citations
from penchant.app.tui.cardview import marks_of
from penchant.app.types import Event, View

from .conftest import make_items


@pytest.fixture
def lived(archive: Any) -> Any:
    """Things seen, read and liked, now and a year ago; one of them has a hostile title."""
    evil = make_items(1, 800, title="[bold]Evil[/] \x1b[31m\u202e title of an owl", published=time.time() - 9)[0]
    archive.fill([evil], "Elsewhere", "https://example.net/feed")
    with Store.open(archive.paths.archive, role="cli") as store:
        ids = store.items.ids(View.NEWEST)
        now, before = time.time(), _year_ago()
        made = [
            Event("impression", item, {"dwell": 2.0}, "for-you", n, at=now - 900 + n) for n, item in enumerate(ids[:30])
        ]
        made += [Event("open", ids[0], at=now - 500), Event("dwell", ids[0], {"seconds": 125.0}, at=now - 400)]
        made += [Event("like", ids[1], at=now - 300), Event("skip", ids[2], at=now - 200)]
        made += [Event("open", ids[5], at=before), Event("like", ids[5], at=before + 9)]
        store.events.append(made)
    return archive


def _year_ago() -> float:
    today = datetime.now()
    day = today.replace(year=today.year - 1, day=28 if (today.month, today.day) == (2, 29) else today.day, hour=12)
    return day.timestamp()


async def opened(app: Any, pilot: Any, wait: Any, key: str, name: str) -> Any:
    await pilot.press(key)
    await wait(lambda: type(app.screen).__name__ == name)
    return app.screen


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (160, 50)])
async def test_history_by_day_with_this_day_first(lived: Any, run_app: Any, wait: Any, lines: Any, size: Any) -> None:
    async with run_app(lived, size) as (app, pilot):
        screen = await opened(app, pilot, wait, "H", "HistoryScreen")
        await wait(lambda: screen.complete)
        seen = set(lines(app))
        for _ in screen.query_one("HistoryList").rows:
            await pilot.press("j")
            seen |= set(lines(app))
        text = "\n".join(seen)
        for part in ("1 year ago: ", "Today, ", "liked", "2 min", "skipped", "Evil"):
            assert part in text, part
        assert "\x1b" not in text and "\u202e" not in text and all(len(line) <= size[0] for line in seen)


async def test_history_narrowed_searched_and_asked(lived: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(lived) as (app, pilot):
        screen = await opened(app, pilot, wait, "H", "HistoryScreen")
        await wait(lambda: screen.complete)

        def ids() -> list[int]:
            return [visit.item_id for day in screen.days for visit in day.visits] if screen.complete else []

        newest = lived.read(lambda store: store.items.ids(View.NEWEST))
        await pilot.press("tab")
        await wait(lambda: ids() == [newest[0], newest[5]])
        await pilot.press("tab")
        await wait(lambda: ids() == [newest[1], newest[5]])
        await pilot.press("tab", "tab", "slash")
        await pilot.press(*("space" if key == " " else key for key in "when did I read about w0x"), "enter")
        await wait(lambda: ids() == [newest[0]])
        assert any("what you read" in line for line in lines(app))
        await pilot.press("escape")
        await wait(lambda: len(ids()) > 20)
        await pilot.press("slash", *"zeppelins", "enter")
        await wait(lambda: any("Nothing in your history fits" in line for line in lines(app)))


async def test_history_keys_open_like_and_go_back(lived: Any, run_app: Any, wait: Any) -> None:
    async with run_app(lived) as (app, pilot):
        screen = await opened(app, pilot, wait, "H", "HistoryScreen")
        await wait(lambda: screen.complete)
        await pilot.press("j", "l")
        item = screen.at_hand()[0].item_id
        event = await wait(lambda: lived.read(lambda store: store.events.last_live(item, "like")))
        assert event.view == "history"
        await opened(app, pilot, wait, "enter", "ArticleScreen")
        first = app.screen.card.item_id
        await pilot.press("n")
        await wait(lambda: app.screen.card.item_id != first)
        await pilot.press("q")
        await wait(lambda: app.screen is screen)
        await pilot.press("q")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")


async def test_a_decision_shows_at_once_on_the_row_and_goes_with_undo(
    lived: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(lived) as (app, pilot):
        screen = await opened(app, pilot, wait, "H", "HistoryScreen")
        await wait(lambda: screen.complete)

        def selected() -> str:
            return next((line for line in lines(app) if line.startswith("\u258c")), "")

        for _ in screen.query_one("HistoryList").rows:
            if (card := screen.at_hand()) is not None and not marks_of(card[0].marks):
                break
            await pilot.press("j")
        assert selected().startswith("\u258c ")
        await pilot.press("l")
        await wait(lambda: selected().startswith("\u258c\u2665"))
        await pilot.press("u")
        await wait(lambda: selected().startswith("\u258c "))


async def test_history_reads_on_as_one_moves(lived: Any, run_app: Any, wait: Any, monkeypatch: Any) -> None:
    from penchant.app.store import memory

    monkeypatch.setattr(memory, "BLOCK", 40)
    with Store.open(lived.paths.archive, role="cli") as store:
        ids = store.items.ids(View.NEWEST)
        store.events.append([Event("open", ids[n % 60], at=time.time() - 86_400 * (2 + n / 7)) for n in range(400)])
    async with run_app(lived) as (app, pilot):
        screen = await opened(app, pilot, wait, "H", "HistoryScreen")
        await wait(lambda: screen.days)
        before = sum(len(day.visits) for day in screen.days)
        assert not screen.complete
        for _ in range(4):
            await pilot.press("G")
            await pilot.pause(0.05)
        await wait(lambda: sum(len(day.visits) for day in screen.days) > before)
        dates = [day.on for day in screen.days if not day.name]
        assert dates == sorted(set(dates), reverse=True), "whole days, each once"


@pytest.mark.parametrize(("key", "name"), [("H", "HistoryScreen"), ("N", "NumbersScreen"), ("E", "ExposureScreen")])
async def test_an_archive_of_nothing(
    archive_of_nothing: Any, run_app: Any, wait: Any, lines: Any, key: str, name: str
) -> None:
    from penchant.app.tui.onboarding import OnboardingScreen

    async with run_app(archive_of_nothing) as (app, pilot):
        if isinstance(app.screen, OnboardingScreen):
            await pilot.press("escape")
            await wait(lambda: type(app.screen).__name__ == "FeedScreen")
        await opened(app, pilot, wait, key, name)
        await wait(lambda: any("begins with what" in line or "from the first day on" in line for line in lines(app)))
        await pilot.press("j", "k", "G", "enter") if key == "H" else await pilot.press("j", "right", "left")
        await pilot.press("q")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (160, 50)])
async def test_numbers(lived: Any, run_app: Any, wait: Any, lines: Any, size: Any) -> None:
    async with run_app(lived, size) as (app, pilot):
        screen = await opened(app, pilot, wait, "N", "NumbersScreen")
        await wait(lambda: screen.numbers is not None)
        assert any("Statistics of 12 weeks" in line for line in lines(app))
        seen = set(lines(app))
        for _ in range(12):
            await pilot.press("space")
            seen |= set(lines(app))
        assert any("reading by hour" in line for line in seen) and any("Example" in line for line in seen)
        assert all(len(line) <= size[0] for line in seen)
        liked = screen.numbers.whole.liked
        await pilot.press("right", "right", "right")
        await wait(lambda: screen.numbers.whole.liked == liked + 1 and len(screen.numbers.weeks) > 50)


async def test_exposure_leads_to_the_dial(lived: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(lived) as (app, pilot):
        screen = await opened(app, pilot, wait, "E", "ExposureScreen")
        await wait(lambda: screen.report is not None)
        assert any("30 were on screen" in line for line in lines(app))
        rows = screen.query_one("ExposureList")
        assert rows.current().by == "source" and rows.current().dial[0] in ("source", "order")
        while rows.current().name != "Example":
            await pilot.press("j")
        wanted = rows.current().dial
        await opened(app, pilot, wait, "T", "TuningScreen")
        await wait(lambda: app.screen.query_one("TuningList").current() is not None
                   and app.screen.query_one("TuningList").current().dial == wanted)  # fmt: skip
        await pilot.press("minus", "q")
        await wait(lambda: app.screen is screen)


PAPER = "An exact title of many words about owls"


async def test_papers_show_versions_code_and_citations(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    now = time.time()
    paper = replace(
        make_items(1, 700, title=PAPER, published=now - 2)[0], native_id="arxiv:2301.00001",
        url="https://arxiv.org/abs/2301.00001", author=Author("arxiv:ada", "Ada Lovelace"),
        extra={"authors": ["Ada Lovelace"], "version": 3, "primary": "cs.LG", "code": ["https://github.com/ada/engine"]},
    )  # fmt: skip
    post = make_items(1, 701, title="What I read", text=f"On {PAPER.upper()}, and more.", published=now - 1)[0]
    archive.fill([paper, post], "Papers", "https://example.net/papers")
    with Store.open(archive.paths.archive, role="cli") as store:
        while Citations(store.db).catch_up():
            pass
        mine, other = (store.search.search(f'title:"{t}"').hits[0].item_id for t in ("What I read", PAPER))
    async with run_app(archive, (100, 40)) as (app, pilot):
        await pilot.press("2")
        await wait(lambda: app.screen.view == View.NEWEST and mine in app.screen.feed.visit.ids[:9])
        app.screen.feed.select(app.screen.feed.visit.ids.index(mine))
        await wait(lambda: app.screen.feed.current() is not None)
        await opened(app, pilot, wait, "enter", "ArticleScreen")
        await wait(lambda: any("Cites 1 in your archive" in line for line in lines(app)))
        await pilot.press("1")
        await wait(lambda: any(PAPER in line and "enter opens" in line for line in lines(app)))
        await pilot.press("enter")
        await wait(lambda: app.screen.card.item_id == other)
        for part in (
            "arXiv:2301.00001 · version 3 · cs.LG",
            "Code: https://github.com/ada/engine",
            "Cited by 1 in your archive",
        ):
            await wait(lambda part=part: any(part in line for line in lines(app)), part)
        await pilot.press("Y")
        await wait(lambda: "@misc{lovelace" in app.clipboard)
        assert "archivePrefix = {arXiv}" in app.clipboard
        await pilot.press("q")
        await wait(lambda: app.screen.card.item_id == mine)
