"""Which items the gate may not touch, and which it may look at. SQL only."""

from __future__ import annotations

from .connection import Database
from .real import real

#: Events after which an item is never dropped, also when they were followed by a skip.
ACTS = "('open', 'dwell', 'like', 'save', 'later')"
#: Of each source the newest stay, however old they are.
NEWEST = 10
#: Bodies smaller than this are left alone: the log would take as much (bytes).
SMALL = 200
#: What a body is, of the columns of `items i`; read from the rows' headers, not from the texts.
BYTES = (
    "octet_length(i.text) + octet_length(i.links) + octet_length(i.media) + octet_length(i.alt)"
    " + octet_length(i.poll) + octet_length(i.extra)"
)

_OWN = (
    "SELECT i.id FROM items i WHERE i.author_handle <> '' AND lower(ltrim(i.author_handle, '@')) IN ("
    "SELECT lower(ltrim(u.settings ->> 'account', '@')) FROM subscriptions u WHERE u.settings ->> 'account' <> '')"
)
_ACTED = f"""
    SELECT item_id AS id FROM live_events WHERE kind IN {ACTS} AND item_id IS NOT NULL AND {real("item_id")}
    UNION SELECT CAST(j.value AS INTEGER) FROM live_events e, json_each(e.value, '$.chosen') j WHERE e.kind = 'picks'
    UNION SELECT item_id FROM gate_log WHERE action = 'restored'
    UNION {_OWN}
"""
_AROUND = """
    SELECT id FROM acted
    UNION SELECT i.id FROM acted JOIN items p ON p.id = acted.id AND p.thread <> ''
        JOIN items i ON i.kind = p.kind AND i.thread = p.thread AND i.thread <> ''
    UNION SELECT i.id FROM acted JOIN items p ON p.id = acted.id
        JOIN items i ON i.kind = p.kind AND i.in_reply_to = p.native_id AND i.in_reply_to <> ''
    UNION SELECT a.item_id FROM acted JOIN items p ON p.id = acted.id AND p.in_reply_to <> ''
        JOIN aliases a ON a.kind = p.kind AND a.native_id = p.in_reply_to
"""


def acted(db: Database) -> set[int]:
    """Items that the reader acted on, wrote, or had brought back."""
    return {int(row[0]) for row in db.rows(f"SELECT id FROM ({_ACTED})")}


def protected(db: Database) -> set[int]:
    """Items that stay: acted on, around those in a thread, and the newest of each source."""
    found = {int(row[0]) for row in db.rows(f"WITH acted(id) AS ({_ACTED}) {_AROUND}")}
    newest = db.rows(
        "SELECT id FROM (SELECT id, row_number() OVER"
        " (PARTITION BY subscription_id ORDER BY sort_at DESC, id DESC) AS place FROM items"
        f" WHERE {real('id')}) WHERE place <= ?",
        (NEWEST,),
    )
    return found | {int(row[0]) for row in newest}


def acted_now(db: Database, item_id: int) -> bool:
    """The same of one item, looked up once more under the write lock: a key may just have been pressed."""
    sql = f"SELECT 1 FROM live_events WHERE item_id = ? AND kind IN {ACTS} LIMIT 1"
    return db.value(sql, (item_id,)) is not None


def old(db: Database, before: float) -> list[tuple[int, int]]:
    """(item, bytes of its body) of whole items that came, were posted and were last brought before a time."""
    rows = db.rows(
        f"SELECT i.id, {BYTES} FROM items i WHERE i.first_seen < ?1 AND i.sort_at < ?1 AND i.deleted_at IS NULL"
        f" AND {BYTES} >= ?2 AND NOT EXISTS (SELECT 1 FROM dropped d WHERE d.item_id = i.id)"
        " AND NOT EXISTS (SELECT 1 FROM sightings s WHERE s.item_id = i.id AND s.at >= ?1) ORDER BY i.id",
        (before, SMALL),
    )
    return [(int(item_id), int(size)) for item_id, size in rows]


def bodies(db: Database) -> tuple[int, int]:
    """(items with a body, their bytes), dropped ones included."""
    sql = f"SELECT count(*), coalesce(sum({BYTES}), 0) FROM items i WHERE {BYTES} >= ? AND {real('i.id')}"
    here = db.row(sql, (SMALL,))
    gone = db.row("SELECT count(*), coalesce(sum(bytes), 0) FROM dropped")
    assert here is not None and gone is not None
    return int(here[0] + gone[0]), int(here[1] + gone[1])


def newest(db: Database, limit: int) -> list[int]:
    """The newest whole items."""
    rows = db.rows(
        "SELECT i.id FROM items i WHERE i.deleted_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM dropped d WHERE d.item_id = i.id) ORDER BY i.sort_at DESC, i.id DESC LIMIT ?",
        (limit,),
    )
    return [int(row[0]) for row in rows]
