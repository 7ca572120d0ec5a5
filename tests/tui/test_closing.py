"""A screen that is closed while something is still under way for it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.strip import Strip

from penchant.app.tui import article as view
from penchant.app.tui import mended
from penchant.app.tui.mended import mend

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


async def test_an_article_may_be_left_before_it_was_read(
    archive: Any, run_app: Any, wait: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter and escape, typed fast."""
    gone = asyncio.Event()
    found = view.members_of

    async def slowly(*args: Any) -> Any:
        await gone.wait()
        return await found(*args)

    monkeypatch.setattr(view, "members_of", slowly)
    async with run_app(archive) as (app, pilot):
        await pilot.press("enter")
        await wait(lambda: isinstance(app.screen, view.ArticleScreen))
        screen = app.screen
        await pilot.press("escape")
        await wait(lambda: not screen.children)
        gone.set()
        await wait(lambda: not app._tasks)
        await pilot.pause()
        await pilot.press("j")
        assert app.is_running and app.screen is app.feed_screen


async def test_what_fails_after_its_screen_is_no_fault(archive: Any, run_app: Any, wait: Any) -> None:
    """Whatever a closed screen's own work stumbles over."""
    closed = asyncio.Event()

    async def look(self: Any) -> None:
        await closed.wait()
        self.query_one("#nothing")

    async with run_app(archive) as (app, pilot):
        await pilot.press("enter")
        await wait(lambda: isinstance(app.screen, view.ArticleScreen))
        screen = app.screen
        app.spawn(look(screen))
        await pilot.press("escape")
        await wait(lambda: not screen.children)
        closed.set()
        await wait(lambda: not app._tasks)
        assert app.is_running and app._exception is None


def test_a_closed_widget_does_not_stay_in_memory() -> None:
    mend()
    mend()
    lines, black = StylesCache(), Color(0, 0, 0)
    inner, outer = lines.get_inner_outer(black, Color(255, 255, 255))
    assert (inner.background, outer.background) == (Color(255, 255, 255), black)
    left = weakref.ref(lines)
    del lines
    gc.collect()
    assert left() is None


def test_few_codes_of_colours_are_kept_and_they_stay_right() -> None:
    style, other = Style(color="#010203", bgcolor="red"), Style(color="#010204", bold=True)
    wanted = [Strip([Segment("a", each)]).render(Console(color_system="truecolor")) for each in (style, other)]
    mend()
    for n in range(mended.CODES + 10):
        Strip.render_ansi(Style(color=f"#{n:06x}"), ColorSystem.TRUECOLOR)
    found = [Strip([Segment("a", each)]).render(Console(color_system="truecolor")) for each in (style, other)]
    assert found == wanted
    assert Strip.__dict__["render_ansi"].__func__.cache_info().currsize <= mended.CODES
