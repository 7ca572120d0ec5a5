"""A screen that is one page of words: a headline, a pager below it, the keys at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.screen import Screen

from .bars import StatusLine
from .moving import moves
from .pager import Pager

if TYPE_CHECKING:
    from .app import PenchantApp


class PagedScreen(Screen[None]):
    """Moves through its pager and goes back."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        *moves(),
    ]
    AUTO_FOCUS = "Pager"

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys."""
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    def action_back(self) -> None:
        self.dismiss()

    def action_move(self, lines: int) -> None:
        self.query_one(Pager).move(lines)

    def action_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)
