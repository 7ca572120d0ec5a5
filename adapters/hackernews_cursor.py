"""Which Hacker News items a fetch asks for, and what it remembers of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .base import Cursor
from .wire import number

#: Items remembered for each item of the list: those that left it lately are refreshed too.
KEPT = 3
#: Rows of a cursor that are read back: what `dump` writes for the longest list.
MOST = 1500
#: Items no longer on the list that one fetch asks for again.
OFF_LIST = 25
#: Points hardly move after two days (seconds).
SETTLED = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class Known:
    """One remembered item: its number, when it was first and last read (Unix seconds)."""

    id: int
    first: float
    last: float

    def due(self, now: float) -> bool:
        """Whether its points are worth a request: after 10 minutes at first, then ever more rarely.

        The pause is a quarter of the item's age here, so that an item costs a
        dozen requests in its two days instead of three hundred.
        """
        age = now - self.first
        return age < SETTLED and now - self.last >= max(600.0, age / 4)


def load(cursor: Cursor) -> dict[int, Known]:
    """The remembered items; whatever has the wrong shape is forgotten."""
    rows = cursor.get("known")
    known = {}
    for row in rows[:MOST] if isinstance(rows, list) else ():
        values = [number(v) for v in row] if isinstance(row, list) and len(row) == 3 else []
        if len(values) == 3 and values[0] and values[1] is not None and values[2] is not None:
            known[values[0]] = Known(values[0], float(values[1]), float(values[2]))
    return known


def dump(known: Iterable[Known], limit: int) -> Cursor:
    """The cursor of the items last read most recently; `limit` is how many of the list are read."""
    newest = sorted(known, key=lambda k: (-k.last, k.id))[: min(KEPT * limit, MOST)]
    return {"known": [[k.id, int(k.first), int(k.last)] for k in newest]}


def plan(listed: tuple[int, ...], known: dict[int, Known], now: float, limit: int) -> list[int]:
    """Numbers to ask for: new ones in the list's order, then listed, then unlisted ones that are due."""
    top = listed[:limit]
    new = [i for i in top if i not in known]
    again = [i for i in top if i in known and known[i].due(now)]
    on_list = frozenset(top)
    gone = sorted((k for k in known.values() if k.id not in on_list and k.due(now)), key=lambda k: k.last)
    return new + again + [k.id for k in gone[:OFF_LIST]]


def remember(known: dict[int, Known], read: Iterable[int], now: float) -> None:
    """Note that these items were read now."""
    for i in read:
        first = known[i].first if i in known else now
        known[i] = Known(i, first, now)
