"""`w`: the parts that add up to an item's number, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from penchant.app.types import Card

from . import words
from .cardview import title_of
from .dialog import TextBox
from .pager import Block

if TYPE_CHECKING:
    from penchant.app.rank.types import Why

    from .app import PenchantApp

_HALF = 8


def why_blocks(card: Card, why: Why) -> list[Block]:
    """One line a part, with a bar to the left (against) or right (for) of the middle."""
    percent = round(why.probability * 100)
    blocks = [
        Block(title_of(card), "title"),
        Block(
            f"{percent} % likely that you like it, from {words.many(why.labels, 'opinion')} of yours", "meta"
        ),
        Block(""),
    ]
    top = max((abs(part.logit) for part in why.parts), default=0.0) or 1.0
    for part in sorted(why.parts, key=lambda part: -abs(part.logit)):
        role = "plus" if part.logit > 0 else "minus" if part.logit < 0 else "meta"
        blocks.append(Block(f"{_bar(part.logit / top)} {part.logit:+.2f}  {part.name}", role))
        blocks += [Block(line, "meta", indent=4) for line in part.words]
    total = math.fsum(part.logit for part in why.parts)
    blocks += [
        Block(""),
        Block(f"{' ' * (2 * _HALF + 1)} {total:+.2f}  together, which is {percent} %", "head"),
        Block("Each +0.69 doubles the odds, each -0.69 halves them.", "meta"),
    ]
    return blocks


def _bar(share: float) -> str:
    cells = min(_HALF, round(abs(share) * _HALF))
    left, right = (" " * _HALF, "━" * cells) if share >= 0 else ("━" * cells, "")
    return f"{left:>{_HALF}}│{right:<{_HALF}}"


class WhyScreen(TextBox):
    """Asks the ranking, in its thread, and shows the answer."""

    app: PenchantApp

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.card = card

    def fill(self) -> None:
        self.show([Block(title_of(self.card), "title"), Block("Looking at the parts ...", "meta")])
        self.app.spawn(self._ask())

    async def _ask(self) -> None:
        try:
            why = await self.app.lessons.why(self.card.item_id)
        except KeyError:
            self.show(
                [Block(title_of(self.card), "title"), Block("This item has not been scored yet.", "meta")]
            )
            return
        if self.is_mounted:
            self.show(why_blocks(self.card, why))
