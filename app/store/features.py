"""Word statistics of texts: opaque blobs keyed by content_hash, made by the ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .bound import WHOLE, bound, items_of
from .connection import Database
from .rows import load_tags

_VERSION = "features.version"


class Features:
    """`store.features`. A blob belongs to a text, so equal texts share one."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def put(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Store (content_hash, blob) pairs; a newer blob replaces the older."""
        pairs = list(rows)
        if pairs:
            with self.db.write():
                self.db.run_many("INSERT OR REPLACE INTO features(content_hash, words) VALUES (?, ?)", pairs)

    def get(self, item_ids: Sequence[int]) -> dict[int, bytes]:
        """The blobs of those items that have one."""
        if not item_ids:
            return {}
        return {
            int(item_id): words
            for item_id, words in self.db.rows(
                "SELECT i.id, f.words FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
                " CROSS JOIN features f ON f.content_hash = i.content_hash",
                (bound(sorted(set(item_ids))),),
            )
        }

    def missing(
        self, limit: int = 1_000, *, item_ids: Iterable[int] | None = None
    ) -> list[tuple[int, bytes, str, str, tuple[str, ...]]]:
        """Up to `limit` texts without a blob: (first item of it, content_hash, title, text, tags).

        With `item_ids` only the texts of those items are looked at.
        """
        source, params = items_of(item_ids)
        return [
            (int(row[0]), row[1], row[2], row[3], load_tags(row[4]))
            for row in self.db.rows(
                f"""SELECT i.id, i.content_hash, i.title, i.text, i.tags FROM items i
                WHERE i.id IN (
                    SELECT min(h.id) FROM {source}
                    WHERE {WHOLE} AND NOT EXISTS (SELECT 1 FROM features f WHERE f.content_hash = h.content_hash)
                    GROUP BY h.content_hash LIMIT ?)
                ORDER BY i.id""",
                (*params, limit),
            )
        ]

    def count(self) -> int:
        return int(self.db.value("SELECT count(*) FROM features"))

    def version(self) -> str:
        """What made the blobs; '' where none has been said."""
        return str(self.db.value("SELECT value FROM settings WHERE key = ?", (_VERSION,)) or "")

    def require(self, version: str) -> bool:
        """Drop every blob that another version of the encoder made; returns whether any was dropped."""
        if self.version() == version:
            return False
        with self.db.write():
            dropped = self.db.run("DELETE FROM features")
            self.db.run("INSERT OR REPLACE INTO settings(key, value) VALUES (?, ?)", (_VERSION, version))
        return dropped > 0

    def prune(self) -> int:
        """Delete the blobs of texts that no item has any more; returns how many."""
        with self.db.write():
            return self.db.run(
                "DELETE FROM features WHERE NOT EXISTS"
                " (SELECT 1 FROM items i WHERE i.content_hash = features.content_hash)"
            )
