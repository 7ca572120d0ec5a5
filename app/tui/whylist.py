"""The lines of Why, to move over: the selection stands on what can be answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from . import words
from .rowlist import RowList
from .whylines import Line


class WhyList(RowList):
    """Moves over the lines that can be answered; scrolls where there is none."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "card--selected", *(f"pager--{role}" for role in ("title", "meta", "text", "head", "plus", "minus"))
    }  # fmt: skip
    row_height = 1

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._make: Callable[[int], list[Line]] = lambda width: []

    def show(self, make: Callable[[int], list[Line]]) -> None:
        """Show the lines that `make` gives for a width, the selection on the same thing where it is still there."""
        self._make = make
        before = self.current()
        self.lines = make(max(20, self.scrollable_content_region.width - 2))
        self.selected = self._place_of(before)
        self.room_changed()
        self.redraw()
        if self.size.height and before is not None:
            self._bring(self.selected)

    def _place_of(self, before: Line | None) -> int:
        """Where the line that was selected stands now, else the nearest that can be answered."""
        found = [n for n, line in enumerate(self.lines) if line.open]
        if before is not None:
            same = [n for n in found if self.lines[n].answer == before.answer and self.lines[n].dial == before.dial]
            # A part that was turned down to nothing can only be turned up again.
            dial = [n for n in found if before.dial is not None and self.lines[n].dial == before.dial]
            found = same or dial or sorted(found, key=lambda n: abs(n - self.selected))
        return found[0] if found else 0

    def current(self) -> Line | None:
        """The selected line, if there is anything to do with it."""
        line = self.lines[self.selected] if self.selected < len(self.lines) else None
        return line if line is not None and line.open else None

    def move(self, step: int) -> None:
        """To the next line that can be answered, else a line on."""
        at = self.selected + step
        while 0 <= at < len(self.lines) and not self.lines[at].open:
            at += step
        if 0 <= at < len(self.lines):
            self.select(at)
        else:
            self.jump(self.scroll_offset.y + step)

    def to_end(self, step: int) -> None:
        """To the first (-1) or last line that can be answered, with everything beyond it."""
        found = [n for n, line in enumerate(self.lines) if line.open]
        if found:
            self.select(found[-1] if step > 0 else found[0])
        self.jump(self.total_lines if step > 0 else 0)

    def row_count(self) -> int:
        return len(self.lines)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        line = self.lines[index]
        chosen = selected and line.open
        style = self.get_component_rich_style(f"pager--{line.role}")
        if chosen:
            style += self.get_component_rich_style("card--selected", partial=True)
        room = max(0, width - words.cell_len(line.tail))
        text = words.fit(("▌ " if chosen else "  ") + words.one_line(line.text), room).rstrip() + line.tail
        return [Strip([Segment(words.fit(text, width), style)], width)]

    def on_click(self, event: events.Click) -> None:
        index = self.index_at(self.scroll_offset.y + event.y)
        if index < len(self.lines) and self.lines[index].open:
            self.select(index, scroll=False)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.show(self._make)
