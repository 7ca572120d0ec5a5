"""Bars of the sources that are being fetched, above the status line while the reader waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from penchant.app.types import Subscription

from . import words

MOST = 4


class ProgressPanel(Widget):
    """A line for each of the first few; gone when nothing is being fetched."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--key", "line--quiet"}

    def __init__(self) -> None:
        super().__init__()
        self.sources: Sequence[Subscription] = ()
        self.display = False

    def show(self, sources: Sequence[Subscription]) -> None:
        """Show these; an empty list hides the panel."""
        before = min(len(self.sources), MOST)
        self.sources = sources
        if bool(sources) != self.display:
            self.display = bool(sources)
        self.refresh(layout=min(len(sources), MOST) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return min(len(self.sources), MOST)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self.sources):
            return Strip.blank(width, self.rich_style)
        source = self.sources[y]
        more = len(self.sources) - MOST
        name = words.one_line(source.title or source.address)
        if y == MOST - 1 and more > 0:
            name = f"{name} and {more} more"
        done = f"{source.done}/{source.total}" if source.total else str(source.done or "…")
        room = max(4, min(40, width // 3))
        segments = [
            Segment(f" {words.fit(name, room)} "),
            Segment(
                words.bar(source.done, source.total, room),
                self.get_component_rich_style("line--key", partial=True),
            ),
            Segment(f" {done}", self.get_component_rich_style("line--quiet", partial=True)),
        ]
        base = self.rich_style
        painted = [Segment(text, base + style if style else base) for text, style, _ in segments]
        return Strip(list(Segment.adjust_line_length(painted, width, base)), width)
