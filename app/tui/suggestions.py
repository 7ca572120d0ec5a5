"""The small drop-down below the search line: how its word may go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from . import words

if TYPE_CHECKING:
    from penchant.app.store.completion import Completion

#: Cells of a line, and of what would be typed within it.
WIDTH, TEXT = 60, 34


class Suggestions(Widget):
    """Lies above the results, which stay where they are. Holds the state; the panel has the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"suggestion--line", "suggestion--note", "suggestion--on"}

    def __init__(self) -> None:
        super().__init__()
        self.offered: list[Completion] = []
        self.selected = 0
        #: The reader moved to one: enter takes it.
        self.moved = False
        #: The line and the cursor that were completed.
        self.of = ("", 0)

    @property
    def is_open(self) -> bool:
        """Whether there is something to choose."""
        return bool(self.offered)

    def offer(self, found: list[Completion], text: str, cursor: int) -> None:
        """Show these for a line; nothing to show closes."""
        self.offered, self.selected, self.moved, self.of = found, 0, False, (text, cursor)
        self.display = bool(found)
        if found:
            self.styles.height = len(found)
            column = words.cell_len(words.one_line(text[: found[0].start]))
            self.styles.offset = (max(0, min(column, self.app.size.width - WIDTH)), 0)
            self.refresh(layout=True)

    def close(self) -> None:
        """Nothing to choose any more."""
        self.offer([], "", 0)

    def move(self, step: int) -> None:
        """To the next or the previous, round and round."""
        self.selected = (self.selected + step) % len(self.offered)
        self.moved = True
        self.refresh()

    def taken(self, number: int | None = None) -> tuple[str, int]:
        """The line with the selected one (or `number`), and the cursor behind it."""
        found, (text, _) = self.offered[self.selected if number is None else number], self.of
        joined, value = text[found.end :], words.one_line(found.text)
        # A value is whole: the next word may follow at once. An operator waits for its value.
        gap = "" if value.endswith(":") or joined.startswith(" ") else " "
        line = f"{text[: found.start]}{value}{gap}{joined}"
        return line, found.start + len(value) + len(gap)

    def render_line(self, y: int) -> Strip:
        if y >= len(self.offered):
            return Strip.blank(self.size.width, self.rich_style)
        found, role = self.offered[y], "on" if y == self.selected else "line"
        style = self.get_component_rich_style(f"suggestion--{role}")
        quiet = style if y == self.selected else self.get_component_rich_style("suggestion--note")
        note = words.fit(words.one_line(found.note), max(0, self.size.width - TEXT - 3))
        said = words.fit(words.one_line(found.text), TEXT)
        line = [Segment(" ", style), Segment(said, style), Segment("  ", style), Segment(note, quiet)]
        return Strip(list(Segment.adjust_line_length(line, self.size.width, style)), self.size.width)

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self.offered):
            event.stop()
            self.parent.take(event.y)  # type: ignore[union-attr]
