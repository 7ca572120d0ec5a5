"""The rows of the history: one line for each item of a day, and a heading for each day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from penchant.app.memory.deeds import minutes

from . import words
from .cardview import marks_of, title_of
from .headedlist import HeadedList

if TYPE_CHECKING:
    from penchant.app.memory.history import Day, Visit
    from penchant.app.types import Card

#: Cells of what was done, on screens from a width on.
DONE = ((90, 34), (60, 22), (0, 13))


class Row(NamedTuple):
    """A heading (`visit` None) or one item of a day."""

    text: str
    visit: Visit | None = None


def rows_of(days: Sequence[Day], today: date) -> list[Row]:
    """Headings and visits, in order."""
    out: list[Row] = []
    for day in days:
        out += [Row(day.title(today)), *(Row(visit.clock, visit) for visit in day.visits)]
    return out


class HistoryList(HeadedList[Row]):
    """Draws `Row`s; headings are never selected."""

    row_height = 1

    def __init__(self, moved: Callable[[], None]) -> None:
        super().__init__()
        self.cards: Mapping[int, Card] = {}
        self._moved = moved

    def show(self, days: Sequence[Day], cards: Mapping[int, Card], today: date, *, anew: bool) -> None:
        """Show these; `anew`: from the beginning."""
        self.rows, self.cards = rows_of(days, today), cards
        if anew:
            self.selected = 1 if len(self.rows) > 1 else 0
        self.room_changed()
        self.redraw()
        if anew:
            self.jump(0)

    def say(self, *lines: str) -> None:
        """What to read where there are no rows."""
        self.said, self.rows, self.selected = lines, (), 0
        self.room_changed()
        self.redraw()

    def current(self) -> Visit | None:
        """The selected visit."""
        return self.rows[self.selected].visit if self.selected < len(self.rows) else None

    def place(self) -> int:
        """How many visits stand above the selected one."""
        return sum(row.visit is not None for row in self.rows[: self.selected])

    def selectable(self, row: Row) -> bool:
        return row.visit is not None

    # -- RowList
    def selection_moved(self) -> None:
        self._moved()

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        row = self.rows[index]
        if row.visit is None:
            return [
                self.strip_of(
                    [("  ", ""), (words.fit(words.one_line(row.text), max(0, width - 2)), "match")], width, False
                )
            ]
        return [self.strip_of(self._visit(row.visit, width, selected), width, selected)]

    def _visit(self, visit: Visit, width: int, selected: bool) -> list[tuple[str, str]]:
        card = self.cards.get(visit.item_id)
        done = next(cells for least, cells in DONE if width >= least)
        room = max(4, width - 10 - done)
        about = " · ".join(part for part in (visit.words, minutes(visit.seconds)) if part)
        title = title_of(card) if card is not None else "(no longer in the archive)"
        role = "liked" if "like" in visit.done else "text" if "open" in visit.done else "seen"
        sign, colour = next(iter(marks_of(card.marks)), (" ", "meta")) if card is not None else (" ", "meta")
        return [
            ("▌" if selected else " ", "bar"), (sign, colour), (f" {visit.clock} ", "meta"),
            (words.fit(words.one_line(title), room), role), ("  ", ""), (words.fit(about, done), "meta"),
        ]  # fmt: skip
