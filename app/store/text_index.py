"""Keeping the full-text tables in step with new items; edits and deletions are triggers' work
(schema.sql).
"""

from __future__ import annotations

from .connection import Database

_TABLES = {"search": "items", "search_unspaced": "unspaced"}
#: Index pages written per merge step: 2-3 ms of write lock.
STEP = 32


def add(db: Database, first: int, last: int) -> None:
    """Index the items with ids `first` to `last`, inside the transaction that inserted them."""
    for table, content in _TABLES.items():
        db.run(
            f"INSERT INTO {table}(rowid, title, text, author, alt)"
            f" SELECT id, title, text, author, alt FROM {content} WHERE id BETWEEN ? AND ?",
            (first, last),
        )


def merge(db: Database) -> None:
    """Merge small segments step by step, letting others write in between; nothing to do costs next
    to nothing.
    """
    for table in _TABLES:
        while True:
            with db.write():
                before = db.apsw.total_changes()
                db.run(f"INSERT INTO {table}({table}, rank) VALUES ('merge', ?)", (STEP,))
                # FTS5's documented sign that no merge is left: fewer than two changes.
                idle = db.apsw.total_changes() - before < 2
            if idle:
                break
            db.give_way()
