"""The append-only record of what the reader did, and the marks that follow from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from penchant.app.types import UNDOABLE, Event, EventKind, Marks

from .connection import Database, Row

_COLUMNS = "seq, id, kind, item_id, value, view, position, shown_score, head_version, session, undoes, at"
_INSERT = (
    "INSERT INTO events(id, kind, item_id, value, view, position, shown_score, head_version,"
    " session, undoes, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FORGET = "DELETE FROM item_state WHERE item_id = ?"
_DERIVE = (
    "INSERT OR REPLACE INTO item_state SELECT * FROM derived_state"
    " WHERE item_id = ? AND item_id IN (SELECT id FROM items)"
)
_UNDOABLE = ", ".join(f"'{kind}'" for kind in UNDOABLE)


class Events:
    """Events are written once and never changed; `item_state` is what the live ones say."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def append(self, events: Iterable[Event]) -> None:
        """Store events and their marks in one transaction; an id that is already there is ignored.

        Durable on return on a durable connection. Raises `StoreError`; then none is stored.
        """
        batch = list(events)
        if not batch:
            return
        rows = [
            (
                event.id,
                event.kind,
                event.item_id,
                json.dumps(dict(event.value), ensure_ascii=False, separators=(",", ":")),
                event.view,
                event.position,
                event.shown_score,
                event.head_version,
                event.session,
                event.undoes,
                event.at,
            )
            for event in batch
        ]
        with self.db.urgent():
            self.db.run_many(_INSERT, rows)
            touched = {event.item_id for event in batch if event.item_id is not None}
            touched |= self._undone_items(batch)
            changed = [(item_id,) for item_id in sorted(touched)]
            self.db.run_many(_FORGET, changed)
            self.db.run_many(_DERIVE, changed)

    def _undone_items(self, batch: Sequence[Event]) -> set[int]:
        """Items whose events the batch retracts, or retracted before they came (import order is free)."""
        targets = [event.undoes for event in batch if event.undoes]
        if not targets:
            return set()
        found = self.db.rows(
            "SELECT DISTINCT item_id FROM events WHERE item_id IS NOT NULL"
            " AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(targets),),
        )
        return {item_id for (item_id,) in found}

    def since(self, seq: int, limit: int = 1_000) -> list[tuple[int, Event]]:
        """Up to `limit` events after `seq`, in order, undos and retracted ones included."""
        sql = f"SELECT {_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return [_event(row) for row in self.db.rows(sql, (seq, limit))]

    def live(self, upto: int | None = None, *, after: int = 0) -> list[tuple[int, Event]]:
        """Events that count, in order: no undo and nothing retracted.

        With `upto`, exactly what counted when that event was the last one.
        """
        last = self.last_seq() if upto is None else upto
        sql = (
            f"SELECT {_COLUMNS} FROM events e WHERE seq > ? AND seq <= ? AND kind <> 'undo' AND NOT EXISTS"
            " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo' AND u.seq <= ?) ORDER BY seq"
        )
        return [_event(row) for row in self.db.rows(sql, (after, last, last))]

    def last_seq(self) -> int:
        """Sequence number of the newest event, 0 where there is none."""
        return int(self.db.value("SELECT max(seq) FROM events") or 0)

    def get(self, event_id: str) -> Event | None:
        row = self.db.row(f"SELECT {_COLUMNS} FROM events WHERE id = ?", (event_id,))
        return None if row is None else _event(row)[1]

    def last_undoable(self, session: str | None = None) -> Event | None:
        """The newest live decision made here, of one session or of any; an import is undone as a whole."""
        clause = "" if session is None else " AND session = ?"
        sql = (
            f"SELECT {_COLUMNS} FROM live_events WHERE kind IN ({_UNDOABLE}){clause}"
            " AND value ->> 'exported' IS NULL AND value ->> 'elsewhere' IS NULL"
            " ORDER BY seq DESC LIMIT 1"
        )
        row = self.db.row(sql, () if session is None else (session,))
        return None if row is None else _event(row)[1]

    def last_live(self, item_id: int, kind: EventKind) -> Event | None:
        """The newest live event of a kind on an item: what a second press of its key takes back."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE item_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1"
        row = self.db.row(sql, (item_id, kind))
        return None if row is None else _event(row)[1]

    def of_item(self, item_id: int) -> list[Event]:
        """The live events of one item, in order."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE item_id = ? ORDER BY seq"
        return [_event(row)[1] for row in self.db.rows(sql, (item_id,))]

    def marks(self, ids: Sequence[int]) -> dict[int, Marks]:
        """Marks of the items that have any."""
        sql = (
            "SELECT item_id, seen, opened, liked, skipped, saved, later FROM item_state"
            " WHERE item_id IN (SELECT value FROM json_each(?))"
        )
        return {row[0]: Marks(*map(bool, row[1:])) for row in self.db.rows(sql, (json.dumps(list(ids)),))}

    def mutes(self) -> list[Event]:
        """Live mute events, oldest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM events e WHERE kind = 'mute' AND NOT EXISTS"
            " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo') ORDER BY seq"
        )
        return [_event(row)[1] for row in self.db.rows(sql)]

    def of_kind(self, *kinds: EventKind) -> list[Event]:
        """Live events of these kinds, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY seq"
        return [_event(row)[1] for row in self.db.rows(sql, (json.dumps(kinds),))]

    def any_of(self, *kinds: EventKind) -> bool:
        """Whether a live event of one of these kinds exists."""
        sql = "SELECT EXISTS (SELECT 1 FROM live_events WHERE kind IN (SELECT value FROM json_each(?)))"
        return bool(self.db.value(sql, (json.dumps(kinds),)))

    def dials(self) -> dict[tuple[str, str], float]:
        """How the dials stand, by (what, key); what is absent stands at 1."""
        found = {}
        for event in self.of_kind("dial"):
            found[str(event.value.get("what")), str(event.value.get("key"))] = float(event.value.get("value", 1.0))
        return found

    def count(self) -> int:
        return int(self.db.value("SELECT count(*) FROM events"))

    def rebuild_state(self) -> int:
        """Derive every mark again from the events; returns the number of rows. The result is the same."""
        with self.db.write():
            self.db.run("DELETE FROM item_state")
            self.db.run(
                "INSERT INTO item_state SELECT * FROM derived_state WHERE item_id IN (SELECT id FROM items)"
            )
            return self.db.apsw.changes()


def _event(row: Row) -> tuple[int, Event]:
    seq, id_, kind, item_id, value, view, position, shown, head, session, undoes, at = row
    return seq, Event(
        kind=kind,
        item_id=item_id,
        value=json.loads(value),
        view=view,
        position=position,
        shown_score=shown,
        head_version=head,
        session=session,
        undoes=undoes,
        id=id_,
        at=at,
    )
