"""How far a list that puts the newest first was read: what cursors of paged APIs hold. Pure.

Every fetch reads the newest page. Older pages are read up to a limit at first, later only over a gap; an
interrupted reading goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .base import Cursor
from .wire import number, text

#: Ids of a list that are remembered, and rows that a later visit reads back at most to close a gap.
MOST_KNOWN, GAP = 600, 1000
MAX_ETAG = 100


@dataclass(frozen=True, slots=True)
class State:
    """The newest page's validator, known ids, and where an unfinished reading goes on (a path, rows left)."""

    etag: str = ""
    known: tuple[str, ...] = ()
    older: str = ""
    left: int = 0
    gap: bool = False

    @classmethod
    def load(cls, cursor: Cursor) -> State:
        """The state; whatever has the wrong shape is forgotten."""
        known = cursor.get("known")
        ids = [text(v, 200) for v in known[:MOST_KNOWN]] if isinstance(known, list) else []
        older = text(cursor.get("older"), 2000)
        return cls(
            text(cursor.get("etag"), MAX_ETAG), tuple(filter(None, ids)), older if older.startswith("/") else "",
            min(number(cursor.get("left")) or 0, GAP), cursor.get("gap") is True,
        )  # fmt: skip

    def dump(self) -> Cursor:
        rest = {"older": self.older, "left": self.left, "gap": self.gap} if self.unfinished else {}
        return {"etag": self.etag[:MAX_ETAG], "known": list(self.known), **rest}

    @property
    def unfinished(self) -> bool:
        return bool(self.older) and self.left > 0


def after_first(state: State, ids: list[str], following: str, etag: str, limit: int) -> State:
    """The state after the newest page: a first reading goes on to `limit`, a later one only over a gap."""
    before = state.known
    known = tuple(dict.fromkeys((*ids, *before)))[:MOST_KNOWN]
    state = replace(state, etag=etag if len(etag) <= MAX_ETAG else "", known=known)
    if not before:
        return replace(state, older=following, left=max(limit - len(ids), 0), gap=False)
    if ids and following and ids[-1] not in before:
        return replace(state, older=following, left=GAP, gap=True)
    return state


def after_older(state: State, before: tuple[str, ...], ids: list[str], following: str) -> State:
    """The state after an older page. `before` is what was known when the visit began."""
    met = state.gap and bool(ids) and ids[-1] in before
    left = state.left - max(len(ids), 1)
    known = tuple(dict.fromkeys((*state.known, *ids)))[:MOST_KNOWN]
    if met or not ids or not following or left <= 0:
        return replace(state, known=known, older="", left=0, gap=False)
    return replace(state, known=known, older=following, left=left)


def vanished(before: tuple[str, ...], ids: list[str]) -> list[str]:
    """Known ids that should stand on the newest page (something older does) and are gone from it."""
    places = {known: place for place, known in enumerate(before)}
    deepest = max((places[i] for i in ids if i in places), default=-1)
    there = set(ids)
    return [known for known in before[: deepest + 1] if known not in there]
