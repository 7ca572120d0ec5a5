"""Keeping the full-text tables in step with new items; edits and deletions are triggers' work
(schema.sql).
"""

from __future__ import annotations

import re

from .connection import Database

#: Covers every range of the view `unspaced`.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\U0010ffff]")
_TABLES = {"search": "items", "search_unspaced": "unspaced"}
#: Index pages written per merge step: 2-3 ms of write lock.
STEP = 32


def add(db: Database, first: int, last: int, *, unspaced: bool = True) -> None:
    """Index the items with ids `first` to `last`, inside the transaction that inserted them.

    `unspaced`: some of them may belong into `search_unspaced` (it looks at each).
    """
    for table, content in _TABLES.items():
        if table == "search" or unspaced:
            db.run(
                f"INSERT INTO {table}(rowid, title, text, author, alt)"
                f" SELECT id, title, text, author, alt FROM {content} WHERE id BETWEEN ? AND ?",
                (first, last),
            )


def may_be_unspaced(text: str, *others: str) -> bool:
    """Whether the view `unspaced` (schema.sql) may hold an item of this text; never wrongly no."""
    if not text.isascii() and 16 * (len(text.encode("utf-8", "surrogatepass")) - len(text)) > len(text):
        others = (text, *others)
    return any(not column.isascii() and _UNSPACED.search(column) for column in others)


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
