"""Which items a vector is of: triggers keep the pairs in step with the texts (vector_items.sql)."""

from __future__ import annotations

from .condition import Condition
from .connection import Database

_PAIRS = "SELECT e.id, i.id FROM embeddings e CROSS JOIN items i ON i.content_hash = e.content_hash"
#: A condition that speaks of nothing but the item's id is asked without the item.
_OF_ID = "CROSS JOIN (SELECT embedding_id, item_id AS id FROM vector_items) i ON i.embedding_id = c.value"
_OF_ROW = "CROSS JOIN vector_items p ON p.embedding_id = c.value CROSS JOIN items i ON i.id = p.item_id"


def passing(where: Condition) -> str:
    """SQL for (item id, embedding id) of what passes; its parameters are embedding ids (`bound`), then `where`'s."""
    return f"SELECT i.id, c.value FROM carray(?) c {_OF_ROW if where.needs_row else _OF_ID} WHERE {where.sql}"


def wrong(db: Database) -> int:
    """Pairs that lack or are too many."""
    pairs = "SELECT embedding_id, item_id FROM vector_items"
    return int(db.value(
        f"SELECT (SELECT count(*) FROM ({_PAIRS} EXCEPT {pairs})) + (SELECT count(*) FROM ({pairs} EXCEPT {_PAIRS}))"
    ))  # fmt: skip


def remake(db: Database) -> None:
    """All pairs anew, in one transaction: some seconds for a million vectors."""
    with db.write():
        db.run("DELETE FROM vector_items")
        db.run(f"INSERT INTO vector_items {_PAIRS} ORDER BY 1, 2")
