"""Whether the gate may drop the texts of what will hardly be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from penchant.app.gate import Mode

from .dialog import Box

if TYPE_CHECKING:
    from penchant.app.gate import GateSummary

WORDS: dict[Mode, str] = {
    "off": "off: every text stays",
    "preview": "preview: only say what it would drop (`penchant gate` lists examples)",
    "on": "on: drop them, once it has learned enough and keeps what you would like",
}


class GateBox(Box["Mode"]):
    """Answers with what the reader chose, or None."""

    AUTO_FOCUS = "OptionList"

    def __init__(self, gate: GateSummary) -> None:
        super().__init__()
        self.gate = gate

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("The gate", classes="head", markup=False)
            yield OptionList(*(Content(f"{'>' if m == self.gate.state else ' '} {WORDS[m]}") for m in MODES))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = MODES.index(self.gate.state)

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(MODES[message.option_index])


MODES: tuple[Mode, ...] = get_args(Mode)
