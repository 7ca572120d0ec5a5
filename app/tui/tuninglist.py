"""The rows of the Tuning screen: one line each, of which the selected one tells what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from penchant.app.rank.steps import STEPS

from . import words
from .headedlist import HeadedList
from .tuningrows import Row, dial_text, sections

#: Cells of the figures and of the dial; on a wide screen what a row does stands beside them.
FIGURES, DIAL, WIDE = 27, 16, 116
#: Widest name: beyond, the figures would stand too far from it.
NAME = 44


class TuningList(HeadedList[Row]):
    """Draws `Row`s; headings are never selected."""

    row_height = 1

    class Turned(Message):
        """The dial of the selected row was clicked at a place that stands for `value`."""

        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

    def __init__(self) -> None:
        super().__init__()
        self.dials: Mapping[tuple[str, str], float] = {}
        self.opening = 2

    def show(self, rows: Sequence[Row], dials: Mapping[tuple[str, str], float]) -> None:
        """Show these, keeping the selection on the same thing, else at the same height."""
        current = self.current()
        self.rows, self.dials = rows, dials
        if current is not None:
            same = (i for i, row in enumerate(rows) if _same(row, current))
            self.selected = next(same, min(self.selected, len(rows) - 1))
        self.selected = self._off_heading(self.selected, 1)
        self.room_changed()
        self.redraw()

    def begin_at(self, dial: tuple[str, str] | None) -> tuple[str, str] | None:
        """Select this dial; answers with it as long as it is not there."""
        found = next((i for i, row in enumerate(self.rows) if dial is not None and row.dial == dial), None)
        if found is not None:
            self.select(found)
        return dial if found is None else None

    def current(self) -> Row | None:
        """The selected row."""
        return self.rows[self.selected] if self.selected < len(self.rows) else None

    def _off_heading(self, index: int, step: int) -> int:
        """The nearest row to `index` that is no heading, in the direction of `step` if there is one."""
        index = max(0, min(index, len(self.rows) - 1))
        ahead = range(index, len(self.rows) if step > 0 else -1, step)
        back = range(index, -1 if step > 0 else len(self.rows), -step)
        return next((i for i in (*ahead, *back) if not self.rows[i].heading), 0)

    def step(self, by: int) -> None:
        """The selection so many rows on, past headings."""
        self.select(self._off_heading(self.selected + by, 1 if by > 0 else -1))
        if self.selected == 1:
            self.jump(0)  # the first heading comes along

    def section(self, by: int) -> None:
        """To the first row of the next section, or of the one before; round at the ends."""
        starts = sections(self.rows)
        if not starts:
            return
        here = max((i for i, start in enumerate(starts) if start <= self.selected), default=0)
        target = starts[(here + by) % len(starts)]
        self.select(target)
        self.jump(self.top_of(target) - 1)

    def on_click(self, event: events.Click) -> None:
        index = self.index_at(self.scroll_offset.y + event.y)
        row = self.rows[index] if index < len(self.rows) else None
        first = self.top_of(index) == self.scroll_offset.y + event.y
        step = event.x - 2 - self._name_width(self.scrollable_content_region.width, True) - 1 - FIGURES
        if row is None or row.dial is None or not first or not 0 <= step < len(STEPS):
            super().on_click(event)
            return
        event.prevent_default()
        self.select(index, scroll=False)
        self.post_message(self.Turned(STEPS[step]))

    # -- drawing
    def selectable(self, row: Row) -> bool:
        return not row.heading

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        row = self.rows[index]
        edge = ("▌ " if selected else "  ", "bar")
        lines = [self._line(row, edge, width)]
        if selected:
            told = words.wrap(words.one_line(row.about), max(2, min(width - 6, 110)), self.opening)
            if width >= WIDE and len(told) < 2 and row.dial is not None:
                told = []  # it stands beside the row
            role = "liked" if row.role == "liked" else "meta"
            told = (told + [""] * self.opening)[: self.opening]
            lines += [[edge, ("  ", ""), (text, role)] for text in told]
        return [self.strip_of(line, width, selected) for line in lines]

    def _line(self, row: Row, edge: tuple[str, str], width: int) -> list[tuple[str, str]]:
        room = max(0, width - 2)
        if not row.figures and row.dial is None and not row.heading:
            return [edge, (words.fit(row.name, room), "title" if row.opens else "text")]
        dial = "" if row.dial is None else dial_text(self.dials.get(row.dial, 1.0))
        turned = row.dial is not None and self.dials.get(row.dial, 1.0) != 1.0
        name = self._name_width(width, row.dial is not None or row.heading)
        line = [
            edge,
            (words.fit(row.name, name), "match" if row.heading else "title"),
            (" " + words.fit(row.figures, FIGURES), "meta" if row.heading else row.role),
            (words.fit(dial or ("dial" if row.heading and row.figures else ""), DIAL), "middle" if turned else "bar"),
        ]
        left = room - name - FIGURES - 1 - DIAL
        if width >= WIDE and left > 20 and not row.heading and row.dial is not None:
            line.append((" " + words.fit(words.one_line(row.about), left - 1), "meta"))
        return line

    @staticmethod
    def _name_width(width: int, dial: bool) -> int:
        """Cells of a row's name; what has no dial may have a long one."""
        room = width - 2 - FIGURES - 1 - (DIAL if dial else 0)
        return max(8, min(NAME, room) if dial else room)


def _same(row: Row, other: Row) -> bool:
    if row.dial is not None or row.events:
        return (row.dial, row.events) == (other.dial, other.events)
    return row.name == other.name and row.heading == other.heading
