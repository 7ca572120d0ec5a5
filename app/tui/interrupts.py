"""Ctrl+C: once it asks, twice it ends the program; where text is selected it copies, as everywhere."""

from __future__ import annotations

import time
from typing import Any

from textual.binding import Binding

#: A text field copies at Ctrl+C even where nothing is selected, and would swallow both; so there, and only there, the
#: binding has priority, which overtakes the keys that were typed before.
KEYS = (
    Binding("ctrl+c", "help_quit", show=False, system=True),
    Binding("ctrl+c", "interrupt_field", show=False, priority=True),
)
#: Seconds within which the second one must come.
WITHIN = 3.0
#: Exit code, as after SIGINT.
CODE = 130


class Interruptible:
    """Part of the application (a mixin, since Textual looks actions up there)."""

    _interrupted_at = float("-inf")

    def action_help_quit(self: Any) -> None:
        """What the screen leaves of Ctrl+C when no text is selected."""
        now = time.monotonic()
        if now - self._interrupted_at < WITHIN:
            self.leave(CODE)
        else:
            self._interrupted_at = now
            self.notify("Ctrl+C once more ends penchant.", timeout=WITHIN)

    def action_interrupt_field(self) -> None:
        self.action_help_quit()

    def check_action(self: Any, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "interrupt_field":
            return getattr(self.focused, "selected_text", None) == ""
        found: bool | None = super().check_action(action, parameters)  # type: ignore[misc]
        return found
