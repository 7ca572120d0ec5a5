"""Lines painted past the compositor are what the compositor would have painted."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.strip import Strip
from textual.widgets import Static

from penchant.app.tui import quick

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def cells(strip: Strip) -> list[tuple[str, str]]:
    """Every cell's character with its colours and weight."""
    return [
        (char, f"{style.color} {style.bgcolor} {style.bold} {style.underline}" if style else "")
        for text, style, _ in strip
        for char in text
    ]


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[quick.Lines]:
    found: list[quick.Lines] = []
    display = App._display

    def keep(self: App[Any], screen: Any, renderable: Any) -> None:
        if isinstance(renderable, quick.Lines):
            found.append(renderable)
            whole = screen._compositor.render_strips()
            for x, y, strip in renderable.lines:
                assert cells(strip) == cells(whole[y].crop(x, x + strip.cell_length)), (x, y)
        display(self, screen, renderable)

    monkeypatch.setattr(App, "_display", keep)
    return found


async def test_the_same_cells(archive: Any, run_app: Any, painted: list[quick.Lines]) -> None:
    async with run_app(archive) as (app, pilot):
        for key in "jjjkljxjsjuj   bGgjtjj4j5j1jjDjj":
            await pilot.press("space" if key == " " else key)
            await pilot.pause()
        assert len(painted) > 10
        feed = app.feed_screen.feed
        app.feed_screen.do_top()
        await pilot.pause()
        counts = []
        for _ in range(5):  # what was learned meanwhile, or a clock, may be painted beside one of them
            painted.clear()
            await pilot.press("j")
            await pilot.pause()
            counts.append(sum(len(update.lines) for update in painted))
        # Two cards of two lines, and what opened; nothing of the rest of the screen.
        assert min(counts) <= 2 * feed.row_height + feed.opening + 1


async def test_what_lies_above_the_list_is_not_painted_over(
    archive: Any, run_app: Any, painted: list[quick.Lines]
) -> None:
    async with run_app(archive) as (app, pilot):
        above = Static("something to read")
        # As Textual shows notifications.
        above.styles.layer, above.styles.dock = "_toastrack", "top"
        above.styles.height, above.styles.margin = 3, (4, 0, 0, 10)
        await app.screen.mount(above)
        await pilot.pause()
        assert above.region.y == 4
        painted.clear()
        app.feed_screen.feed.redraw()
        await pilot.pause()
        # the line at the bottom may still hear of the ranking
        rows = range(above.region.y, above.region.bottom)
        assert not [y for lines in painted for _, y, _ in lines.lines if y in rows]
        await above.remove()
        await pilot.pause()
        app.feed_screen.feed.redraw()
        await pilot.pause()
        assert painted
