"""Rows under headings: what the digest, the history, the exposure report and Tuning have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from textual.strip import Strip

from . import words
from .cardview import Palette
from .rowlist import RowList

#: What a list draws: something for each line or group of lines, headings among it.
Row = TypeVar("Row")
#: A line in pieces: (text, role of the palette or "").
Pieces = Sequence[tuple[str, str]]


class HeadedList(RowList, Generic[Row]):
    """Headings are never selected. `said` is what to read where there are no rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"card--{role}" for role in Palette._fields}

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()
        self.said: tuple[str, ...] = ()

    def selectable(self, row: Row) -> bool:
        """False for a heading."""
        raise NotImplementedError

    def step(self, by: int) -> None:
        """The selection so many rows on, past headings."""
        if not self.rows:
            return
        target = max(0, min(self.selected + by, len(self.rows) - 1))
        ahead = range(target, len(self.rows) if by > 0 else -1, 1 if by > 0 else -1)
        self.select(next((i for i in ahead if self.selectable(self.rows[i])), self.selected))
        if self.selected == 1:
            self.jump(0)

    def select(self, index: int, *, scroll: bool = True) -> None:
        if 0 <= index < len(self.rows) and self.selectable(self.rows[index]):
            super().select(index, scroll=scroll)

    # -- RowList
    def row_count(self) -> int:
        return len(self.rows)

    def strip_of(self, pieces: Pieces, width: int, selected: bool) -> Strip:
        """A line of a row, as wide as the list."""
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        segments = []
        for text, role in pieces:
            style = self.get_component_rich_style(f"card--{role}", partial=True) if role else None
            segments.append(Segment(text, ground + style if ground and style else style or ground))
        return Strip(list(Segment.adjust_line_length(segments, width, ground)), width)

    def empty_strip(self, y: int, width: int) -> Strip:
        text = f"  {self.said[y - 1]}" if not self.rows and 1 <= y <= len(self.said) else ""
        return Strip([Segment(words.fit(words.one_line(text), width), self.rich_style)], width)
