"""What the judge's lane asks of the archive."""

from __future__ import annotations

from collections.abc import Iterable

from .bound import WHOLE, bound
from .connection import Database


def standing(db: Database, item_ids: Iterable[int]) -> list[tuple[int, bytes, float, int | None, float]]:
    """(id, content_hash, when it appeared, its place in the stored order, its probability) of whole items."""
    return [
        (int(row[0]), row[1], float(row[2]), row[3], float(row[4]))
        for row in db.rows(
            "SELECT h.id, h.content_hash, h.sort_at, r.position, coalesce(s.probability, 0.5)"
            " FROM carray(?) c CROSS JOIN items h ON h.id = c.value"
            " LEFT JOIN scores s ON s.item_id = h.id"
            " LEFT JOIN ranking r ON r.item_id = h.id"
            " AND r.generation = (SELECT value FROM settings WHERE key = 'ranking')"
            f" WHERE {WHOLE}",
            (bound(item_ids),),
        )
    ]


def formed(db: Database, model: str, kind: str, item_ids: Iterable[int]) -> dict[bytes, tuple[str, float]]:
    """content_hash -> (history, when), of the texts of those items that have such an opinion."""
    return {
        row[0]: (str(row[1]), float(row[2]))
        for row in db.rows(
            "SELECT o.content_hash, o.history, o.at FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
            " CROSS JOIN opinions o ON o.model = ? AND o.kind = ? AND o.content_hash = i.content_hash",
            (bound(item_ids), model, kind),
        )
    }


def without_vector(db: Database, space: str, item_ids: Iterable[int]) -> set[bytes]:
    """The texts of those items that have no vector in a space."""
    return {
        row[0]
        for row in db.rows(
            "SELECT i.content_hash FROM carray(?) c CROSS JOIN items i ON i.id = c.value WHERE NOT EXISTS"
            " (SELECT 1 FROM embeddings e WHERE e.space_id = (SELECT id FROM spaces WHERE name = ?)"
            " AND e.content_hash = i.content_hash)",
            (bound(item_ids), space),
        )
    }


def last_event_at(db: Database) -> float | None:
    """When the newest event happened (Unix seconds); an import's say when the act was."""
    at = db.value("SELECT at FROM events ORDER BY seq DESC LIMIT 1")
    return None if at is None else float(at)


def voices(db: Database) -> tuple[object, ...]:
    """Changes whenever a model says more of any text, or the ranking is to hear another one; costs microseconds."""
    row = db.row(
        "SELECT (SELECT max(seq) FROM opinions),"
        " (SELECT group_concat(key || value, ' ' ORDER BY key) FROM settings"
        " WHERE key IN ('judge.model', 'space.hidden', 'space.picture', 'space.sentence'))"
    )
    return row or (None, None)
