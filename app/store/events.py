"""The append-only record of what the reader did, and the marks that follow from it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence

from penchant.app.types import UNDOABLE, Event, EventKind, Marks

from .connection import Database, Row

_COLUMNS = (
    "seq, id, kind, item_id, value, view, position, shown_score, head_version, session, undoes, at, clock, origin"
)
_INSERT = (
    "INSERT INTO events(id, kind, item_id, value, view, position, shown_score, head_version,"
    " session, undoes, at, clock, origin)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
#: Seconds between two events at the same time, and the latest time that is believed of another machine: beyond
#: it (the year 5138) float64 has no room for such steps.
_STEP, _ENDS = 1e-6, 1e11
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
        values = [json.dumps(dict(event.value), ensure_ascii=False, separators=(",", ":")) for event in batch]
        with self.db.urgent():
            clock = float(self.db.value("SELECT max(clock) FROM events") or 0.0)
            rows = []
            for event, value in zip(batch, values, strict=True):
                if not event.origin:
                    clock = max(event.at or 0.0, clock + max(_STEP, math.ulp(clock)))
                rows.append(_row(event, value, event.clock if event.origin else clock))
            self.db.run_many(_INSERT, rows)
            self._derive(batch)

    def merge(self, events: Iterable[Event]) -> int:
        """Store events of other machines (`origin` and `clock` are theirs); returns how many were new.

        One that is known keeps the earlier of both clocks, so that all machines come to the same order.
        Raises `ValueError` for a clock that makes no sense.
        """
        batch = list(events)
        if not all(event.origin and 0.0 <= event.clock < _ENDS for event in batch):
            raise ValueError("an event of another machine needs an origin and a time")
        with self.db.urgent():
            before = self.count()
            self.append(batch)
            self.db.run_many(
                "UPDATE events SET clock = ?1 WHERE id = ?2 AND clock > ?1",
                [(event.clock, event.id) for event in batch],
            )
            self._derive(batch)
            return self.count() - before

    def _derive(self, batch: Sequence[Event]) -> None:
        """Make the marks of all items anew that the events name or retract."""
        touched = {event.item_id for event in batch if event.item_id is not None}
        changed = [(item_id,) for item_id in sorted(touched | self._undone_items(batch))]
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

    def in_order(self) -> Iterator[tuple[int, Event]]:
        """All events in the order that machines agree on, undos and retracted ones included."""
        sql = (
            f"SELECT {_COLUMNS} FROM events WHERE (clock, id) > (?, ?) AND seq <= ? ORDER BY clock, id LIMIT 5000"
        )
        after, last = (-1.0, ""), self.last_seq()
        while rows := self.db.rows(sql, (*after, last)):
            for row in rows:
                yield _event(row)
            after = rows[-1][12], rows[-1][1]

    def since(self, seq: int, limit: int = 1_000) -> list[tuple[int, Event]]:
        """Up to `limit` events after `seq` as they were stored, undos and retracted ones included."""
        sql = f"SELECT {_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
        return [_event(row) for row in self.db.rows(sql, (seq, limit))]

    def live(self, upto: int | None = None, *, after: int = 0) -> list[tuple[int, Event]]:
        """Events that count, in order: no undo and nothing retracted.

        With `upto`, exactly what counted when that event was the last one.
        """
        last = self.last_seq() if upto is None else upto
        sql = (
            f"SELECT {_COLUMNS} FROM events e WHERE seq > ? AND seq <= ? AND kind <> 'undo' AND NOT EXISTS"
            " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo' AND u.seq <= ?)"
            " ORDER BY clock, id"
        )
        return [_event(row) for row in self.db.rows(sql, (after, last, last))]

    def last_seq(self, *, own: bool = False) -> int:
        """Sequence number of the newest event (`own`: that this machine made), 0 where there is none."""
        where = "WHERE origin = ''" if own else ""
        return int(self.db.value(f"SELECT seq FROM events {where} ORDER BY seq DESC LIMIT 1") or 0)

    def get(self, event_id: str) -> Event | None:
        row = self.db.row(f"SELECT {_COLUMNS} FROM events WHERE id = ?", (event_id,))
        return None if row is None else _event(row)[1]

    def last_undoable(self, session: str | None = None) -> Event | None:
        """The newest live decision made here, of one session or of any; an import is undone as a whole, and what was
        seen at the end of a blind test stays seen.
        """
        clause = "" if session is None else " AND session = ?"
        sql = (
            f"SELECT {_COLUMNS} FROM live_events WHERE kind IN ({_UNDOABLE}){clause}"
            " AND value ->> 'exported' IS NULL AND value ->> 'elsewhere' IS NULL"
            " AND NOT (kind = 'voice' AND value ->> 'what' = 'unblind')"
            " ORDER BY clock DESC, id DESC LIMIT 1"
        )
        row = self.db.row(sql, () if session is None else (session,))
        return None if row is None else _event(row)[1]

    def last_live(self, item_id: int, kind: EventKind) -> Event | None:
        """The newest live event of a kind on an item: what a second press of its key takes back."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE item_id = ? AND kind = ? ORDER BY clock DESC, id DESC LIMIT 1"
        row = self.db.row(sql, (item_id, kind))
        return None if row is None else _event(row)[1]

    def of_item(self, item_id: int) -> list[Event]:
        """The live events of one item, in order."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE item_id = ? ORDER BY clock, id"
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
            " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo') ORDER BY clock, id"
        )
        return [_event(row)[1] for row in self.db.rows(sql)]

    def of_kind(self, *kinds: EventKind) -> list[Event]:
        """Live events of these kinds, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM live_events WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY clock, id"
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
    seq, id_, kind, item_id, value, view, position, shown, head, session, undoes, at, clock, origin = row
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
        clock=clock,
        origin=origin,
    )


def _row(event: Event, value: str, clock: float) -> Row:
    return (
        event.id, event.kind, event.item_id, value, event.view, event.position, event.shown_score, event.head_version,
        event.session, event.undoes, event.at, clock, event.origin,
    )  # fmt: skip
