"""Offers the first choice once: a few words on the status line while nothing has been learned."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from penchant.app.types import EventKind, View

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.types import Event

    from .app import PenchantApp

#: Unseen items from which twelve that differ can be chosen.
ENOUGH = 60
#: Any of these says more than the choice would, or is its answer.
ANSWERS: tuple[EventKind, ...] = ("like", "skip", "save", "picks")
_DECLINED = "choice.declined"


class Offer:
    """`words` is what the status line says, "" where there is nothing to offer."""

    def __init__(self, app: PenchantApp) -> None:
        self._app = app
        self._over = False
        self.words = ""

    async def look(self) -> None:
        """See whether it is time; costs nothing once it is over."""
        if self._over or self.words:
            return
        due = await self._app.bridge.reader.do(_due)
        if due is None:
            self._over = True
        elif due:
            key = next(iter(self._app.keys["choice"]), "")
            self.words = f"{key}: which of 12 would you read?" if key else ""

    def heard(self, event: Event) -> None:
        """The reader decided something."""
        if event.kind in ANSWERS:
            self._over, self.words = True, ""

    async def declined(self) -> None:
        """The reader wants no offer: not in a later window either. The key goes on working."""
        if self.words:
            self._over, self.words = True, ""
            await self._app.bridge.clerk.do(lambda store: store.control.remember(_DECLINED, time.time()))


def _due(store: Store) -> bool | None:
    """Whether to offer it now; None: never again."""
    if store.control.setting(_DECLINED) is not None or store.events.any_of(*ANSWERS):
        return None
    return store.items.count(View.FOR_YOU) >= ENOUGH
