"""Following the events of an archive: everything in order at first, then what came since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .types import Event

if TYPE_CHECKING:
    from .store import Store

_CHUNK = 5_000


class Following:
    """`merged` turns True when, after the first reading, an event of another machine came.

    Its place is then among those read before: whoever learns in order begins anew, with another `Following`.
    """

    def __init__(self) -> None:
        self.through = 0
        self.merged = False
        self._begun = False

    def read(self, store: Store) -> Iterator[Event]:
        """Events not read yet, undos and retracted ones included."""
        if not self._begun:
            self._begun = True
            for seq, event in store.events.in_order():
                self.through = max(self.through, seq)
                yield event
            return
        while rows := store.events.since(self.through, _CHUNK):
            for seq, event in rows:
                self.merged |= bool(event.origin)
                self.through = seq
                yield event
