"""Taking items, and what the reader did with them, out of the archive for good: the one place that deletes events.

Everything happens in one transaction, so a kill leaves the archive as it was or without them. Deleted bytes are
overwritten with zeros (`secure_delete`), full-text indexes are merged so that no segment keeps a word, and afterwards
the file is written anew and its log cut (`wipe`). What was derived from them (head, scores, order, interests, vectors)
goes as well and is made again from what is left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import apsw

from . import coarse_rebuild
from .checks import INDEXES
from .connection import Database
from .errors import StoreError
from .forget_choice import TABLES, Wish, choose, clear
from .forgotten import remember, source_digest
from .ingest import recount_people

#: What belongs to a text or a picture alone, by its hash.
_BY_HASH = ("embeddings", "features", "opinions", "model_answers")
#: Caches of no item in particular that may quote any: they are made again, or last a day.
_CACHES = ("threads", "answers", "control", "interests", "scores", "ranking", "carrier_states")
#: Remembered about the above.
_SETTINGS = ("judge.history", "judge.centres", "judge.status", "interests", "interests.state")


@dataclass(frozen=True, slots=True)
class Gone:
    """How much a wish is about, and by which words files outside the archive may name it.

    `titles` and `addresses` are of the items (and the source); `pictures` hashes of files in the cache.
    """

    items: int
    events: int
    texts: int
    pictures: int
    item_ids: frozenset[int] = frozenset()
    files: tuple[bytes, ...] = ()
    words: frozenset[str] = frozenset()
    drafts: int = 0


def look(db: Database, wish: Wish) -> Gone:
    """What `forget` would take, without changing anything."""
    choose(db, wish)
    try:
        return _counted(db, wish)
    finally:
        clear(db)


def forget(db: Database, wish: Wish, now: float | None = None) -> Gone:
    """Take it out of the archive. Raises `StoreError`; the archive is then as it was. Call `wipe` afterwards."""
    db.pragma("secure_delete", "1")
    try:
        with db.urgent():
            choose(db, wish)
            gone = _counted(db, wish)
            _remember(db, wish, time.time() if now is None else now)
            with _events_open(db):
                _edit_picks(db)
                db.run("DELETE FROM events WHERE seq IN (SELECT seq FROM gone_events)")
            _delete(db, wish)
    finally:
        clear(db)
    return gone


def wipe(db: Database) -> str:
    """Write the file anew and cut its log, so that no page keeps what was deleted; words where that did not succeed."""
    try:
        db.rows("VACUUM")
        with db.failures():
            db.apsw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except StoreError as error:
        return f"{error}; what was deleted is overwritten in the file, but its log may hold it until penchant is closed"
    return ""


def _counted(db: Database, wish: Wish) -> Gone:
    items, events, texts, number, drafts = (int(db.value(f"SELECT count(*) FROM {table}")) for table in TABLES)
    files = db.rows(
        "SELECT hash FROM gone_pictures g WHERE hash IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM pictures p WHERE p.hash = g.hash AND p.id NOT IN (SELECT id FROM gone_pictures))"
    )
    words = {
        word
        for row in db.rows("SELECT title, url FROM items WHERE id IN (SELECT id FROM gone_items)")
        for word in row
        if len(word) > 3
    }
    if wish.whole_source:
        row = db.row("SELECT title, address FROM subscriptions WHERE id = ?", (wish.source,)) or ()
        words |= {word for word in row if len(word) > 3}
    ids = frozenset(int(row[0]) for row in db.rows("SELECT id FROM gone_items"))
    return Gone(items, events, texts, number, ids, tuple(row[0] for row in files), frozenset(words), drafts)


def _remember(db: Database, wish: Wish, now: float) -> None:
    """Digests under which nothing comes back: of every name of the items, and ids of the events."""
    from .rows import uid

    source = ""
    if wish.whole_source:
        row = db.row("SELECT kind, address FROM subscriptions WHERE id = ?", (wish.source,))
        source = source_digest(*row) if row else ""
    uids = {row[0] for row in db.rows("SELECT uid FROM items WHERE id IN (SELECT id FROM gone_items)")}
    names = db.rows("SELECT kind, native_id FROM aliases WHERE item_id IN (SELECT id FROM gone_items)")
    remember(db, uids | {uid(*name) for name in names}, now, source)
    events = db.rows("SELECT id FROM events WHERE seq IN (SELECT seq FROM gone_events)")
    remember(db, (row[0] for row in events), now, source)


@contextmanager
def _events_open(db: Database) -> Iterator[None]:
    """Without the triggers that keep events; inside the caller's transaction, so nobody else ever lacks them."""
    guards = json.dumps(["events_no_delete", "events_no_update"])
    kept = db.rows(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name IN (SELECT value FROM json_each(?))",
        (guards,),
    )
    for name, _ in kept:
        db.run(f"DROP TRIGGER {name}")
    yield
    for _, sql in kept:
        db.run(sql)


def _edit_picks(db: Database) -> None:
    """The choice among twelve stays, without the items that go."""
    gone = {int(row[0]) for row in db.rows("SELECT id FROM gone_items")}
    changed = []
    for seq, text in db.rows("SELECT seq, value FROM events WHERE kind = 'picks'"):
        value = json.loads(text)
        left = {
            key: [item for item in found if item not in gone] if isinstance(found, list) else found
            for key, found in value.items()
        }
        if left != value:
            changed.append((json.dumps(left), seq))
    db.run_many("UPDATE events SET value = ? WHERE seq = ?", changed)


def _delete(db: Database, wish: Wish) -> None:
    for table in _BY_HASH:
        db.run(
            f"DELETE FROM {table} WHERE content_hash IN (SELECT hash FROM gone_hashes) OR content_hash IN"
            " (SELECT hash FROM gone_pictures WHERE hash IS NOT NULL)"
        )
    db.run("DELETE FROM descriptions WHERE hash IN (SELECT hash FROM gone_pictures WHERE hash IS NOT NULL)")
    db.run("DELETE FROM gate_log WHERE item_id IN (SELECT id FROM gone_items)")
    db.run("DELETE FROM drafts WHERE id IN (SELECT id FROM gone_drafts)")
    # The events first: marks of what stays are made anew of what is left of them.
    touched = [row[0] for row in db.rows("SELECT item_id FROM item_state")]
    db.run("DELETE FROM items WHERE id IN (SELECT id FROM gone_items)")
    db.run("DELETE FROM pictures WHERE id IN (SELECT id FROM gone_pictures)")
    _rest_of_source(db, wish)
    _rest_of_author(db, wish)
    if touched:
        db.run("DELETE FROM item_state")
        db.run("INSERT INTO item_state SELECT * FROM derived_state WHERE item_id IN (SELECT id FROM items)")
    for table in _CACHES:
        db.run(f"DELETE FROM {table}")
    db.run("DELETE FROM changes WHERE item_id IN (SELECT id FROM gone_items) AND action <> 'delete'")
    db.run("DELETE FROM settings WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(_SETTINGS),))
    # Versions count on, because events name them; what a head knew of them goes.
    last = int(db.value("SELECT max(seq) FROM events") or 0)
    db.run("UPDATE heads SET blob = x'', meta = '{}', through_seq = min(through_seq, ?)", (last,))
    # Of an int8 block a freed row would keep its numbers.
    db.run("DELETE FROM coarse")
    coarse_rebuild.rebuild(db)
    for table in INDEXES:
        db.run(f"INSERT INTO {table}({table}) VALUES ('optimize')")


def _rest_of_source(db: Database, wish: Wish) -> None:
    """What others brought too stays, as theirs."""
    if not wish.whole_source:
        return
    sql = "SELECT DISTINCT item_id FROM sightings WHERE subscription_id = ?"
    shared = [row[0] for row in db.rows(sql, (wish.source,))]
    db.run("DELETE FROM subscriptions WHERE id = ?", (wish.source,))
    db.run(
        "UPDATE items SET subscription_id = (SELECT g.subscription_id FROM sightings g WHERE g.item_id = items.id"
        " ORDER BY g.at, g.subscription_id LIMIT 1) WHERE subscription_id IS NULL"
    )
    recount_people(db, shared)


def _rest_of_author(db: Database, wish: Wish) -> None:
    """That an author brought items of others."""
    if not wish.authors or wish.dated:
        return
    by = "by_key IN (SELECT value FROM json_each(?))"
    names = (json.dumps(wish.authors),)
    touched = [row[0] for row in db.rows(f"SELECT DISTINCT item_id FROM sightings WHERE {by}", names)]
    db.run(f"DELETE FROM sightings WHERE {by}", names)
    recount_people(db, touched)
