"""An article whose body the gate dropped: it says so, and R brings the body back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import words

if TYPE_CHECKING:
    from penchant.app.store.gate import Dropped

    from .app import PenchantApp

#: Seconds after which a page that was asked for is late.
PATIENCE = 60.0


def body_note(dropped: Dropped, asked_at: float | None, now: float) -> str:
    """What stands in place of the body, in words."""
    day = time.strftime("%d %B %Y", time.localtime(dropped.at))
    told = f"(The gate dropped this body on {day}: {words.one_line(dropped.reason)}. {_how(dropped)})"
    if asked_at is not None and (dropped.tried_at is None or dropped.tried_at < asked_at):
        late = "Nothing came: no worker is running, or it is busy. R tries again."
        return f"{told}\n\n{late if now - asked_at > PATIENCE else 'Fetching its page…'}"
    if dropped.error:
        return f"{told}\n\nIt could not be fetched: {words.sentences(dropped.error, dropped.hint, now=True)}"
    return told


def _how(dropped: Dropped) -> str:
    return "R brings it back as it was" if dropped.here else "R fetches its page again; o opens it"


class Restoring:
    """A mixin of the article's screen. `card`, `tell` and `_read` are the screen's."""

    app: PenchantApp
    card: Any
    tell: Any
    _read: Any
    _gone: Dropped | None = None
    _restore_at: float | None = None

    async def do_restore(self) -> None:
        """From the attic at once; else the worker is asked for the page."""
        item_id, now = self.card.item_id, time.time()
        if self._gone is None:
            self.tell("This item is whole")
            return
        if await self.app.bridge.clerk.do(lambda store: store.gate.restore(item_id, now)):
            self._restore_at = None
            await self._read(top=False)
            self.tell("Restored as it was")
            return
        await self.app.bridge.clerk.do(lambda store: store.control.request("restore", {"item_id": item_id}))
        self._restore_at = now
        await self._read(top=False)

    def look_for_body(self) -> None:
        """Called now and then: has the page that was asked for come?"""
        if self._restore_at is not None:
            self.app.spawn(self._look_for_body(self.card.item_id, self._restore_at))

    async def _look_for_body(self, item_id: int, asked: float) -> None:
        gone = await self.app.bridge.reader.do(lambda store: store.gate.state(item_id))
        if item_id != self.card.item_id or self._restore_at != asked:
            return
        late = time.time() - asked > PATIENCE
        tried = gone is not None and gone.tried_at is not None and gone.tried_at >= asked
        if gone is None or tried or late:
            await self._read(top=False)
            self._restore_at = None
            self.tell("Fetched from its page" if gone is None else "It could not be fetched")
