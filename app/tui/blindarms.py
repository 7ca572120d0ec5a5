"""Which arms write for the feed: a list to tick."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from penchant.app.generating import IMAGE

from .dialog import Box
from .ticklist import TickList

#: What each arm tells the model of the reader, in a line; one that is not listed stands by its name.
TOLD = {
    "none": "nothing: the model by itself, to compare with",
    "typed": "what you typed about yourself",
    "summary": "what the model wrote about your likes",
    "history": "your latest likes, word for word",
    "vector": "a direction in the model; costs no words",
    "map": "what you like as a few virtual words, by a formula",
    "soft": "a few virtual words, found by trying",
    "deep": "a prefix in every layer",
    "lora": "an adapter file of yours",
    IMAGE: "pictures in your taste, drawn by a program",
}


def known() -> list[str]:
    """The arms that there are, the usual ones first."""
    from penchant.app.voice import carriers

    return list(dict.fromkeys(["none", *getattr(carriers, "ALL", ()), IMAGE]))


class ArmsScreen(Box[list[str]]):
    """Answers with the arms that are ticked; esc changes nothing."""

    AUTO_FOCUS = "TickList"
    BINDINGS: ClassVar[list[BindingType]] = [("q,a", "take", "Take these")]

    def __init__(self, now: list[str]) -> None:
        super().__init__()
        self.now = now
        self.names = list(dict.fromkeys([*known(), *now]))

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Which arms write for your feed?", classes="head", markup=False)
            yield TickList([(name, TOLD.get(name, "")) for name in self.names])
            yield Static("space ticks; q takes these, esc changes nothing", markup=False)

    def on_mount(self) -> None:
        ticks = self.query_one(TickList)
        ticks.styles.height = len(self.names)
        for number, name in enumerate(self.names):
            ticks.tick(number, name in self.now)

    def action_take(self) -> None:
        ticked = self.query_one(TickList).ticked
        self.dismiss([name for number, name in enumerate(self.names) if number in ticked])
