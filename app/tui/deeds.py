"""What the reader decides: an event on disk first, the mark on screen after; and back again by undo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from penchant.app.types import UNDOABLE, Card, Event, EventKind

from .bridge import Bridge

#: Which mark of a card says that a decision holds.
MARK = {"like": "liked", "skip": "skipped", "save": "saved", "later": "later"}
#: One takes the place of the other (see the archive's derived state).
RIVALS: dict[str, tuple[str, ...]] = {"like": ("skip",), "skip": ("like", "later")}
DONE = {"like": "Liked", "skip": "Skipped", "save": "Saved", "later": "Kept for later", "mute": "Muted"}
UNDONE = {
    "like": "Like", "skip": "Skip", "save": "Save", "later": "Later", "mute": "Mute",
    "less": "Less like this", "dial": "Dial", "collect": "Collection", "interest": "Name",
    "saved-search": "Saved search", "duel": "Duel", "voice": "Voice",
}  # fmt: skip


class Place(NamedTuple):
    """Where on which list an item stands; goes into every event, since it cannot be recovered later."""

    view: str = ""
    position: int | None = None
    shown_score: float | None = None


class Deeds:
    """One window's decisions. `deciding` hears of each at once, `durable` of every event once on disk."""

    def __init__(
        self,
        bridge: Bridge,
        session: str,
        head_version: Callable[[], int | None],
        durable: Callable[[Event, Event | None], Awaitable[None] | None],
        deciding: Callable[[Event], None],
    ) -> None:
        self._bridge = bridge
        self.session = session
        self._head_version = head_version
        self._durable = durable
        self._deciding = deciding
        self._stack: list[Event] = []
        #: What is on its way to the disk and the cards: (item, kind) -> (event that did it, live event or None). What
        #: has arrived is forgotten, for another window may do otherwise then.
        self._live: dict[tuple[int, str], tuple[Event, Event | None]] = {}
        self._undoing = asyncio.Lock()

    def event(
        self, kind: EventKind, item_id: int | None, place: Place, value: dict[str, Any] | None = None
    ) -> Event:
        """An event of this window, not yet stored."""
        return Event(
            kind,
            item_id,
            value or {},
            place.view,
            place.position,
            place.shown_score,
            self._head_version(),
            self.session,
        )

    async def record(self, event: Event) -> None:
        """Store an event; returns once it is on disk and everybody knows. Raises `StoreError`."""
        undoable = event.kind in UNDOABLE
        if undoable:
            self._stack.append(event)
            self._note(event)
            self._deciding(event)
        try:
            await self._bridge.submit(event)
        except BaseException:
            if undoable and event in self._stack:
                self._stack.remove(event)
            self._arrived(event)
            raise
        await self._tell(event, None)
        self._arrived(event)

    def _note(self, event: Event) -> None:
        if event.item_id is not None:
            self._live[event.item_id, event.kind] = event, event
            for rival in RIVALS.get(event.kind, ()):
                self._live[event.item_id, rival] = event, None

    def _arrived(self, event: Event) -> None:
        """From here on the card, read again from disk, knows better."""
        self._live = {key: known for key, known in self._live.items() if known[0] is not event}

    def holds(self, card: Card, kind: EventKind) -> bool:
        """Whether a decision holds now, also when it is still on its way to disk."""
        known = self._live.get((card.item_id, kind))
        return bool(getattr(card.marks, MARK[kind])) if known is None else known[1] is not None

    async def decide(self, kind: EventKind, card: Card, place: Place) -> None:
        """Like, skip, save or later; the second time takes the first back."""
        if self.holds(card, kind):
            known = self._live.get((card.item_id, kind))
            live = known[1] if known else None
            if live is None:
                live = await self._bridge.reader.do(lambda store: store.events.last_live(card.item_id, kind))
            if live is not None:
                await self._retract(live)
        else:
            await self.record(self.event(kind, card.item_id, place))

    async def undo(self) -> Event | None:
        """Take the newest live decision back, this window's first, then any before; None if there is none."""
        if self._stack:
            last = self._stack[-1]
            await self._retract(last)
            return last
        async with self._undoing:
            found = await self._bridge.reader.do(lambda store: store.events.last_undoable())
            if found is not None:
                await self._retract(found)
            return found

    async def take_back(self, events: Iterable[Event]) -> None:
        """Retract certain events, whenever and wherever they were made."""
        for event in events:
            await self._retract(event)

    async def _retract(self, event: Event) -> None:
        if event in self._stack:
            self._stack.remove(event)
        undo = Event("undo", event.item_id, view=event.view, session=self.session, undoes=event.id)
        self._live = {key: known for key, known in self._live.items() if key[0] != event.item_id}
        if event.item_id is not None:
            self._live[event.item_id, event.kind] = undo, None
        try:
            await self._bridge.submit(undo)
            await self._tell(undo, event)
        finally:
            self._arrived(undo)

    async def _tell(self, event: Event, undone: Event | None) -> None:
        answer = self._durable(event, undone)
        if answer is not None:
            await answer
