"""The screen of what is not being shown."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.app.tui.exposure import ExposureScreen
from penchant.app.tui.exposurelist import ExposureList

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


async def test_it_opens_on_its_first_row_and_closes(archive: Any, run_app: Any, wait: Any) -> None:
    """Not on the heading above it: that has no lines to open."""
    async with run_app(archive) as (app, pilot):
        await pilot.press("E")
        await wait(lambda: isinstance(app.screen, ExposureScreen) and app.screen.report is not None)
        rows = app.screen.query_one(ExposureList)
        await pilot.pause()
        assert rows.rows and rows.current() is not None
        await pilot.press("q")
        await wait(lambda: app.screen is app.feed_screen)


async def test_a_row_shorter_than_it_says_stops_nothing(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("E")
        await wait(lambda: isinstance(app.screen, ExposureScreen) and app.screen.report is not None)
        rows = app.screen.query_one(ExposureList)
        rows.selected = 0  # a heading
        assert len(rows.strips(0, 12)) == 12
