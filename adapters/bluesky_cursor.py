"""What a list of Bluesky remembers between fetches: `newest_first.State`, who owns the list, and its name. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import quote

from . import newest_first
from .base import Cursor
from .bluesky_place import Place
from .newest_first import State
from .wire import record, text

#: Rows that a page without any counts as: filters of the service may empty a page that is not the last.
EMPTY_COST = 20
#: Rows that a later visit reads of a feed that is in an order of its own.
RANKED_GAP = 50
#: Requests that one visit makes for older posts.
MOST_PAGES = 20
#: Rows of the floor: more than a page, so that the end of one page falls among them.
FLOOR = 120


@dataclass(frozen=True, slots=True)
class Known:
    """The cursor. `did` and `title` belong to `address`: another list is begun anew.

    `floor`: rows that were known when an unfinished reading began; it ends only where it meets them.
    """

    state: State = field(default_factory=State)
    address: str = ""
    did: str = ""
    title: str = ""
    floor: tuple[str, ...] = ()

    @classmethod
    def load(cls, cursor: Cursor, address: str) -> Known:
        """Read a cursor; whatever has the wrong shape counts as missing."""
        if cursor.get("address") != address:
            return cls(address=address)
        state = State.load(record(cursor.get("state")))
        if not state.older.startswith("/xrpc/"):
            state = replace(state, older="", left=0, gap=False)
        rows = cursor.get("floor")
        floor = tuple(text(row, 200) for row in rows[:FLOOR]) if isinstance(rows, list) and state.unfinished else ()
        return cls(state, address, text(cursor.get("did"), 250), text(cursor.get("title"), 200), floor)

    def dump(self) -> Cursor:
        rest = {"floor": list(self.floor)} if self.state.unfinished and self.floor else {}
        return {"state": self.state.dump(), "address": self.address, "did": self.did, "title": self.title, **rest}


def following(path: str, cursor: str) -> str:
    """Path of the page after this one; "" after the last."""
    return f"{path.partition('&cursor=')[0]}&cursor={quote(cursor, safe='')}" if cursor else ""


def after_first(known: Known, rows: tuple[str, ...], older: str, etag: str, limit: int, place: Place) -> Known:
    """What is known after the newest page. A ranked feed is read `RANKED_GAP` further at most on later visits.

    An unfinished reading goes on where it was, unless more came since than one page shows: then it begins again at the
    top and ends where it would have ended.
    """
    before = known.state
    again = before.unfinished and bool(rows) and rows[-1] not in before.known
    floor = known.floor if before.unfinished else before.known[:FLOOR]
    start = replace(before, known=floor, older="", left=0, gap=False) if again else before
    state = newest_first.after_first(start, list(rows), older, etag, limit)
    if again:
        state = replace(state, known=tuple(dict.fromkeys((*state.known, *before.known)))[: newest_first.MOST_KNOWN])
    if before.known and state.gap and not place.chronological:
        state = replace(state, left=min(state.left, RANKED_GAP))
    return replace(known, state=state, floor=floor)


def after_older(state: State, before: tuple[str, ...], rows: tuple[str, ...], older: str) -> State:
    """The state after an older page, which may be empty without being the last."""
    if older == state.older:
        older = ""  # a service that repeats itself
    if not rows and older:
        left = state.left - EMPTY_COST
        return replace(state, older=older, left=left) if left > 0 else replace(state, older="", left=0, gap=False)
    return newest_first.after_older(state, before, list(rows), older)
