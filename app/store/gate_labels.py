"""What the reader did with items, as the gate sees it: one row for each item. SQL only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .bound import bound
from .connection import Database
from .events import Events
from .gate_protect import ACTS
from .mutes import condition
from .real import real


class Evidence(NamedTuple):
    """Everything that live events say of one item. Times are of the telling event, Unix seconds."""

    item_id: int
    at: float
    kept: bool
    liked: bool
    saved: bool
    opened: bool
    later: bool
    searched: bool
    dwell: float
    against: str


#: `kept`: the last decision is for it. `searched`: opened or liked from the search.
_EVIDENCE = f"""
SELECT item_id, max(at) FILTER (WHERE kind IN {ACTS} OR kind IN ('skip', 'mute', 'impression')),
    coalesce(max(clock) FILTER (WHERE kind IN ('like', 'save', 'later')), 0)
        >= coalesce(max(clock) FILTER (WHERE kind IN ('skip', 'mute')), 0),
    max(kind = 'like'), max(kind = 'save'), max(kind = 'open'), max(kind = 'later'),
    max(view = 'search' AND kind IN ('open', 'like', 'save')),
    coalesce(max(CASE WHEN kind = 'dwell' THEN CAST(value ->> 'seconds' AS REAL) END), 0.0),
    CASE WHEN max(kind = 'skip') THEN 'skipped' WHEN max(kind = 'mute') THEN 'muted' ELSE '' END
FROM live_events WHERE item_id IS NOT NULL
    AND kind IN ('impression', 'open', 'dwell', 'like', 'skip', 'save', 'later', 'mute')
    AND item_id IN (SELECT id FROM items) AND {real('item_id')} AND value ->> 'exported' IS NULL
    AND NOT (kind = 'impression' AND value ->> 'elsewhere' IS NOT NULL)
"""


def evidence(db: Database, upto: float | None = None) -> list[Evidence]:
    """Of every item that an event names, in order of time; with `upto` as it was then."""
    when = "" if upto is None else "AND at <= ?"
    rows = db.rows(f"{_EVIDENCE} {when} GROUP BY item_id ORDER BY 2, 1", () if upto is None else (upto,))
    return [
        Evidence(row[0], row[1], *map(bool, row[2:8]), float(row[8]), row[9])  # type: ignore[call-arg,arg-type]
        for row in rows
    ]


def ignored(db: Database, before: float, now: float | None = None) -> list[tuple[int, float]]:
    """(item, when it came) of items that came before a time and that no event names, as of `now`.

    Dropped ones too: their titles, sources and tags still tell what is not worth keeping.
    """
    return [
        (int(item_id), float(at))
        for item_id, at in db.rows(
            "SELECT i.id, i.first_seen FROM items i WHERE i.first_seen < ?1 AND i.deleted_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item_id = i.id AND (?2 IS NULL OR e.at <= ?2))"
            " ORDER BY i.first_seen, i.id",
            (before, now),
        )
    ]


def count(db: Database, before: float) -> tuple[int, int]:
    """(items acted on, items passed over or unseen since before a time)."""
    row = db.row(
        f"SELECT count(*) FILTER (WHERE act), count(*) FILTER (WHERE NOT act) FROM (SELECT max(kind IN {ACTS}) AS act"
        f" FROM live_events WHERE item_id IN (SELECT id FROM items) AND {real('item_id')}"
        " AND kind IN ('impression', 'open', 'dwell', 'like', 'skip', 'save', 'later', 'mute') GROUP BY item_id)"
    )
    unseen = db.value(
        "SELECT count(*) FROM items i WHERE i.first_seen < ? AND i.deleted_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item_id = i.id)",
        (before,),
    )
    return (int(row[0]), int(row[1] + unseen)) if row else (0, int(unseen))


def muted(db: Database, item_ids: Iterable[int], now: float) -> set[int]:
    """Which of these items are muted."""
    shown = condition(db, Events(db).mutes(), now)
    if not shown:
        return set()
    sql = f"SELECT i.id FROM carray(?) c CROSS JOIN items i ON i.id = c.value WHERE NOT ({shown.sql})"
    return {int(row[0]) for row in db.rows(sql, (bound(item_ids), *shown.params))}


def likes_since(db: Database, since: float) -> list[tuple[int, float, float]]:
    """(item, when it was liked or saved, when it came) of the reader's own likes since a time."""
    rows = db.rows(
        "SELECT e.item_id, min(e.at), i.first_seen FROM live_events e JOIN items i ON i.id = e.item_id"
        " WHERE e.kind IN ('like', 'save') AND e.at >= ? AND e.value ->> 'exported' IS NULL"
        f" AND {real('e.item_id')} GROUP BY e.item_id",
        (since,),
    )
    return [(int(item_id), float(at), float(came)) for item_id, at, came in rows]
