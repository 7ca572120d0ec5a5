"""What came in and what became of it, read for the exposure report. Reads only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from penchant.app.memory.deeds import local, start_of, weeks_until
from penchant.app.memory.exposure import Came, Exposure, Names, report
from penchant.app.standing import source_key

from .mutes import condition

if TYPE_CHECKING:
    from datetime import date

    import numpy as np

    from . import Store

#: Items looked at, and among them those whose interest is looked for: the newest.
MOST, TOPICS = 20_000, 4_000
#: Members of an interest that say how wide it is.
SPHERE = 50
#: The cosine from which on a text is like the only member of an interest.
ALONE = 0.6


def exposure(store: Store, now: float, weeks: int) -> Exposure:
    """The report over the items that came in the last `weeks` weeks, this one included. Raises `StoreError`."""
    items, names, mondays, cut = arrivals(store, now, weeks)
    return report(items, names, mondays, cut)


def arrivals(store: Store, now: float, weeks: int) -> tuple[list[Came], Names, list[date], int]:
    """(items that came, what keys are called, the weeks, how many items were looked at where more came, or 0)."""
    mondays = weeks_until(local(now).date(), weeks)
    since = start_of(mondays[0])
    interests = _interests(store)
    dials = store.events.dials()
    off = {key for (what, key), value in dials.items() if what == "source" and value <= 0}
    off_interests = {key for (what, key), value in dials.items() if what == "interest" and value <= 0}
    sources = store.subscriptions.all(counted=False)
    keys = {each.id: source_key(each.kind, each.address) for each in sources}
    items = []
    rows = _rows(store, since, now)
    for item_id, at, source, kind, lang, seen, opened, liked, probability, muted, gated, folded in rows:
        key, interest = keys.get(source, ""), interests.get(item_id, "")
        items.append(Came(
            item_id, at, key, kind, lang, bool(seen), bool(opened), bool(liked), probability, bool(muted), bool(gated),
            key in off or interest in off_interests, bool(folded), interest,
        ))  # fmt: skip
    names = {("source", keys[each.id]): each.title or each.address for each in sources}
    names |= {("interest", each.key): each.title for each in store.interests.all()}
    failing = {keys[each.id]: each.error for each in sources if each.failures and each.error and not each.paused}
    return items, Names(names, failing), mondays, MOST if len(rows) == MOST else 0


def _rows(store: Store, since: float, now: float) -> list[tuple]:  # type: ignore[type-arg]
    """Ids grow as items come, so the newest are the end of the table; an old item may come late all the same."""
    shown = condition(store.db, store.events.mutes(), now)
    return store.db.rows(
        "SELECT i.id, i.first_seen, coalesce(i.subscription_id, 0), i.kind, i.lang, s.item_id IS NOT NULL,"
        " coalesce(s.opened, 0), coalesce(s.liked, 0), p.probability,"
        f" iif(s.item_id IS NULL, NOT ({shown.sql}), 0), d.item_id IS NOT NULL,"
        " coalesce((SELECT r.leader FROM ranking r WHERE r.item_id = i.id AND +r.generation = g.value), 0) <> 0"
        " FROM (SELECT id FROM items ORDER BY id DESC LIMIT ?) n CROSS JOIN items i ON i.id = n.id"
        " LEFT JOIN item_state s ON s.item_id = i.id LEFT JOIN scores p ON p.item_id = i.id"
        " LEFT JOIN dropped d ON d.item_id = i.id LEFT JOIN settings g ON g.key = 'ranking'"
        " WHERE i.first_seen >= ? AND i.deleted_at IS NULL",
        (*shown.params, MOST, since),
    )


def _interests(store: Store) -> dict[int, str]:
    """Item -> key of the nearest interest, of the newest items; numpy is loaded only where there are interests.

    An item belongs to one when it is as near to its centre as nine in ten of the liked items that make it are to the
    centre of the others: measured with themselves in it, hardly anything else would ever be as near.
    """
    found = [each for each in store.interests.all() if each.members]
    if not found:
        return {}
    import numpy as np

    space = found[0].space
    found = [each for each in found if each.space == space]
    ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id DESC LIMIT ?", (TOPICS,))]
    matrix, known = store.vectors.get_matrix(space, ids)
    best, keys = np.full(len(ids), -1.0), np.full(len(ids), "", object)
    for each in found:
        centre = np.frombuffer(each.centre, "<f4")
        if centre.shape[0] != matrix.shape[1]:
            return {}
        near = _cosines(matrix, centre)
        members, there = store.vectors.get_matrix(space, list(each.members[:SPHERE]))
        least = _radius(members[there])
        inside = known & (near >= least) & (near > best)
        best[inside], keys[inside] = near[inside], each.key
    return {item_id: str(key) for item_id, key in zip(ids, keys, strict=True) if key}


def _radius(members: np.ndarray) -> float:
    """The cosine that nine in ten members have to the centre of the others; ALONE for fewer than two."""
    import numpy as np

    if len(members) < 2:
        return ALONE
    unit = members / np.maximum(np.linalg.norm(members, axis=1, keepdims=True), 1e-9)
    others = unit.sum(axis=0) - unit
    near = (unit * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)
    return float(np.quantile(near, 0.1))


def _cosines(matrix: np.ndarray, centre: np.ndarray) -> np.ndarray:
    import numpy as np

    norm = np.maximum(np.linalg.norm(matrix, axis=1), 1e-9)
    return (matrix @ centre) / norm  # type: ignore[no-any-return]


def now_report(store: Store, weeks: int) -> Exposure:
    """The report as of now."""
    return exposure(store, time.time(), weeks)
