"""What a Mastodon timeline remembers between fetches, and what follows from a page. Pure.

The newest page is read first on every fetch: it brings what is new, refreshes
counts and edits of what is not, and shows what was deleted. When it does not
reach back to what is known, the gap is filled through the `prev` link that
the last fetch kept, oldest first, so that an interruption leaves no hole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .base import Cursor
from .wire import ident, number, record

#: Statuses remembered for noticing overlaps and deletions: three pages.
RECENT = 120
#: Pages of what the reader missed that one fetch reads.
GAP_PAGES = 10
Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """The cursor. Links are paths on the server.

    `newer`: `prev` link of the newest page; `gap`: where filling goes on;
    `older`: where the first back-fill goes on while `left` > 0; `recent`:
    (local id, native id or "" for a boost), newest first.
    """

    newer: str = ""
    gap: str = ""
    older: str = ""
    left: int = 0
    etag: str = ""
    recent: tuple[Entry, ...] = ()
    account_id: str = ""
    title: str = ""
    started: bool = False

    @classmethod
    def load(cls, cursor: Cursor) -> State:
        """Read a cursor; whatever has the wrong shape counts as missing."""
        strings = {name: str(cursor.get(name) or "") for name in ("newer", "gap", "older", "etag", "title")}
        stored = cursor.get("recent")
        rows = stored if isinstance(stored, list) else []
        pairs = [row for row in rows if isinstance(row, list) and len(row) == 2]
        recent = [(ident(local), str(native)) for local, native in pairs]
        return cls(
            **strings,
            left=number(cursor.get("left")) or 0,
            recent=tuple(recent[:RECENT]),
            account_id=ident(record(cursor).get("account_id")),
            started=bool(cursor.get("started")),
        )

    def dump(self) -> Cursor:
        full = {
            "newer": self.newer, "gap": self.gap, "older": self.older, "left": self.left, "etag": self.etag,
            "recent": [list(entry) for entry in self.recent], "account_id": self.account_id,
            "title": self.title, "started": self.started,
        }  # fmt: skip
        return {key: value for key, value in full.items() if value}

    @property
    def natives(self) -> dict[str, str]:
        return {local: native for local, native in self.recent if native}


def after_newest(
    state: State, entries: tuple[Entry, ...], newer: str, older: str, etag: str, limit: int
) -> State:
    """The state after the newest page was read; `limit` is the size of the first back-fill."""
    if not state.started:
        left = max(limit - len(entries), 0) if older and entries else 0
        return replace(
            state,
            started=True,
            newer=newer,
            older=older if left else "",
            left=left,
            etag=etag,
            recent=entries[:RECENT],
        )
    gap = state.gap
    if entries and state.recent and not overlap(state.recent, entries):
        gap = state.newer
    return replace(
        state, newer=newer or state.newer, gap=gap, etag=etag, recent=merged(entries, state.recent)
    )


def after_gap(state: State, entries: tuple[Entry, ...], newer: str, met: bool) -> State:
    """The state after one page of the gap; `met`: it reached what the newest page showed."""
    done = met or not entries or not newer or newer == state.gap
    return replace(state, gap="" if done else newer, recent=merged(state.recent, entries))


def after_older(state: State, entries: tuple[Entry, ...], older: str) -> State:
    """The state after one page of the first back-fill."""
    left = max(state.left - len(entries), 0) if entries and older and older != state.older else 0
    return replace(state, left=left, older=older if left else "", recent=merged(state.recent, entries))


def overlap(recent: tuple[Entry, ...], entries: tuple[Entry, ...]) -> bool:
    """Whether a page shows anything that is already known."""
    known = {local for local, _ in recent}
    return any(local in known for local, _ in entries)


def missing(recent: tuple[Entry, ...], entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Known entries that the newest page should show between others that it does show."""
    shown = {local for local, _ in entries}
    last = max((i for i, (local, _) in enumerate(recent) if local in shown), default=-1)
    return tuple(entry for entry in recent[: last + 1] if entry[0] not in shown)


def without(state: State, entries: tuple[Entry, ...]) -> State:
    gone = {local for local, _ in entries}
    return replace(state, recent=tuple(entry for entry in state.recent if entry[0] not in gone))


def merged(first: tuple[Entry, ...], then: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Both, without repetition, bounded."""
    both: Mapping[str, str] = {**dict(then), **dict(first)}
    order = dict.fromkeys([local for local, _ in first] + [local for local, _ in then])
    return tuple((local, both[local]) for local in order)[:RECENT]
