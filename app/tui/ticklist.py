"""A list to tick: one line each, `[x]` or `[ ]`, so that it is clear without colour too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.geometry import Size
from textual.strip import Strip

from . import words
from .rowlist import RowList


class TickList(RowList):
    """Rows of (name, about); space or a click ticks."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"card--title", "card--meta", "card--bar", "card--selected"}
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "move(1)", "Down"),
        ("up,k", "move(-1)", "Up"),
        ("space,enter,x", "tick", "Tick"),
    ]
    row_height = 1

    def __init__(self, rows: Iterable[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = list(rows)
        self.ticked: set[int] = set()

    def row_count(self) -> int:
        return len(self.rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.rows)

    def add(self, name: str, about: str) -> int:
        """Another row; its index."""
        self.rows.append((name, about))
        self.room_changed()
        self.refresh(layout=True)
        return len(self.rows) - 1

    def fill(self, rows: Iterable[tuple[str, str]]) -> None:
        """Other rows, none of them ticked."""
        self.rows = list(rows)
        self.ticked.clear()
        self.selected = 0
        self.room_changed()
        self.refresh(layout=True)
        self.redraw()

    def tick(self, index: int, on: bool = True) -> None:
        """Tick a row, or take the tick away."""
        (self.ticked.add if on else self.ticked.discard)(index)
        self.redraw()

    def action_move(self, step: int) -> None:
        if not 0 <= self.selected + step < len(self.rows):
            self.screen.focus_next() if step > 0 else self.screen.focus_previous()
            return
        self.select(self.selected + step)

    def action_tick(self) -> None:
        if self.rows:
            self.tick(self.selected, self.selected not in self.ticked)

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.action_tick()

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        name, about = self.rows[index]
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        pieces = [
            ("▌" if selected and self.has_focus else " ", "bar"),
            ("[x] " if index in self.ticked else "[ ] ", "bar"),
            (f"{words.one_line(name)[:60]}  ", "title"),
            (words.one_line(about)[:100], "meta"),
        ]
        segments = []
        for text, role in pieces:
            style = self.get_component_rich_style(f"card--{role}", partial=True)
            segments.append(Segment(text, ground + style if ground else style))
        return [Strip(list(Segment.adjust_line_length(segments, width, ground)), width)]

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()
