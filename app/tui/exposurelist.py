"""The rows of the exposure report: shares as bars, and what to turn below the selected one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.strip import Strip

from . import words
from .headedlist import HeadedList

if TYPE_CHECKING:
    from penchant.app.memory.exposure import Row

TITLES = {"source": "Sources", "interest": "Interests", "language": "Languages", "kind": "Kinds"}
#: Cells of a bar of shares.
BAR = 10


class ExposureList(HeadedList["Row | str"]):
    """One line for each row, a heading before each kind of row; the selected one opens by two lines."""

    row_height = 1

    def __init__(self) -> None:
        super().__init__()
        self.said = ("Nothing came in during this time.",)
        self.opening = 2

    def show(self, rows: Sequence[Row]) -> None:
        """Show these, keeping the selection on the same thing."""
        current = self.current()
        out: list[Row | str] = []
        for number, row in enumerate(rows):
            if number == 0 or rows[number - 1].by != row.by:
                out.append(row.by)
            out.append(row)
        self.rows = out
        keys = [(each.by, each.key) if not isinstance(each, str) else None for each in out]
        wanted = (current.by, current.key) if current is not None else None
        self.selected = keys.index(wanted) if wanted and wanted in keys else min(1, max(0, len(out) - 1))
        self.room_changed()
        self.redraw()

    def current(self) -> Row | None:
        """The selected row."""
        row = self.rows[self.selected] if self.selected < len(self.rows) else None
        return None if isinstance(row, str) else row

    def selectable(self, row: Row | str) -> bool:
        return not isinstance(row, str)

    # -- RowList
    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        row = self.rows[index]
        if isinstance(row, str):
            head = words.fit(TITLES.get(row, row), _name_width(width))
            tail = "  came shown  of what came  of what was shown"
            return [self.strip_of([("  ", ""), (words.fit(head + tail, max(0, width - 2)), "match")], width, False)]
        lines = [_line(row, width, selected)]
        if selected:
            lines += _about(row, width)
        return [self.strip_of(line, width, selected) for line in lines]


def _name_width(width: int) -> int:
    return max(10, width - 50)


def _line(row: Row, width: int, selected: bool) -> list[tuple[str, str]]:
    name = words.fit(words.one_line(row.name), _name_width(width))
    role = {"less": "low", "more": "high"}.get(row.verdict, "meta")
    return [
        ("▌ " if selected else "  ", "bar"), (name, "title"), (f"{row.came:6} {row.shown:5}", "meta"),
        (f"  {_bar(row.share_came)} {row.share_came:4.0%}", "meta"),
        (f"  {_bar(row.share_shown)} {row.share_shown:4.0%}", role),
    ]  # fmt: skip


def _bar(share: float) -> str:
    return words.bar(round(1000 * share), 1000, BAR)


def _about(row: Row, width: int) -> list[list[tuple[str, str]]]:
    """Reasons, then what to turn."""
    from penchant.app.memory.exposure import REASONS

    low, high = row.interval
    why = ", ".join(f"{number} {REASONS[name]}" for name, number in row.reasons.items())
    of = (
        f"{row.opened} read, {row.liked} liked; shown {low:.0%} to {high:.0%} of the time"
        if row.came
        else "nothing came"
    )
    first = f"    {of}" + (f". Not shown: {why}" if why else "")
    room = max(0, width)
    return [
        [(words.fit(words.one_line(first), room), "meta")],
        [(words.fit(words.one_line(f"    {row.advice}"), room), "text")],
    ]
