"""What a digest is made of: items that came in, were passed on, or kept, as candidates. Reads only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from penchant.app.digest.compose import Candidate, Counts

from .held import free
from .mutes import condition

if TYPE_CHECKING:
    from penchant.app.digest.period import Period

    from . import Store
    from .connection import Row

#: Seconds: what was older when it came in is no news; what was kept longer ago is no longer waiting.
STALE, WAITING = 7 * 86_400.0, 60 * 86_400.0
#: Candidates read for each section, the best first: many fold into one story.
LIKELY, TALKED, KEPT = 300, 120, 60

_COLUMNS = (
    "i.id, coalesce(nullif(i.title, ''), i.excerpt), i.first_seen, p.probability,"
    " 1.0 / (1.0 + exp(-coalesce(p.parts ->> 'base', 0.0))), i.url,"
    " coalesce(nullif(u.title, ''), u.address, i.domain), i.author, i.sort_at,"
    " coalesce((SELECT nullif(r.leader, 0) FROM ranking r WHERE r.item_id = i.id AND +r.generation = g.value), i.id),"
    " coalesce(s.opened, 0), coalesce(s.opened OR s.liked OR s.skipped, 0),"
    " CASE WHEN s.saved OR s.later THEN max(coalesce(s.saved_at, 0), coalesce(s.later_at, 0)) END,"
    " s.item_id IS NOT NULL AND EXISTS (SELECT 1 FROM live_events e WHERE e.item_id = i.id AND e.kind = 'impression'"
    "  AND e.view <> 'digest'),"
    " s.item_id IS NOT NULL AND EXISTS (SELECT 1 FROM live_events e WHERE e.item_id = i.id"
    "  AND e.value ->> 'elsewhere' IS NOT NULL)"
)
_JOINS = (
    "LEFT JOIN subscriptions u ON u.id = i.subscription_id LEFT JOIN scores p ON p.item_id = i.id"
    " LEFT JOIN item_state s ON s.item_id = i.id LEFT JOIN settings g ON g.key = 'ranking'"
)
_THERE = f"i.deleted_at IS NULL AND i.id NOT IN (SELECT item_id FROM dropped) AND {free('i.id')}"


def candidates(store: Store, period: Period, now: float | None = None) -> list[Candidate]:
    """Everything a digest of the period may hold; muted things are left out. Raises `StoreError`."""
    shown = condition(store.db, store.events.mutes(), time.time() if now is None else now)
    rows = store.db.rows(
        f"SELECT {_COLUMNS} FROM items i {_JOINS} WHERE {_THERE} AND i.sort_at >= ? AND i.sort_at < ?"
        " AND i.first_seen >= ? AND i.first_seen < ? AND p.probability IS NOT NULL"
        " AND NOT coalesce(s.opened OR s.liked OR s.skipped OR s.saved OR s.later, 0)"
        f" AND {shown.sql} ORDER BY p.probability DESC, i.id LIMIT ?",
        (period.start - STALE, period.end, period.start, period.end, *shown.params, LIKELY),
    )
    people = _people(store, period)
    ids = [row[0] for row in rows]
    talked = [item_id for item_id in people if item_id not in set(ids)][:TALKED]
    rows += store.db.rows(
        f"SELECT {_COLUMNS} FROM json_each(?) j CROSS JOIN items i ON i.id = j.value {_JOINS}"
        f" WHERE {_THERE} AND {shown.sql}",
        (json.dumps(talked), *shown.params),
    )
    rows += store.db.rows(
        f"SELECT {_COLUMNS} FROM"
        " (SELECT item_id, max(coalesce(saved_at, 0), coalesce(later_at, 0)) AS at FROM item_state"
        " WHERE (saved OR later) AND NOT opened ORDER BY at DESC LIMIT 1000) k"
        f" CROSS JOIN items i ON i.id = k.item_id {_JOINS}"
        f" WHERE {_THERE} AND k.at < ? AND k.at >= ? AND {shown.sql} ORDER BY k.at DESC, i.id LIMIT ?",
        (period.end, period.end - WAITING, *shown.params, KEPT),
    )
    return [_candidate(row, people.get(row[0])) for row in {row[0]: row for row in rows}.values()]


def _candidate(row: Row, people: tuple[tuple[str, ...], float] | None) -> Candidate:
    return Candidate(
        item_id=row[0], title=row[1], came=row[2], probability=row[3], usual=row[4], url=row[5], source=row[6],
        author=row[7], at=row[8], story=row[9], opened=bool(row[10]), read=bool(row[11] or row[14]), kept=row[12],
        passed=bool(row[13]), people=people[0] if people else (), talked=people[1] if people else None,
    )  # fmt: skip


def _people(store: Store, period: Period) -> dict[int, tuple[tuple[str, ...], float]]:
    """Who the reader follows brought which item of somebody else in the period, the most voices first."""
    rows = store.db.rows(
        "SELECT g.item_id, json_group_array(coalesce(nullif(g.by_name, ''), g.by_key)), max(g.at),"
        " count(DISTINCT g.by_key) AS n FROM subscriptions u CROSS JOIN sightings g ON g.subscription_id = u.id"
        " AND g.at >= ? AND g.at < ? AND g.by_key <> '' JOIN items i ON i.id = g.item_id"
        " WHERE g.by_key <> i.author_key GROUP BY g.item_id ORDER BY n DESC, max(g.at) DESC, g.item_id LIMIT ?",
        (period.start, period.end, 4 * TALKED),
    )
    return {row[0]: (tuple(dict.fromkeys(json.loads(row[1]))), row[2]) for row in rows}


def counts(store: Store, period: Period) -> Counts:
    """How much came in, how much of it was opened, and whether anything of it is ranked. Raises `StoreError`."""
    row = store.db.row(
        "SELECT count(*), coalesce(sum(s.opened), 0), coalesce(max(p.item_id IS NOT NULL), 0) FROM items i"
        " LEFT JOIN item_state s ON s.item_id = i.id LEFT JOIN scores p ON p.item_id = i.id"
        " WHERE i.deleted_at IS NULL AND i.sort_at >= ? AND i.sort_at < ? AND i.first_seen >= ? AND i.first_seen < ?",
        (period.start - STALE, period.end, period.start, period.end),
    )
    ranked = bool(row and row[2]) and store.events.any_of("like", "skip", "save", "topics", "picks")
    return Counts(int(row[0]), int(row[1]), ranked) if row else Counts()


def sentences(store: Store, ids: Iterable[int]) -> dict[int, str]:
    """What a language model has said of items in a sentence ("summarize"), where it was asked before."""
    rows = store.db.rows(
        "SELECT i.id, a.value FROM json_each(?) j CROSS JOIN items i ON i.id = j.value"
        " JOIN model_answers a ON a.content_hash = i.content_hash AND a.kind = 'summarize' ORDER BY a.at",
        (json.dumps(list(ids)),),
    )
    return {item_id: value for item_id, value in rows if isinstance(value, str)}
