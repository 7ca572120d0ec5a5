"""Sources that the reader added, their health and their place in the polling queue."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from penchant.app.errors import NoSuchSource
from penchant.app.types import Subscription

from .connection import Database, Row
from .forgotten import welcome
from .ingest import ACTED_ON, recount_people

_COUNT = "(SELECT count(DISTINCT g.item_id) FROM sightings g WHERE g.subscription_id = u.id)"
_COLUMNS = (
    "u.id, u.kind, u.address, u.title, u.settings, u.folder, u.paused, u.cursor, u.added_at, u.last_attempt,"
    " u.last_success, u.next_due, u.interval, u.failures, u.error, u.hint,"
    f" {_COUNT}, u.state, u.done, u.total, coalesce((SELECT value FROM settings WHERE key = 'note ' || u.id), '')"
)
#: Items deleted per transaction when a source goes: a few ms of write lock.
CHUNK = 50
#: Archives of the reader's own are sources that nobody polls.
_POLLED = "kind <> 'export'"


class Subscriptions:
    """Rows of the sources screen."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def add(
        self,
        kind: str,
        address: str,
        title: str = "",
        settings: Mapping[str, Any] | None = None,
        folder: Sequence[str] = (),
        *,
        now: float | None = None,
    ) -> int:
        """Follow a source; its id.

        Adding it again changes nothing, adding a removed one revives it, due at once.
        """
        full = {"address": address, **(settings or {})}
        with self.db.write():
            welcome(self.db, kind, address)
            row = self.db.row(
                "SELECT id, removed_at FROM subscriptions WHERE kind = ? AND address = ?", (kind, address)
            )
            if row and row[1] is None:
                return int(row[0])
            values = (title, json.dumps(full), json.dumps(list(folder)), time.time() if now is None else now)
            if row:
                self.db.run(
                    "UPDATE subscriptions SET title = iif(?1 = '', title, ?1), settings = ?2, folder"
                    " = ?3, added_at = ?4,"
                    " removed_at = NULL, paused = 0, cursor = '{}', next_due = 0, failures = 0,"
                    " error = '', hint = '',"
                    " state = 'idle' WHERE id = ?5",
                    (*values, row[0]),
                )
                return int(row[0])
            self.db.run(
                "INSERT INTO subscriptions(title, settings, folder, added_at, kind, address) VALUES"
                " (?, ?, ?, ?, ?, ?)",
                (*values, kind, address),
            )
            return self.db.last_id

    def remove(self, id_: int) -> None:
        """Stop following: what the reader opened or judged stays, the rest of it goes.

        Raises `NoSuchSource`.
        """
        with self.db.write():
            changed = self.db.run(
                "UPDATE subscriptions SET removed_at = ?, state = 'idle', cursor = '{}', settings = '{}'"
                " WHERE id = ? AND removed_at IS NULL",
                (time.time(), id_),
            )
        if not changed:
            raise NoSuchSource(f"there is no source {id_}")
        self.sweep()

    def sweep(self) -> int:
        """Delete the leftovers of removed sources; returns how many items went.

        Safe to stop and run again.
        """
        total = 0
        for (id_,) in self.db.rows("SELECT id FROM subscriptions WHERE removed_at IS NOT NULL"):
            total += self._sweep_shared(id_)
            while gone := self._sweep_chunk(id_):
                total += gone
                self.db.give_way()
            with self.db.write():
                self.db.run(
                    "DELETE FROM subscriptions WHERE id = ?1 AND removed_at IS NOT NULL"
                    " AND NOT EXISTS (SELECT 1 FROM sightings WHERE subscription_id = ?1)",
                    (id_,),
                )
        return total

    def _sweep_shared(self, id_: int) -> int:
        """Items that another source also brought change hands."""
        while True:
            with self.db.write():
                rows = self.db.rows(
                    "SELECT DISTINCT g.item_id FROM sightings g JOIN sightings o ON o.item_id = g.item_id"
                    " JOIN subscriptions u ON u.id = o.subscription_id AND u.removed_at IS NULL"
                    " WHERE g.subscription_id = ? LIMIT ?",
                    (id_, CHUNK),
                )
                items = [row[0] for row in rows]
                self.db.run_many(
                    "DELETE FROM sightings WHERE item_id = ? AND subscription_id = ?",
                    [(i, id_) for i in items],
                )
                self.db.run_many(
                    "UPDATE items SET subscription_id = (SELECT g.subscription_id FROM sightings g"
                    " JOIN subscriptions u ON u.id = g.subscription_id AND u.removed_at IS NULL"
                    " WHERE g.item_id = items.id ORDER BY g.at, g.subscription_id LIMIT 1)"
                    " WHERE id = ? AND subscription_id = ?",
                    [(i, id_) for i in items],
                )
                recount_people(self.db, items)
            self.db.give_way()
            if len(items) < CHUNK:
                return 0

    def _sweep_chunk(self, id_: int) -> int:
        with self.db.write():
            return self.db.run(
                "DELETE FROM items WHERE id IN (SELECT g.item_id FROM sightings g JOIN items ON"
                " items.id = g.item_id"
                f" WHERE g.subscription_id = ? AND NOT ({ACTED_ON}) LIMIT ?)",
                (id_, CHUNK),
            )

    def all(self, *, counted: bool = True, kinds: Collection[str] = ()) -> list[Subscription]:
        """Every source (`kinds`: of these only), by folder and title; `counted` off saves counting the items (20 ms of
        100,000).
        """
        columns = _COLUMNS if counted else _COLUMNS.replace(_COUNT, "0")
        some = " AND kind IN (SELECT value FROM json_each(?))" if kinds else ""
        rows = self.db.rows(
            f"SELECT {columns} FROM subscriptions u WHERE removed_at IS NULL{some}",
            (json.dumps(sorted(kinds)),) if kinds else (),
        )
        return sorted(
            map(_subscription, rows), key=lambda s: (s.folder, s.title.casefold() or s.address, s.id)
        )

    def verdicts(self) -> dict[int, tuple[int, int]]:
        """Source -> (liked or saved, skipped) items; sources without either are left out."""
        rows = self.db.rows(
            "SELECT i.subscription_id, sum(s.liked OR s.saved), sum(s.skipped AND NOT s.saved) FROM item_state s"
            " JOIN items i ON i.id = s.item_id WHERE (s.liked OR s.saved OR s.skipped) AND i.subscription_id"
            " IS NOT NULL GROUP BY 1"
        )
        return {id_: (liked, skipped) for id_, liked, skipped in rows}

    def get(self, id_: int) -> Subscription | None:
        row = self.db.row(
            f"SELECT {_COLUMNS} FROM subscriptions u WHERE id = ? AND removed_at IS NULL", (id_,)
        )
        return None if row is None else _subscription(row)

    def find(self, name: str) -> Subscription:
        """By number, address or title (or an unambiguous part of either). Raises `NoSuchSource`."""
        everything = self.all()
        wanted = name.strip().casefold()
        for matches in (
            [s for s in everything if str(s.id) == wanted],
            [s for s in everything if wanted in (s.address.casefold(), s.title.casefold())],
            [
                s
                for s in everything
                if wanted and (wanted in s.address.casefold() or wanted in s.title.casefold())
            ],
        ):
            if len(matches) == 1:
                return matches[0]
            if matches:
                names = ", ".join(f"{s.id} ({s.title or s.address})" for s in matches[:5])
                raise NoSuchSource(f"{name} may be any of {names}")
        raise NoSuchSource(f"there is no source {name}")

    def due(self, now: float, limit: int = 1_000) -> list[Subscription]:
        """Sources to poll now: asked for by the reader first, then the longest overdue.

        Paused ones only on request. Their items are not counted.
        """
        rows = self.db.rows(
            f"SELECT {_COLUMNS.replace(_COUNT, '0')} FROM subscriptions u"
            f" WHERE removed_at IS NULL AND {_POLLED} AND state <> 'fetching'"
            " AND (state = 'queued' OR (NOT paused AND next_due <= ?))"
            " ORDER BY state <> 'queued', next_due, id LIMIT ?",
            (now, limit),
        )
        return list(map(_subscription, rows))

    def standing(self, most: int) -> tuple[list[Subscription], int, int, int]:
        """(up to `most` sources that are fetched or wait for it, how many those are, how many fail, how many there
        are): a few milliseconds, also of 10,000.
        """
        rows = self.db.rows(
            f"SELECT {_COLUMNS.replace(_COUNT, '0')} FROM subscriptions u WHERE removed_at IS NULL AND state <> 'idle'"
            " ORDER BY state = 'queued', id LIMIT ?",
            (most,),
        )
        busy, failing, total = self.db.rows(
            "SELECT coalesce(sum(state <> 'idle'), 0), coalesce(sum(error <> '' AND NOT paused), 0), count(*)"
            " FROM subscriptions WHERE removed_at IS NULL"
        )[0]
        return list(map(_subscription, rows)), busy, failing, total

    def next_due(self) -> float | None:
        """When the next poll is due; None while nothing is followed."""
        return self.db.value(
            "SELECT min(iif(state = 'queued', 0, next_due)) FROM subscriptions"
            f" WHERE removed_at IS NULL AND {_POLLED} AND state <> 'fetching' AND (NOT paused OR state = 'queued')"
        )

    def pause(self, id_: int, paused: bool = True) -> None:
        """A resumed source is due at once."""
        self._set(
            id_, "paused = ?1, next_due = iif(?1, next_due, 0), state = iif(?1, 'idle', state)", int(paused)
        )

    def rename(self, id_: int, title: str) -> None:
        """The reader's own name for a source; an empty one gives it back to the source."""
        self._set(id_, "title = ?1, named = (?1 <> '')", title)

    def file(self, id_: int, folder: Sequence[str]) -> None:
        """Put a source into a folder."""
        self._set(id_, "folder = ?1", json.dumps(list(folder)))

    def configure(self, id_: int, settings: Mapping[str, Any]) -> None:
        """Replace the settings of a source; its cursor starts afresh."""
        self._set(id_, "settings = ?1, cursor = '{}', next_due = 0", json.dumps(dict(settings)))

    def move(self, id_: int, address: str) -> bool:
        """The source has a new permanent address; False (and nothing changes) where that one is followed
        already.
        """
        with self.db.write():
            if self.db.row(
                "SELECT 1 FROM subscriptions o JOIN subscriptions u ON u.id = ? AND o.kind = u.kind"
                " WHERE o.address = ?",
                (id_, address),
            ):
                return False
            self._set(id_, "address = ?1, settings = json_set(settings, '$.address', ?1)", address)
        return True

    def queue(self, ids: Sequence[int] | None = None) -> None:
        """Ask for a refresh of some sources, or of all that are not paused."""
        with self.db.write():
            if ids is None:
                self.db.run(
                    "UPDATE subscriptions SET state = 'queued'"
                    f" WHERE state = 'idle' AND NOT paused AND removed_at IS NULL AND {_POLLED}"
                )
            else:
                self.db.run(
                    "UPDATE subscriptions SET state = 'queued' WHERE state = 'idle' AND removed_at IS NULL"
                    f" AND {_POLLED} AND id IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(ids)),),
                )

    def hasten(self, ids: Sequence[int], now: float, gap: float) -> set[int]:
        """Make sources due that something happened at; returns those to ask for again later.

        These are fetched at the moment, or were less than `gap` seconds ago. A failing or paused one keeps its plan:
        the server may have asked for patience.
        """
        later: set[int] = set()
        due: list[int] = []
        for id_, state, last, next_due in self.db.rows(
            "SELECT id, state, coalesce(last_attempt, 0), next_due FROM subscriptions WHERE removed_at IS NULL"
            " AND NOT paused AND failures = 0 AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        ):
            if state == "fetching" or 0 <= now - last < gap:
                later.add(id_)
            elif state == "idle" and next_due > now:
                due.append(id_)
        if due:
            with self.db.write():
                self.db.run(
                    "UPDATE subscriptions SET next_due = ? WHERE state = 'idle' AND failures = 0"
                    " AND id IN (SELECT value FROM json_each(?))",
                    (now, json.dumps(due)),
                )
        return later

    def annotate(self, id_: int, note: str) -> None:
        """Say something of a source that is no error ("" takes it back); costs no write where it is said already."""
        key = f"note {id_}"
        if (self.db.value("SELECT value FROM settings WHERE key = ?", (key,)) or "") == note:
            return
        with self.db.write():
            if note:
                self.db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, note))
            else:
                self.db.run("DELETE FROM settings WHERE key = ?", (key,))

    def replan(self, plans: Sequence[tuple[int, float]], now: float) -> None:
        """New moments for sources (id, next_due) that a wrong clock planned; nothing of them lies after `now`."""
        with self.db.write():
            self.db.run_many(
                "UPDATE subscriptions SET next_due = ?2, last_attempt = min(last_attempt, ?3),"
                " last_success = min(last_success, ?3) WHERE id = ?1",
                [(id_, due, now) for id_, due in plans],
            )

    def mark_fetching(self, *ids: int, total: int | None = None, now: float | None = None) -> None:
        at = time.time() if now is None else now
        with self.db.write():
            for id_ in ids:
                self._set(id_, "state = 'fetching', done = 0, total = ?1, last_attempt = ?2", total, at)

    def progress(self, id_: int, done: int, total: int | None = None) -> None:
        """Items stored so far, of `total` expected where known."""
        self._set(id_, "done = ?1, total = coalesce(?2, total)", done, total)

    def succeeded(
        self,
        id_: int,
        *,
        next_due: float,
        interval: float,
        cursor: Mapping[str, Any] | None = None,
        title: str = "",
        now: float | None = None,
    ) -> None:
        """A whole refresh went well.

        `cursor` only where no page carried it; `title` never replaces the reader's.
        """
        self._set(
            id_,
            "state = 'idle', failures = 0, error = '', hint = '', total = NULL, next_due = ?1, interval = ?2,"
            " cursor = coalesce(?3, cursor), title = iif(named OR ?4 = '', title, ?4), last_success = ?5",
            next_due,
            interval,
            None if cursor is None else json.dumps(dict(cursor)),
            title,
            time.time() if now is None else now,
        )

    def failed(self, id_: int, error: str, hint: str, next_due: float, *, pause: bool = False) -> None:
        """A refresh failed; `pause` for a source that ended for good."""
        self._set(
            id_,
            "state = 'idle', failures = failures + 1, error = ?1, hint = ?2, next_due = ?3, paused ="
            " paused OR ?4,"
            " total = NULL",
            error,
            hint,
            next_due,
            int(pause),
        )

    def recover(self, besides: Collection[int] = ()) -> int:
        """Put back into the queue what a killed worker was fetching, or visits that the archive refused; but not
        `besides`, which are under way.
        """
        with self.db.write():
            return self.db.run(
                "UPDATE subscriptions SET state = 'queued', total = NULL WHERE state = 'fetching'"
                " AND id NOT IN (SELECT value FROM json_each(?))",
                (json.dumps(sorted(besides)),),
            )

    def _set(self, id_: int, assignments: str, *values: Any) -> None:
        with self.db.write():
            self.db.run(
                f"UPDATE subscriptions SET {assignments} WHERE id = ?{len(values) + 1} AND removed_at"
                f" IS NULL",
                (*values, id_),
            )


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row[0],
        kind=row[1],
        address=row[2],
        title=row[3],
        settings=json.loads(row[4]),
        folder=tuple(json.loads(row[5])),
        paused=bool(row[6]),
        cursor=json.loads(row[7]),
        added_at=row[8],
        last_attempt=row[9],
        last_success=row[10],
        next_due=row[11],
        interval=row[12],
        failures=row[13],
        error=row[14],
        hint=row[15],
        items=row[16],
        state=row[17],
        done=row[18],
        total=row[19],
        note=row[20],
    )
