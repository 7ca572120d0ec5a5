"""The three fixed lines: views above, state and keys below. One line of cells each, no child widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from . import words
from .commands import COMMANDS, Command

#: How Textual's names of keys are shown.
SHOWN = {"space": "space", "enter": "⏎", "escape": "esc", "up": "↑", "down": "↓", "left": "←", "right": "→"}


def shown_key(keys: Sequence[str]) -> str:
    """The first key of a command as the reader knows it."""
    return SHOWN.get(keys[0], keys[0].replace("ctrl+", "^")) if keys else ""


class Line(Widget):
    """One line of styled pieces; a piece may run a command when clicked."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--key", "line--on", "line--error", "line--quiet"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pieces: list[tuple[str, str, str]] = []

    def put(self, pieces: list[tuple[str, str, str]]) -> None:
        """Show (text, role, command id) pieces; role is a component class's end, command id may be ""."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def pieces(self, width: int) -> list[tuple[str, str, str]]:
        """What to draw in `width` cells."""
        return self._pieces

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        segments = []
        for text, role, _ in self.pieces(width):
            style: Style = self.get_component_rich_style(f"line--{role}") if role else base
            segments.append(Segment(words.one_line(text), style))
        return Strip(list(Segment.adjust_line_length(segments, width, base)), width)

    def on_click(self, event: events.Click) -> None:
        at = 0
        for text, _, command in self.pieces(self.size.width):
            at += words.cell_len(text)
            if event.x < at:
                if command:
                    self.app.simulate_command(command)  # type: ignore[attr-defined]
                return


class TabLine(Line):
    """The views with their keys; the present one stands out."""

    def choose(
        self, view: str, keys: Mapping[str, tuple[str, ...]], counts: Mapping[str, int],
        titles: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Show `view` as the present one, with the number of items where known; `titles` instead of a view's own."""
        pieces: list[tuple[str, str, str]] = [(" ", "", "")]
        for command in COMMANDS:
            if command.group != "Views" or not command.id.startswith("view-"):
                continue
            name = str(command.arguments[0])
            count = counts.get(name)
            title = words.fit((titles or {}).get(name, command.label), 24).rstrip()
            label = f"{title} {count}" if count else title
            pieces.append((f"{shown_key(keys[command.id])} ", "key", command.id))
            pieces.append((label, "on" if name == view else "", command.id))
            pieces.append(("  ", "", ""))
        self.put(pieces)

    def pieces(self, width: int) -> list[tuple[str, str, str]]:
        if sum(words.cell_len(text) for text, _, _ in self._pieces) <= width:
            return self._pieces
        # Too narrow: without counts first, then single spaces.
        slim = [
            (text if role == "key" else text.rstrip("0123456789 ") or " ", role, c)
            for text, role, c in self._pieces
        ]
        return slim


class StatusLine(Line):
    """Left: what just happened or where the reader is. Right: the worker and what is new."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.left = ("", "")
        self.right = ""

    def tell(self, text: str, role: str = "") -> None:
        """Put words on the left; `role` "error" makes them stand out."""
        if (text, role) != self.left:
            self.left = (text, role)
            self.refresh()

    def aside(self, text: str) -> None:
        """Put words on the right."""
        if text != self.right:
            self.right = text
            self.refresh()

    def pieces(self, width: int) -> list[tuple[str, str, str]]:
        text, role = words.one_line(self.left[0]), self.left[1]
        right = f" {words.one_line(self.right)} " if self.right else ""
        right = right if words.cell_len(right) <= width * 2 // 3 else words.fit(right, width * 2 // 3)
        return [(words.fit(f" {text}", width - words.cell_len(right)), role, ""), (right, "quiet", "")]


class KeyLine(Line):
    """The most useful keys of one screen, as many as fit; a click runs the command."""

    def __init__(self, scope: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.scope = scope
        self.keys: Mapping[str, tuple[str, ...]] = {}

    def use(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Show these keys."""
        self.keys = keys
        self.refresh()

    def pieces(self, width: int) -> list[tuple[str, str, str]]:
        offered = [c for c in COMMANDS if c.footer and self.scope in c.scopes and self.keys.get(c.id)]
        while offered and sum(map(self._width, offered)) > width - 1:
            offered.remove(min(offered, key=lambda c: PRIORITY.get(c.id, 0)))
        pieces: list[tuple[str, str, str]] = [(" ", "", "")]
        for command in offered:
            pieces.append((shown_key(self.keys[command.id]), "key", command.id))
            pieces.append((f" {command.label}  ", "", command.id))
        return pieces

    def _width(self, command: type[Command]) -> int:
        return words.cell_len(shown_key(self.keys[command.id])) + len(command.label) + 3


#: On a narrow screen the lowest go first.
PRIORITY = {
    "help": 9, "quit": 9, "back": 9, "read": 8, "like": 8, "skip": 8, "undo": 7, "save": 6, "search": 5,
    "why": 5, "browser": 4, "later": 3, "page-down": 2, "next-item": 6,
}  # fmt: skip
