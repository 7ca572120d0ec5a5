"""Walking a forum's listing, and what is remembered of it between fetches. Pure.

The first page is read on every fetch: it brings what is new, and fresh counts,
edits and deletions of what is not. A chronological listing is then followed
until it meets what the last whole walk began with (`floor`), so that an
interruption leaves no hole; a ranked one ("hot") is read down to `limit`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .base import Cursor
from .wire import number

#: Items remembered, those that end a walk, and items one walk may read to fill a gap (Reddit lists no more).
KEPT, FLOOR, GAP = 500, 60, 1000
#: Characters that the remembered items may take in a cursor.
MOST_TEXT = 60_000
#: Points hardly move after two days (seconds).
SETTLED = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """An item as the forum numbers it. `native` is "" where the entry only brought another item."""

    id: str
    native: str
    first: float
    last: float

    def due(self, now: float) -> bool:
        """Whether its counts are worth a request: after 10 minutes at first, then ever more rarely."""
        age = now - self.first
        return age < SETTLED and now - self.last >= max(600.0, age / 4)


@dataclass(frozen=True, slots=True)
class Walk:
    """`older`: token of the next page while `left` > 0; `top`: first page of the walk under way."""

    floor: tuple[str, ...] = ()
    top: tuple[str, ...] = ()
    older: str = ""
    left: int = 0

    @classmethod
    def load(cls, cursor: Cursor) -> Walk:
        """Read a cursor; whatever has the wrong shape counts as missing."""
        older, left = cursor.get("older"), number(cursor.get("left")) or 0
        older = older[:500] if isinstance(older, str) else ""
        return cls(_names(cursor.get("floor")), _names(cursor.get("top")), older if left else "", left if older else 0)

    def dump(self) -> Cursor:
        full = {"floor": list(self.floor), "top": list(self.top), "older": self.older, "left": self.left}
        return {key: value for key, value in full.items() if value}

    def first(self, ids: tuple[str, ...], older: str, limit: int, *, chronological: bool) -> Walk:
        """After the first page, which holds `ids` and is followed by `older` ("" at the end)."""
        top = ids[:FLOOR]
        if not chronological:
            left = max(limit - len(ids), 0) if ids and older else 0
            return Walk(older=older if left else "", left=left)
        if self.older and set(ids) & set(self.top):
            return replace(self, top=top)
        if self.floor and (set(ids) & set(self.floor) or not ids):
            return Walk(top or self.floor)
        left = max((GAP if self.floor else limit) - len(ids), 0) if ids and older else 0
        return Walk(self.floor, top, older, left) if left else Walk(top)

    def more(self, ids: tuple[str, ...], older: str) -> Walk:
        """After a further page."""
        left = max(self.left - len(ids), 0)
        done = not ids or not older or older == self.older or not left or set(ids) & set(self.floor)
        return Walk(self.top) if done else replace(self, older=older, left=left)


def load_seen(cursor: Cursor) -> dict[str, Seen]:
    """The remembered items by their id."""
    rows = cursor.get("seen")
    found = {}
    for row in rows[:KEPT] if isinstance(rows, list) else ():
        if isinstance(row, list) and len(row) == 4 and all(isinstance(v, str) for v in row[:2]):
            first, last = number(row[2]), number(row[3])
            if row[0] and first is not None and last is not None:
                found[row[0]] = Seen(row[0], row[1], float(first), float(last))
    return found


def dump_seen(seen: Iterable[Seen]) -> list[list[object]]:
    """Rows of a cursor: the most recently read ones."""
    rows: list[list[object]] = []
    room = MOST_TEXT
    for one in sorted(seen, key=lambda s: -s.last)[:KEPT]:
        room -= len(one.id) + len(one.native) + 30
        if room < 0:
            break
        rows.append([one.id, one.native, int(one.first), int(one.last)])
    return rows


def remember(seen: dict[str, Seen], entries: Iterable[tuple[str, str]], now: float) -> None:
    """Note that these (id, native id) were read now; the order of a listing is kept."""
    for local, native in entries:
        old = seen.pop(local, None)
        seen[local] = Seen(local, native, old.first if old else now, now)


def missing(before: Iterable[str], ids: tuple[str, ...]) -> tuple[str, ...]:
    """What a chronological page should show between others that it does show (`before` in its old order)."""
    known, shown = tuple(before), frozenset(ids)
    last = max((i for i, name in enumerate(known) if name in shown), default=-1)
    return tuple(name for name in known[: last + 1] if name not in shown)


def _names(value: object) -> tuple[str, ...]:
    return tuple(v for v in value[:FLOOR] if isinstance(v, str)) if isinstance(value, list) else ()
