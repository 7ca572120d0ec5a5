"""The screen of what the ranking and the writing do to a reader: `W`, a step wider and back."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.app.tui.effects import EffectsScreen
from penchant.app.tui.exposure import ExposureScreen
from penchant.app.tui.pager import Pager

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def dials(archive: Any) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = archive.read(lambda store: store.events.dials())
    return found


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_one_key_widens_and_another_takes_it_back(
    archive: Any, run_app: Any, wait: Any, size: tuple[int, int]
) -> None:
    async with run_app(archive, size=size) as (app, pilot):
        await pilot.press("W")
        await wait(lambda: isinstance(app.screen, EffectsScreen) and app.screen.report is not None)
        screen = app.screen
        assert "60 items came" in str(screen.query_one("#headline").render())
        step = screen.report.step
        await pilot.press("w")
        await wait(lambda: screen.report.dials[step.key] == step.after)
        assert dials(archive) == {("order", step.key): step.after}
        screen.action_widen()
        screen.action_widen()  # typed before the step in front of it is on disk
        screen.action_undo()
        await wait(lambda: archive.kinds().count("dial") == 2 and len(dials(archive)) == 2)
        for left in (1, 0):
            await wait(lambda: not screen._turns.waiting)
            await pilot.press("u")
            await wait(lambda left=left: len(dials(archive)) == left)
        await wait(lambda: screen.report.step == step)
        await pilot.press("u")
        await wait(lambda: "Nothing was turned" in screen.query_one("#said").left[0])
        await pilot.press("q")
        await wait(lambda: app.screen is app.feed_screen)


async def test_it_leads_to_what_is_not_shown_and_back(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("W")
        await wait(lambda: isinstance(app.screen, EffectsScreen) and app.screen.report is not None)
        screen = app.screen
        await pilot.press("right")
        await wait(lambda: screen.report.weeks > 8)
        assert screen.query_one(Pager).page > 0
        await pilot.press("E")
        await wait(lambda: isinstance(app.screen, ExposureScreen) and app.screen.report is not None)
        await pilot.press("q")
        await wait(lambda: app.screen is screen)
