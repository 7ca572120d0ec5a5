"""A list of any length in constant time: rows of one height, of which the selected one opens.

Geometry is arithmetic (no widget per row, no height table): row i begins at
line ``i * row_height``, plus ``expand`` below the selected row. Moving the
selection inside the screen repaints two rows; leaving the screen jumps half a
page, so that most keypresses need no full repaint.
"""

from __future__ import annotations

from typing import Any

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class RowList(ScrollView, can_focus=True):
    """Base of the lists. Subclasses draw `row_strips` and hear of moves (`selection_moved`, `scrolled`)."""

    ALLOW_MAXIMIZE = False
    row_height = 2

    class Opened(Message):
        """The selected row was clicked a second time."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.selected = 0
        self.opening = 0
        self._strips: dict[Any, list[Strip]] = {}

    # -- to be given by subclasses
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        """`row_height` strips, `expand` more when selected, each `width` cells wide."""
        raise NotImplementedError

    def empty_strip(self, y: int, width: int) -> Strip:
        """Line `y` of the screen where there is no row."""
        return Strip.blank(width, self.rich_style)

    def selection_moved(self) -> None:
        """The selection is on another row now."""

    def scrolled(self, forward: bool) -> None:
        """Other rows are on screen now."""

    # -- geometry
    def top_of(self, index: int) -> int:
        """The line on which a row begins."""
        return index * self.row_height + (self.opening if index > self.selected else 0)

    def index_at(self, line: int) -> int:
        """The row that covers a line (may lie beyond the last row)."""
        opens = self.top_of(self.selected) + self.row_height
        if line < opens:
            return line // self.row_height
        if line < opens + self.opening:
            return self.selected
        return (line - self.opening) // self.row_height

    @property
    def total_lines(self) -> int:
        count = self.row_count()
        return count * self.row_height + (self.opening if count else 0)

    def shown_rows(self) -> range:
        """Indexes of the rows on screen, also those cut at an edge."""
        count = self.row_count()
        top = self.scroll_offset.y
        height = self.scrollable_content_region.height
        if not count or height <= 0:
            return range(0)
        return range(min(self.index_at(top), count), min(self.index_at(top + height - 1) + 1, count))

    def room_changed(self) -> None:
        """The number of rows, or the height of the open one, changed."""
        # In place: assigning virtual_size alone would lay the whole screen out again.
        size = Size(self.scrollable_content_region.width, self.total_lines)
        if size != self.virtual_size:
            self.virtual_size = size

    def redraw(self) -> None:
        """Paint everything anew (theme, width or content changed)."""
        self._strips.clear()
        self.refresh()

    def refresh_lines(self, y_start: int, line_count: int = 1) -> None:
        # Without the scroll bar's column: it would be painted with every line.
        width = self.scrollable_content_region.width
        self.refresh(Region(0, y_start - self.scroll_offset.y, width, line_count))

    def redraw_row(self, index: int) -> None:
        """Paint one row anew."""
        height = self.row_height + (self.opening if index == self.selected else 0)
        self.refresh_lines(self.top_of(index), height)

    # -- moving
    def select(self, index: int, *, scroll: bool = True) -> None:
        """Put the selection on a row (clamped) and bring it on screen."""
        count = self.row_count()
        index = max(0, min(index, count - 1))
        if index == self.selected or not count:
            return
        low, high = sorted((index, self.selected))
        first = self.top_of(low)
        self.selected = index
        last = self.top_of(high) + self.row_height + (self.opening if high == index else 0)
        if not (scroll and self._bring(index)):
            self.refresh_lines(first, last - first)
        self.selection_moved()

    def _bring(self, index: int) -> bool:
        """Scroll so that a row is wholly on screen; says whether that was necessary."""
        top = self.top_of(index)
        height = self.row_height + (self.opening if index == self.selected else 0)
        page = self.scrollable_content_region.height
        at = self.scroll_offset.y
        if top >= at and top + height <= at + page:
            return False
        half = max(0, (page - height) // 2)
        target = top - half if top < at or index < self.row_count() - 1 else self.total_lines - page
        self.jump(target)
        return True

    def jump(self, line: int) -> None:
        """Scroll so that `line` is the first on screen, at once."""
        at = self.scroll_offset.y
        self.scroll_to(y=max(0, min(line, self.max_scroll_y)), animate=False, immediate=True)
        if self.scroll_offset.y == at:
            self.refresh()

    def page(self, direction: int) -> None:
        """A screenful on; the selection goes to its first new row."""
        rows = self.shown_rows()
        if not rows:
            return
        page = self.scrollable_content_region.height
        whole = [i for i in rows if self.top_of(i) >= self.scroll_offset.y]
        if direction > 0:
            fits = [i for i in whole if self.top_of(i) + self.row_height <= self.scroll_offset.y + page]
            target = (fits or whole or [rows[0]])[-1] + 1
            target = max(target, self.selected + 1)
        else:
            target = max(0, rows[0] - max(1, (page - self.opening) // self.row_height))
        target = max(0, min(target, self.row_count() - 1))
        self.select(target, scroll=False)
        self.jump(self.top_of(target))

    # -- Textual
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.scrolled(new_value > old_value)

    def on_resize(self, event: events.Resize) -> None:
        self._strips.clear()
        self.room_changed()

    def render_line(self, y: int) -> Strip:
        return self.strips(y, 1)[0]

    def strips(self, y: int, count: int) -> list[Strip]:
        """Lines `y` to `y + count` of the screen, as wide as the list without its scroll bar."""
        width = self.scrollable_content_region.width
        line, end = self.scroll_offset.y + y, self.scroll_offset.y + y + count
        rows = self.row_count()
        drawn: list[Strip] = []
        while line < end:
            index = self.index_at(line)
            if index >= rows:
                drawn.append(self.empty_strip(y + len(drawn), width))
            else:
                row = self.row_strips(index, width, index == self.selected)
                at = line - self.top_of(index)
                # A row that is shorter than it says must not stop the screen for ever.
                drawn += row[at : at + end - line] or [self.empty_strip(y + len(drawn), width)]
            line = end - count + len(drawn)
        return drawn

    def on_click(self, event: events.Click) -> None:
        index = self.index_at(self.scroll_offset.y + event.y)
        if index >= self.row_count():
            return
        if index == self.selected:
            self.post_message(self.Opened(index))
        else:
            self.select(index, scroll=False)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
