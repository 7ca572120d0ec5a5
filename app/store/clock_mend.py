"""What a wrong clock left in the archive, put right by what is known now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Store

#: Seconds by which clocks may differ without anybody minding.
SLACK = 60.0
#: An item dated so long after it came (seconds): the clock was behind then. Calendars announce shorter ahead.
BEHIND = 300 * 86_400.0
#: A retry of a picture further ahead than this was planned by a wrong clock (seconds).
FURTHEST = 8 * 86_400.0
#: Rows changed in one transaction.
CHUNK = 500


def suspicious(store: Store, now: float) -> bool:
    """Whether an item claims to have come later than now; two looks at indexes."""
    newest = "SELECT first_seen FROM items ORDER BY id DESC LIMIT 1"
    latest = "SELECT sort_at FROM items WHERE deleted_at IS NULL ORDER BY sort_at DESC, id DESC LIMIT 1"
    return any((store.db.value(sql) or 0.0) > now + SLACK for sql in (newest, latest))


def items(store: Store, now: float) -> int:
    """Let no item have come later than now, or years before it was written; returns how many were changed.

    One without a date of its own came at the latest now, and moves down from here. One that came years before its
    own date came when it says. Reads every item once; safe to stop and run again.
    """
    wrong = store.db.rows(
        "SELECT id, min(first_seen, ?1), min(sort_at, ?1) FROM items WHERE first_seen > ?1 + ?2 OR sort_at > ?1 + ?2"
        " GROUP BY id UNION ALL"
        " SELECT id, published, published FROM items WHERE published - first_seen > ?3 AND published <= ?1",
        (now, SLACK, BEHIND),
    )
    for start in range(0, len(wrong), CHUNK):
        chunk = wrong[start : start + CHUNK]
        with store.db.write():
            store.db.run_many("UPDATE items SET first_seen = ?2, sort_at = ?3 WHERE id = ?1", chunk)
            store.db.run_many(
                "UPDATE sightings SET at = min(at, ?2) WHERE item_id = ?1", [(id_, now) for id_, _, _ in chunk]
            )
        store.db.give_way()
    return len(wrong)


def pictures(store: Store, now: float) -> None:
    """No picture waits for a moment that a wrong clock chose."""
    with store.db.write():
        store.db.run("UPDATE pictures SET retry_at = ?1 WHERE retry_at > ?1 + ?2", (now, FURTHEST))
        store.db.run("UPDATE pictures SET used_at = ?1 WHERE used_at > ?1 + ?2", (now, SLACK))
