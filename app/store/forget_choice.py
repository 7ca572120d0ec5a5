"""Which items and events a wish to forget is about. Reads only; the choice lies in temporary tables in memory.

`gone_items(id)` and `gone_events(seq)` belong to one connection and to the transaction that `forget` makes of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from .connection import Database

#: `gone_hashes`: texts that only forgotten items have; `gone_pictures`: pictures that only they show.
TABLES = ("gone_items", "gone_events", "gone_hashes", "gone_pictures", "gone_drafts")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to forget. `source` and `author` may be narrowed by a period [since, until) of arrival (Unix seconds).

    A period alone takes what came and what the reader did in it. `authors` are author keys (see `authors_named`).
    """

    source: int | None = None
    authors: tuple[str, ...] = ()
    items: tuple[int, ...] = ()
    since: float | None = None
    until: float | None = None

    @property
    def dated(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def whole_source(self) -> bool:
        """The source itself goes too."""
        return self.source is not None and not self.dated


def authors_named(db: Database, name: str) -> list[tuple[str, str, str]]:
    """(key, name, handle) of everybody whom a name, a handle or a key names, letters' case aside."""
    wanted = name.strip().casefold()
    forms = {wanted, wanted.removeprefix("@")}
    rows = db.rows(
        "SELECT author_key, max(author), max(author_handle) FROM items WHERE author_key <> '' GROUP BY author_key"
        " UNION SELECT by_key, max(by_name), '' FROM sightings WHERE by_key <> '' AND NOT EXISTS"
        " (SELECT 1 FROM items i WHERE i.author_key = by_key) GROUP BY by_key"
    )
    said = {str(row[0]): (str(row[1]), str(row[2])) for row in rows}
    return [
        (key, *names)
        for key, names in sorted(said.items())
        if forms & {key.casefold(), names[0].casefold(), names[1].casefold(), names[1].casefold().removeprefix("@")}
    ]


def choose(db: Database, wish: Wish) -> None:
    """Fill the temporary tables."""
    clear(db)
    db.run("CREATE TEMP TABLE gone_items (id INTEGER PRIMARY KEY)")
    db.run("CREATE TEMP TABLE gone_events (seq INTEGER PRIMARY KEY)")
    db.run("CREATE TEMP TABLE gone_hashes (hash BLOB PRIMARY KEY) WITHOUT ROWID")
    db.run("CREATE TEMP TABLE gone_pictures (id INTEGER PRIMARY KEY, hash BLOB)")
    db.run("CREATE TEMP TABLE gone_drafts (id TEXT PRIMARY KEY) WITHOUT ROWID")
    _items(db, wish)
    _drafts(db, wish)
    _events(db, wish)
    db.run(
        "INSERT OR IGNORE INTO gone_hashes SELECT content_hash FROM ("
        " SELECT content_hash FROM items WHERE id IN (SELECT id FROM gone_items)"
        " UNION SELECT content_hash FROM aliases WHERE item_id IN (SELECT id FROM gone_items)) h"
        " WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.content_hash = h.content_hash"
        " AND i.id NOT IN (SELECT id FROM gone_items))"
    )
    db.run(
        "INSERT OR IGNORE INTO gone_pictures SELECT p.id, p.hash FROM item_pictures l JOIN pictures p"
        " ON p.id = l.picture_id WHERE l.item_id IN (SELECT id FROM gone_items) AND NOT EXISTS"
        " (SELECT 1 FROM item_pictures o WHERE o.picture_id = p.id AND o.item_id NOT IN (SELECT id FROM gone_items))"
    )


def clear(db: Database) -> None:
    """Drop the temporary tables."""
    for table in TABLES:
        db.run(f"DROP TABLE IF EXISTS temp.{table}")


def _items(db: Database, wish: Wish) -> None:
    since = -1e18 if wish.since is None else wish.since
    until = 1e18 if wish.until is None else wish.until
    within = "i.first_seen >= :since AND i.first_seen < :until"
    values = {"since": since, "until": until}
    if wish.source is not None:
        db.run(
            f"INSERT OR IGNORE INTO gone_items SELECT i.id FROM items i WHERE {within} AND (i.subscription_id = :source"
            " OR EXISTS (SELECT 1 FROM sightings g WHERE g.item_id = i.id AND g.subscription_id = :source))"
            " AND NOT EXISTS (SELECT 1 FROM sightings g JOIN subscriptions u ON u.id = g.subscription_id"
            " WHERE g.item_id = i.id AND g.subscription_id <> :source AND u.removed_at IS NULL)",
            {**values, "source": wish.source},
        )
    if wish.authors:
        db.run(
            f"INSERT OR IGNORE INTO gone_items SELECT i.id FROM items i WHERE {within}"
            " AND i.author_key IN (SELECT value FROM json_each(:authors))",
            {**values, "authors": json.dumps(wish.authors)},
        )
    if wish.items:
        db.run_many("INSERT OR IGNORE INTO gone_items VALUES (?)", [(item,) for item in wish.items])
    if wish.dated and wish.source is None and not wish.authors:
        db.run(f"INSERT OR IGNORE INTO gone_items SELECT i.id FROM items i WHERE {within}", values)
        db.run(
            "INSERT OR IGNORE INTO gone_events SELECT seq FROM events WHERE at >= :since AND at < :until", values
        )


def _drafts(db: Database, wish: Wish) -> None:
    """What was written about them, with the items that stand for it; and every draft nobody decided on, as a cache."""
    add = "INSERT OR IGNORE INTO gone_drafts SELECT d.id FROM drafts d WHERE "
    db.run(f"{add} d.parent_id IN (SELECT id FROM gone_items) OR d.item_id IN (SELECT id FROM gone_items)")
    db.run(f"{add} CAST(d.facts ->> 'original' AS INTEGER) IN (SELECT id FROM gone_items)")
    db.run_many(f"{add} d.id = ? AND ? IN (SELECT id FROM gone_items)", _sealed_copies(db))
    db.run(f"{add} d.item_id IS NULL AND d.state IN ('offered', 'dropped')")
    if wish.dated and wish.source is None and not wish.authors:
        ends = (-1e18 if wish.since is None else wish.since, 1e18 if wish.until is None else wish.until)
        db.run(f"{add} d.made_at >= ? AND d.made_at < ?", ends)
    db.run(
        "INSERT OR IGNORE INTO gone_items SELECT item_id FROM drafts WHERE item_id IS NOT NULL"
        " AND id IN (SELECT id FROM gone_drafts)"
    )


def _sealed_copies(db: Database) -> list[tuple[str, int]]:
    """(draft, item that it is a copy of) in a blind test, where only the envelope says so."""
    from penchant.app.generating_blind import unseal

    found = db.rows("SELECT id, facts ->> 'sealed' FROM drafts WHERE facts ->> 'sealed' IS NOT NULL")
    copies = [(draft, unseal(sealed).get("original")) for draft, sealed in found]
    return [(draft, item) for draft, item in copies if isinstance(item, int)]


def _events(db: Database, wish: Wish) -> None:
    add = "INSERT OR IGNORE INTO gone_events SELECT e.seq FROM events e WHERE "
    db.run(f"{add} e.item_id IN (SELECT id FROM gone_items)")
    db.run(
        f"{add} e.kind = 'less' AND substr(e.value ->> 'key', 1, 5) = 'item:'"
        " AND CAST(substr(e.value ->> 'key', 6) AS INTEGER) IN (SELECT id FROM gone_items)"
    )
    db.run(f"{add} e.kind = 'draft' AND e.value ->> 'draft' IN (SELECT id FROM gone_drafts)")
    db.run(f"{add} e.kind = 'duel' AND CAST(e.value ->> 'other' AS INTEGER) IN (SELECT id FROM gone_items)")
    if wish.whole_source:
        db.run(
            f"{add} e.kind IN ('mute', 'dial') AND e.value ->> 'what' = 'source' AND e.value ->> 'key' = ?",
            (str(wish.source),),
        )
        # whom nothing else here is by
        db.run(
            f"{add} e.kind = 'mute' AND e.value ->> 'what' = 'author' AND e.value ->> 'key' IN (SELECT author_key"
            " FROM items GROUP BY author_key HAVING sum(id NOT IN (SELECT id FROM gone_items)) = 0)"
        )
    if wish.authors and not wish.dated:
        db.run(
            f"{add} e.kind IN ('mute', 'less') AND EXISTS (SELECT 1 FROM json_each(?) j"
            " WHERE instr(e.value ->> 'key', j.value))",
            (json.dumps(wish.authors),),
        )
    # An undo goes with what it undid, and what was undone with its undo: alone it would count again.
    both = (
        f"{add} e.undoes IN (SELECT id FROM events WHERE seq IN (SELECT seq FROM gone_events))",
        f"{add} e.id IN (SELECT undoes FROM events WHERE seq IN (SELECT seq FROM gone_events))",
    )
    while sum(db.run(sql) for sql in both):
        pass
