"""What the worker publishes: heads, scores with their parts, and the For you order."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from .connection import Database

#: Rows per transaction: about 2 ms of write lock, so that a key never waits for a publication.
CHUNK = 400
#: Old heads kept so that events can still be traced to the model that was on screen.
HEADS_KEPT = 5

ScoreRow = tuple[int, float, float, str]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Score:
    """One item's last published score; `parts` maps an expert to its share of the logit."""

    item_id: int
    logit: float
    probability: float
    parts: Mapping[str, Any]
    head_version: int


@dataclass(frozen=True, slots=True)
class Head:
    """A snapshot of the model that has learned every event through `through_seq`."""

    version: int
    through_seq: int
    made_at: float
    meta: Mapping[str, Any]
    blob: bytes


class Scores:
    """Published by one worker; read by everybody."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def publish(
        self,
        rows: Iterable[ScoreRow],
        order: Sequence[int],
        head_version: int,
        *,
        folded: Mapping[int, int] | None = None,
        notes: Mapping[int, str] | None = None,
    ) -> None:
        """Store (item_id, logit, probability, parts_json) rows, then show `order` as For you at once.

        `folded`: items that stand behind another one of their story, which they name; `notes`: why an
        item stands where it does. Items that were deleted meanwhile are skipped. Short transactions;
        killed in between, the old order stays and the next publication cleans up.
        """
        for chunk in _chunks(rows):
            with self.db.write():
                self.db.run_many(
                    "INSERT OR REPLACE INTO scores SELECT ?1, ?2, ?3, ?4, ?5"
                    " WHERE EXISTS (SELECT 1 FROM items WHERE id = ?1)",
                    [(*row, head_version) for row in chunk],
                )
            self.db.give_way()
        notes = notes or {}
        shown = [(item_id, 0, notes.get(item_id, "")) for item_id in order]
        # Behind everything: they come to light once nobody stands before them any more.
        self._show([*shown, *((member, leader, "") for member, leader in (folded or {}).items())])

    def _show(self, order: Sequence[tuple[int, int, str]]) -> None:
        current = self.generation()
        self._drop_other_generations(current)
        fresh = current + 1
        for chunk in _chunks(enumerate(order)):
            with self.db.write():
                self.db.run_many(
                    "INSERT INTO ranking(generation, position, item_id, leader, note)"
                    " SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM items WHERE id = ?3)",
                    [(fresh, position, *row) for position, row in chunk],
                )
            self.db.give_way()
        with self.db.write():
            self.db.run("INSERT OR REPLACE INTO settings VALUES ('ranking', ?)", (fresh,))
        self._drop_other_generations(fresh)

    def _drop_other_generations(self, keep: int) -> None:
        while True:
            with self.db.write():
                gone = self.db.run(
                    "DELETE FROM ranking WHERE (generation, position) IN"
                    " (SELECT generation, position FROM ranking WHERE generation <> ? LIMIT ?)",
                    (keep, CHUNK),
                )
            if gone < CHUNK:
                return
            self.db.give_way()

    def generation(self) -> int:
        """Number of the order on show, 0 before the first."""
        return int(self.db.value("SELECT value FROM settings WHERE key = 'ranking'") or 0)

    def latest(self, ids: Sequence[int]) -> dict[int, Score]:
        """Published scores of those of `ids` that have one."""
        sql = (
            "SELECT item_id, logit, probability, parts, head_version FROM scores"
            " WHERE item_id IN (SELECT value FROM json_each(?))"
        )
        return {
            row[0]: Score(row[0], row[1], row[2], json.loads(row[3] or "{}"), row[4])
            for row in self.db.rows(sql, (json.dumps(list(ids)),))
        }

    def put_head(
        self, version: int, through_seq: int, blob: bytes, meta: Mapping[str, Any] | None = None
    ) -> None:
        """Store a snapshot; the newest few are kept."""
        with self.db.write():
            self.db.run(
                "INSERT OR REPLACE INTO heads(version, through_seq, made_at, meta, blob) VALUES (?,"
                " ?, ?, ?, ?)",
                (version, through_seq, time.time(), json.dumps(dict(meta or {})), blob),
            )
            self.db.run(
                "DELETE FROM heads WHERE version NOT IN (SELECT version FROM heads ORDER BY version"
                " DESC LIMIT ?)",
                (HEADS_KEPT,),
            )
            self.db.run("DELETE FROM settings WHERE key = 'unranked'")

    def put_off(self) -> None:
        """Record that items came which the next head must rank, whoever makes it."""
        with self.db.write():
            self.db.run("INSERT OR REPLACE INTO settings VALUES ('unranked', 1)")

    def was_put_off(self) -> bool:
        return self.db.value("SELECT 1 FROM settings WHERE key = 'unranked'") is not None

    def forget(self) -> None:
        """Have the model learn everything again; versions count on, since events name them."""
        with self.db.write():
            self.db.run("UPDATE heads SET blob = x''")

    def behind(self) -> bool:
        """Whether events came after those that the newest head knows; costs some 20 microseconds."""
        newest = "SELECT through_seq FROM heads ORDER BY version DESC LIMIT 1"
        return bool(self.db.value(f"SELECT coalesce(max(seq), 0) > coalesce(({newest}), 0) FROM events"))

    def head(self) -> Head | None:
        """The newest snapshot."""
        row = self.db.row(
            "SELECT version, through_seq, made_at, meta, blob FROM heads ORDER BY version DESC LIMIT 1"
        )
        return None if row is None else Head(row[0], row[1], row[2], json.loads(row[3]), row[4])


def _chunks(rows: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
