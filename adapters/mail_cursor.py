"""What a folder of mail remembers between visits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Cursor
from .mail_folder import EDGE, EVERYTHING, Entry
from .wire import number

#: Ranges kept apart; a visit that is always interrupted joins them (what is read twice changes nothing).
MOST_RANGES = 20


@dataclass(frozen=True, slots=True)
class Ranges:
    """IMAP: UIDs below `next` are read, but for the ranges in `open` (both ends included, ascending)."""

    validity: int = 0
    next: int = 0
    open: tuple[tuple[int, int], ...] = ()

    @classmethod
    def load(cls, cursor: Cursor) -> Ranges:
        """Read a cursor; whatever has the wrong shape counts as missing."""
        rows = cursor.get("open")
        pairs = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
        ends = [(number(low) or 0, number(high) or 0) for low, high in pairs]
        good = tuple(sorted((low, high) for low, high in ends if 0 < low <= high))
        return cls(number(cursor.get("validity")) or 0, number(cursor.get("next")) or 0, good[-MOST_RANGES:])

    def dump(self) -> Cursor:
        return {"validity": self.validity, "next": self.next, "open": [list(pair) for pair in self.open]}

    def until(self, after: int) -> Ranges:
        """With everything that came before the UID `after` to be read too."""
        if after <= self.next:
            return self
        ranges = (*self.open, (self.next, after - 1))
        if len(ranges) > MOST_RANGES:
            ranges = ((ranges[0][0], ranges[1][1]), *ranges[2:])
        return replace(self, next=after, open=ranges)

    def read_down_to(self, uid: int) -> Ranges:
        """After the newest open range was read from its upper end down to `uid`."""
        if not self.open or self.open[-1][1] < uid:
            return self
        low, _ = self.open[-1]
        rest = ((low, uid - 1),) if low < uid else ()
        return replace(self, open=(*self.open[:-1], *rest))


@dataclass(frozen=True, slots=True)
class Spool:
    """Maildir: moments up to `since` (ns) are taken up, and `edge` of that moment; `todo` is still to be read."""

    since: int = 0
    edge: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    started: bool = False

    @classmethod
    def load(cls, cursor: Cursor) -> Spool:
        return cls(
            number(cursor.get("since")) or 0, _names(cursor.get("edge")), _names(cursor.get("todo")),
            cursor.get("started") is True,
        )  # fmt: skip

    def dump(self) -> Cursor:
        edge = list(self.edge) if len(self.edge) <= EDGE else [EVERYTHING]
        return {"since": self.since, "edge": edge, "todo": list(self.todo), "started": self.started}

    def begun(self, entries: Mapping[str, Entry], limit: int) -> Spool:
        """A first visit takes up everything, and reads the newest `limit`."""
        if self.started:
            return self
        newest = sorted(entries.values(), key=lambda e: (e.delivered, e.name), reverse=True)[:limit]
        last = max((e.changed for e in entries.values()), default=0)
        edge = tuple(e.name for e in entries.values() if e.changed == last)
        return Spool(last, edge, tuple(e.name for e in newest), True)

    def taken(self, count: int) -> tuple[tuple[str, ...], Spool]:
        """(the next names, the rest)."""
        return self.todo[:count], replace(self, todo=self.todo[count:])

    def with_batch(self, batch: list[Entry]) -> Spool:
        """A batch of whole moments taken up, to be read newest first."""
        last = batch[-1].changed
        edge = tuple(e.name for e in batch if e.changed == last)
        edge = (*self.edge, *edge) if last == self.since else edge
        order = sorted(batch, key=lambda e: (e.delivered, e.name), reverse=True)
        return replace(self, since=last, edge=edge, todo=tuple(e.name for e in order))


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
