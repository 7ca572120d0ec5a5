"""What the archive and a reader server last agreed on about each entry: read, starred."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .connection import Database

#: Newest entries of an account that are kept in step.
MOST = 10_000
#: Rows written in one transaction.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class State:
    """Whether an entry is read and whether it is starred."""

    read: bool = False
    starred: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a server and the item it is here.

    `agreed` is None before the first agreement, `at` when the last one was; `toggled` is when the reader last
    saved the item here or took that back, 0 for never (Unix seconds).
    """

    entry: str
    item_id: int
    native_id: str
    here: State
    agreed: State | None
    at: float = 0.0
    toggled: float = 0.0


_ENTRIES = """
SELECT substr(a.native_id, length(:prefix) + 1), a.item_id, a.native_id,
    coalesce(s.seen, 0), coalesce(s.saved, 0), r.read, r.starred, coalesce(r.at, 0.0),
    coalesce((SELECT max(e.at) FROM events e WHERE e.item_id = a.item_id AND e.value ->> 'elsewhere' IS NULL
        AND (e.kind = 'save' OR (e.kind = 'undo' AND EXISTS
            (SELECT 1 FROM events u WHERE u.id = e.undoes AND u.kind = 'save')))), 0.0)
FROM aliases a
LEFT JOIN item_state s ON s.item_id = a.item_id
LEFT JOIN remote_states r ON r.subscription_id = :sub AND r.entry = substr(a.native_id, length(:prefix) + 1)
WHERE a.kind = :kind AND a.native_id >= :prefix AND a.native_id < :end
ORDER BY a.item_id DESC LIMIT :most
"""


#: Removed sources agree on nothing, and items may have gone meanwhile.
_AGREE = (
    "INSERT OR REPLACE INTO remote_states SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?3 IN (SELECT id FROM items)"
    " AND ?1 IN (SELECT id FROM subscriptions WHERE removed_at IS NULL)"
)


class RemoteStates:
    """One row for each entry of each account, gone with its item or its source."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def entries(self, subscription_id: int, kind: str, prefix: str) -> list[Entry]:
        """The newest entries of an account; `prefix` is what its native ids begin with."""
        given = {"sub": subscription_id, "kind": kind, "prefix": prefix, "most": MOST}
        rows = self.db.rows(_ENTRIES, given | {"end": prefix[:-1] + chr(ord(prefix[-1]) + 1)})
        return [
            Entry(
                row[0], row[1], row[2], State(bool(row[3]), bool(row[4])),
                None if row[5] is None else State(bool(row[5]), bool(row[6])), row[7], row[8],
            )
            for row in rows
        ]  # fmt: skip

    def agree(self, subscription_id: int, agreed: Iterable[tuple[str, int, State]], now: float | None = None) -> None:
        """Remember what is agreed of (entry, item). Items that went meanwhile are left out."""
        at = time.time() if now is None else now
        rows = [(subscription_id, entry, item, int(s.read), int(s.starred), at) for entry, item, s in agreed]
        for start in range(0, len(rows), CHUNK):
            with self.db.write():
                self.db.run_many(_AGREE, rows[start : start + CHUNK])

    def told(
        self, subscription_id: int, entries: Iterable[tuple[str, int]], *, read: bool | None = None,
        starred: bool | None = None, now: float | None = None,
    ) -> None:  # fmt: skip
        """The server took this over for (entry, item): agreed from now on. None leaves a side as it was."""
        at = time.time() if now is None else now
        with self.db.write():
            for entry, item in entries:
                old = self.db.row(
                    "SELECT read, starred FROM remote_states WHERE subscription_id = ? AND entry = ?",
                    (subscription_id, entry),
                ) or (0, 0)
                new = (old[0] if read is None else int(read), old[1] if starred is None else int(starred))
                self.db.run(_AGREE, (subscription_id, entry, item, *new, at))

    def live_saves(self, item_ids: Sequence[int]) -> dict[int, list[str]]:
        """Ids of the events that save these items, by item."""
        found: dict[int, list[str]] = {}
        for item in item_ids:
            rows = self.db.rows("SELECT id FROM live_events WHERE item_id = ? AND kind = 'save' ORDER BY seq", (item,))
            found[item] = [id_ for (id_,) in rows]
        return found
