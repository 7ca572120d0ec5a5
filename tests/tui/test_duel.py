"""`J`: pairs are shown and answered, every answer is an event, taken back by u; other texts, any size."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.app.types import Event, View


def duels(archive: Any) -> list[Event]:
    return archive.read(lambda store: store.events.of_kind("duel"))


async def opened(app: Any, pilot: Any, wait: Any) -> Any:
    await pilot.press("J")
    await wait(lambda: type(app.screen).__name__ == "DuelScreen" and app.screen.pair is not None)
    return app.screen


@pytest.mark.parametrize(("size", "first", "second"), [((80, 24), "k", "j"), ((150, 40), "left", "right")])
async def test_answers_are_events_and_the_next_pair_comes(
    archive: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int], first: str, second: str
) -> None:
    async with run_app(archive, size) as (app, pilot):
        before = list(app.feed_screen.feed.visit.ids)
        screen = await opened(app, pilot, wait)
        pair = screen.pair
        words = pair.texts[0].split()[0]
        await wait(lambda: any(words in line for line in lines(app)))
        corners = [screen.query_one(f"#corner{side}").region for side in (0, 1)]
        side_by_side = corners[0].y == corners[1].y
        assert side_by_side is (size[0] >= 100) and min(c.height for c in corners) >= 5
        await pilot.press(first)
        await wait(lambda: screen.pair not in (None, pair))
        (event,) = duels(archive)
        assert (event.item_id, event.value["chosen"], event.value["other"]) == (pair.first, pair.first, pair.second)
        assert event.shown_score == pytest.approx(pair.chance) and event.view == "duel:jokes"
        again = screen.pair
        assert {again.first, again.second} != {pair.first, pair.second}
        await pilot.press(second)
        await wait(lambda: len(duels(archive)) == 2)
        assert duels(archive)[-1].item_id == again.second
        await wait(lambda: any("2 duels, foretold" in line for line in lines(app)))
        await pilot.press("q")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")
        assert set(app.feed_screen.feed.visit.ids) == set(before), "jokes stand in no list"
        assert not {pair.first, pair.second} & set(archive.read(lambda store: store.items.ids(View.NEWEST, limit=500)))


async def test_undo_takes_the_last_duel_back_and_neither_says_nothing(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        screen = await opened(app, pilot, wait)
        first = screen.pair
        await pilot.press("space")
        await wait(lambda: screen.pair not in (None, first))
        assert duels(archive) == []
        await pilot.press("1")
        await wait(lambda: len(duels(archive)) == 1 and screen.pair is not None and not screen._busy)
        await pilot.press("u")
        await wait(lambda: duels(archive) == [] and screen.past == [])
        await wait(lambda: not screen._busy)
        await pilot.press("u")
        await wait(lambda: "No duel of this visit" in screen.query_one("#said").left[0])


async def test_captions_of_one_picture_and_posts_are_compared_too(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(archive, (120, 30)) as (app, pilot):
        screen = await opened(app, pilot, wait)
        await pilot.press("t")
        await wait(lambda: screen.pool == "captions" and screen.pair is not None and screen.pair.about)
        await wait(lambda: any(screen.pair.about[:30] in line for line in lines(app)))
        await pilot.press("t")
        await wait(lambda: screen.pool == "posts" and screen.pair is not None and not screen._busy)
        assert all("Number" in text for text in screen.pair.texts)
        await pilot.press("2")
        await wait(lambda: duels(archive) and duels(archive)[0].view == "duel:posts")


async def test_nothing_to_compare_is_said(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        if type(app.screen).__name__ != "FeedScreen":
            await pilot.press("escape")
            await wait(lambda: type(app.screen).__name__ == "FeedScreen")
        screen = await opened(app, pilot, wait)
        await pilot.press("t")
        await wait(lambda: screen.pool == "captions" and screen.pair is not None and not screen._busy)
        await pilot.press("t")
        await wait(lambda: "too few short unseen posts" in screen.query_one("#said").left[0])
        await pilot.press("1")
        assert duels(archive_of_nothing) == []
