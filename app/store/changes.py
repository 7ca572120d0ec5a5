"""The worker's queue of items to embed and score; triggers fill it, sequence numbers consume it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .connection import Database


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an item."""

    seq: int
    item_id: int
    action: Literal["new", "edit", "delete"]


class Changes:
    """At least once: a change stays until `done`, so a worker killed in between sees it again."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def pending(self, after_seq: int = 0, limit: int = 1_000) -> list[Change]:
        """Up to `limit` changes after `after_seq`, in order."""
        sql = "SELECT seq, item_id, action FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"
        return [Change(*row) for row in self.db.rows(sql, (after_seq, limit))]

    def count(self) -> int:
        return int(self.db.value("SELECT count(*) FROM changes"))

    def done(self, upto_seq: int) -> None:
        """Forget the changes up to and including `upto_seq`."""
        with self.db.write():
            self.db.run("DELETE FROM changes WHERE seq <= ?", (upto_seq,))
