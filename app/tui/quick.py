"""Painting only the lines that changed: half the cost of a keypress.

For any change Textual's compositor renders every widget of the screen and
cuts each line at every widget's edge (2.4 of a key's 4.7 ms). While all that
changed lies in the list and the fixed lines, which never overlap, their own
lines can go out as they are. Whatever else is on screen (a notification, a
dialog, the search panel) takes Textual's way.

This leans on private parts of Textual, whose minor version is pinned; beside it
only `pictures/painter` does so for painting.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from textual._compositor import CompositorUpdate
from textual._context import visible_screen_stack
from textual.geometry import Region
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from .bars import Line
from .feedlist import FeedList

PLAIN = (FeedList, Line, ScrollBar)


class Lines(CompositorUpdate):
    """Strips with the place (column, row) at which each begins."""

    def __init__(self, lines: list[tuple[int, int, Strip]]) -> None:
        self.lines = lines

    def render_segments(self, console: Console) -> str:
        return "".join(f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for x, y, strip in self.lines)

    def __rich_console__(self, console: Console, options: Any) -> Any:
        for _, _, strip in self.lines:
            yield from strip


def update(screen: Screen[Any]) -> Lines | None:
    """What has to be painted and is now taken as painted; None when Textual must do it."""
    compositor = screen._compositor
    dirty = compositor._dirty_regions
    whole = compositor.size.region
    if not dirty or whole in dirty or screen.app._background_screens or screen.app.is_inline:
        return None
    parts: list[tuple[Widget, Region, Region]] = []
    for widget, (region, clip) in compositor.visible_widgets.items():
        if widget is screen:
            continue
        seen = region.intersection(clip)
        if isinstance(widget, FeedList):
            # Its scroll bar is a widget of its own.
            seen = seen.crop_size((widget.scrollable_content_region.width, seen.height))
        touched = {part for each in dirty if (part := seen.intersection(each))}
        if touched and not isinstance(widget, PLAIN):
            return None
        parts += [(widget, region, part) for part in touched if not _inside(part, touched)]
    visible_screen_stack.set([])
    lines = [line for part in parts for line in _drawn(*part)]
    dirty.clear()
    return Lines(lines)


def _inside(part: Region, others: set[Region]) -> bool:
    return any(part != other and other.contains_region(part) for other in others)


def _drawn(widget: Widget, region: Region, part: Region) -> list[tuple[int, int, Strip]]:
    if isinstance(widget, FeedList):
        strips = widget.strips(part.y - region.y, part.height)
        for found in widget.get_line_filters():
            strips = [strip.apply_filter(found, widget.background_colors[1]) for strip in strips]
        part = Region(region.x, part.y, region.width, part.height)
    else:
        strips = widget.render_lines(part.translate((-region.x, -region.y)))
    return [(part.x, part.y + row, strip) for row, strip in enumerate(strips)]
