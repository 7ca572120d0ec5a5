"""Asking for a name."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from . import words
from .dialog import Box


class NameBox(Box[str]):
    """Answers with one line, "" for an empty one, None where it was closed."""

    AUTO_FOCUS = "Input"

    def __init__(self, before: str, limit: int = 60) -> None:
        super().__init__()
        self.before, self.limit = words.one_line(before), limit

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("What do you call it?", classes="head", markup=False)
            yield Static("enter keeps the name, an empty one brings back penchant's own, esc leaves it", markup=False)
            yield Input(self.before, max_length=self.limit)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.dismiss(" ".join(words.one_line(message.value).split()))
