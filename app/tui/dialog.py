"""A box over the screen: text to read, closed by escape, q or a click beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from .bars import StatusLine
from .moving import moves
from .pager import Block, Pager

Answer = TypeVar("Answer")


class Box(ModalScreen[Answer]):
    """Base of the boxes: escape closes without an answer."""

    CSS_PATH = "more.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "Close")]

    def action_close(self) -> None:
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


class TextBox(Box[None]):
    """Blocks of text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "close", "Close"),
        *moves(),
    ]
    AUTO_FOCUS = "Pager"
    foot = "esc closes"

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield Pager()
            yield StatusLine()

    def on_mount(self) -> None:
        self.query_one(StatusLine).tell(self.foot)
        # The pager knows its width only after the first layout.
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Put the text in."""
        self.show(self.blocks())

    def show(self, blocks: Sequence[Block]) -> None:
        """Show these blocks now."""
        self.query_one(Pager).show(blocks)

    def blocks(self) -> Sequence[Block]:
        """What to read."""
        return ()

    def action_move(self, lines: int) -> None:
        self.query_one(Pager).move(lines)

    def action_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)
