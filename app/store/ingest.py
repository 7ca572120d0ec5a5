"""Storing a page in transactions too short for a key to notice."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from penchant.adapters.base import Item, Page
from penchant.app.decide import richer
from penchant.app.errors import NoSuchSource

from . import text_index
from .connection import Database, Row
from .forgotten import forgotten
from .gate_refill import came_again
from .joins import Joins
from .plan import Step, plan
from .rows import INSERT_ITEM, UPDATE_ITEM, Prepared, item_row, prepare

#: Seconds of write lock to aim for: a key then waits for about one chunk.
HOLD = 0.008
SMALLEST, LARGEST = 48, 200
#: Chunks between merges of the full-text index, each of which adds a segment to it.
MERGE_EVERY = 16


@dataclass(slots=True)
class PageResult:
    """What a page did to the archive; `item_ids` in the page's order, without what the reader had forgotten."""

    new: int = 0
    changed: int = 0
    refreshed: int = 0
    joined: int = 0
    deleted: int = 0
    item_ids: list[int] = field(default_factory=list)
    #: Whether the progress of the visit was written along.
    told: bool = False


class Ingest:
    """Stores pages of one archive; keeps the index of near-identical texts between pages."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.joins = Joins(db)
        self._size = SMALLEST
        self._chunks = 0

    def put(
        self, subscription_id: int, page: Page, now: float, *, foreign: bool = False,
        progress: tuple[int, int | None] | None = None,
    ) -> PageResult:  # fmt: skip
        """Store a page; its cursor commits with its last chunk. Raises `NoSuchSource`, `StoreError`.

        `foreign`: items that another machine had, perhaps of a source that nobody follows here; the source keeps
        its cursor.
        """
        kind = self._kind(subscription_id, foreign)
        result = PageResult()
        ready = _prepare(kind, page, now)
        gone = forgotten(self.db, [item.uid for item in ready])
        ready = [item for item in ready if item.uid not in gone]
        seen = self._epoch()
        steps = plan(self.db, self.joins, kind, subscription_id, ready)
        # What changes nothing needs no lock: a feed without news is only read.
        busy = [step for step in steps if not step.idle]
        done = [step for step in steps if step.idle]
        if not busy and not page.deleted and (foreign or not self._has_news(subscription_id, page)):
            return _summary(result, ready, done)
        while True:
            # As few chunks as the size allows, and equal ones: each writes the pages of every index anew.
            size = -(-len(busy) // max(-(-len(busy) // self._size), 1))
            chunk, busy = busy[:size], busy[size:]
            with self.db.write():
                started = time.perf_counter()
                self._kind(subscription_id, foreign)
                if self._epoch() != seen:
                    # Another process stored items while we looked: decide again, now that it cannot.
                    rest = [step.item for step in chunk + busy]
                    again = plan(self.db, self.joins, kind, subscription_id, rest)
                    chunk, busy = again[: len(chunk)], again[len(chunk) :]
                self._apply(kind, subscription_id, chunk, now)
                if not (busy or foreign):
                    result.deleted = self._delete(kind, page.deleted, now)
                    self._finish(subscription_id, page, progress or (None, None))
                    result.told = progress is not None
                seen = self._epoch()
            done += chunk
            self._settle(len(chunk), time.perf_counter() - started)
            if not busy:
                return _summary(result, ready, done)

    def _epoch(self) -> Row | None:
        """Changes whenever any process stores, edits, deletes or joins items, and not with a mere
        keypress.
        """
        return self.db.row(
            "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'changes'),"
            " (SELECT value FROM settings WHERE key = 'joins')"
        )

    def _settle(self, count: int, held: float) -> None:
        """Adapt the chunk to the time it took, and let others write."""
        if count >= SMALLEST:
            self._size = int(min(max(SMALLEST, count * HOLD / max(held, 1e-4)), LARGEST, self._size * 2))
        self.db.give_way()
        if self._chunks % MERGE_EVERY == 0:
            text_index.merge(self.db)
        self._chunks += 1

    def _kind(self, subscription_id: int, removed: bool) -> str:
        kind = self.db.value(
            "SELECT kind FROM subscriptions WHERE id = ? AND (? OR removed_at IS NULL)", (subscription_id, removed)
        )
        if kind is None:
            raise NoSuchSource(f"source {subscription_id} was removed")
        return str(kind)

    def _apply(self, kind: str, sub: int, steps: Sequence[Step], now: float) -> None:
        """Write the steps, inside the transaction."""
        db = self.db
        new = [step for step in steps if step.what == "new"]
        if new:
            first = int(db.value("SELECT seq FROM sqlite_sequence WHERE name = 'items'") or 0) + 1
            for item_id, step in enumerate(new, first):
                step.target = item_id
            db.run_many(INSERT_ITEM, [item_row(kind, sub, step.target, step.item) for step in new])
            text_index.add(
                db, first, first + len(new) - 1, unspaced=any(step.item.unspaced for step in new)
            )
            self.joins.store_fingerprints([(step.target, step.item.text) for step in new])
        named = [step for step in steps if step.what in ("new", "joined")]
        db.run_many(
            "INSERT INTO aliases VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    kind,
                    s.item.native_id,
                    s.item_id,
                    s.item.content_hash,
                    s.item.points,
                    s.item.comments,
                    int(s.body),
                )
                for s in named
            ],
        )
        if any(step.what == "joined" for step in steps):
            db.run(
                "INSERT INTO settings VALUES ('joins', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"
            )
        for step in steps:
            if step.what == "joined":
                self._adopt(kind, step.item, step.item_id)
            elif step.what == "edit":
                self._edit(kind, step)
            if step.what == "refresh" or (step.what == "edit" and step.item.points is not None):
                self._refresh(kind, step, now)
            if step.back:
                db.run("UPDATE items SET deleted_at = NULL WHERE id = ?", (step.item_id,))
        came_again(db, self.joins, steps, now)
        self._sight(sub, [step for step in steps if step.arrives])

    def _adopt(self, kind: str, item: Prepared, item_id: int) -> None:
        """A joined arrival may know more: the discussion's counts, or the whole text."""
        if item.points is not None or item.comments_url:
            self.db.run(
                "UPDATE items SET points = ?, comments = ?, comments_url = ?"
                " WHERE id = ? AND points IS NULL AND comments_url = ''",
                (item.points, item.comments, item.comments_url, item_id),
            )
        shown = self.db.value("SELECT text FROM items WHERE id = ?", (item_id,))
        if richer(item.text.text, shown):
            self.db.run(UPDATE_ITEM, (*item.body, item_id))
            self.db.run(
                "UPDATE aliases SET body = (kind = ?1 AND native_id = ?2) WHERE item_id = ?3",
                (kind, item.native_id, item_id),
            )
            self.joins.store_fingerprints([(item_id, item.text)])

    def _edit(self, kind: str, step: Step) -> None:
        item = step.item
        if step.body:
            self.db.run(UPDATE_ITEM, (*item.body, step.item_id))
            self.joins.store_fingerprints([(step.item_id, item.text)])
        self.db.run(
            "UPDATE aliases SET content_hash = ? WHERE kind = ? AND native_id = ?",
            (item.content_hash, kind, item.native_id),
        )

    def _refresh(self, kind: str, step: Step, now: float) -> None:
        """New counts; of a joined arrival only where the item shows that discussion."""
        item = step.item
        self.db.run(
            "UPDATE aliases SET points = ?, comments = ? WHERE kind = ? AND native_id = ?",
            (item.points, item.comments, kind, item.native_id),
        )
        self.db.run(
            "UPDATE items SET points = ?, comments = ? WHERE id = ? AND (? OR points IS NULL OR"
            " comments_url = ?)",
            (item.points, item.comments, step.item_id, int(step.body), item.comments_url or "-"),
        )
        self.db.run("INSERT OR REPLACE INTO counted VALUES (?, ?)", (step.item_id, now))

    def _sight(self, sub: int, steps: Sequence[Step]) -> None:
        if not steps:
            return
        self.db.run_many(
            "INSERT OR IGNORE INTO sightings(item_id, subscription_id, how, by_key, by_name, at, native_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (step.item_id, sub, how, by_key, by_name, at, step.item.native_id)
                for step in steps
                for how, by_key, by_name, at in step.item.sightings
            ],
        )
        # A new item's own row counts its people already.
        recount_people(self.db, {step.item_id for step in steps if step.what != "new"})

    def _delete(self, kind: str, native_ids: Sequence[str], now: float) -> int:
        """Forget what the source deleted; what the reader acted on stays, marked."""
        gone = 0
        for native_id in native_ids:
            found = self.db.row(
                "SELECT item_id, (SELECT count(*) FROM aliases o WHERE o.item_id = a.item_id) FROM aliases a"
                " WHERE kind = ? AND native_id = ?",
                (kind, native_id),
            )
            if found is None:
                continue
            item_id, names = found
            if names > 1:
                self.db.run("DELETE FROM aliases WHERE kind = ? AND native_id = ?", (kind, native_id))
                self.db.run(
                    "DELETE FROM sightings WHERE item_id = ? AND native_id = ?"
                    " AND subscription_id IN (SELECT id FROM subscriptions WHERE kind = ?)",
                    (item_id, native_id, kind),
                )
                self.db.run(
                    "UPDATE aliases SET body = 1 WHERE (kind, native_id) ="
                    " (SELECT kind, native_id FROM aliases WHERE item_id = ?1 ORDER BY body DESC LIMIT 1)",
                    (item_id,),
                )
                recount_people(self.db, [item_id])
                gone += 1
            else:
                gone += self.db.run(
                    f"DELETE FROM items WHERE id = ? AND NOT ({ACTED_ON})", (item_id,)
                ) or self.db.run(
                    "UPDATE items SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (now, item_id)
                )
        return gone

    def _has_news(self, sub: int, page: Page) -> bool:
        """Whether the page says anything new of the source itself."""
        row = self.db.row("SELECT cursor, title, site_url, named FROM subscriptions WHERE id = ?", (sub,))
        if row is None:
            return False
        cursor, title, site, named = row
        return (
            json.loads(cursor) != page.cursor
            or bool(page.title and not named and title != page.title)
            or bool(page.site_url and site != page.site_url)
        )

    def _finish(self, sub: int, page: Page, progress: tuple[int | None, int | None]) -> None:
        self.db.run(
            "UPDATE subscriptions SET cursor = ?1, title = iif(named OR ?2 = '', title, ?2),"
            " site_url = iif(?3 = '', site_url, ?3), done = coalesce(?5, done), total = coalesce(?6, total)"
            " WHERE id = ?4",
            (json.dumps(page.cursor), page.title, page.site_url, sub, *progress),
        )


#: Items of these survive their source: the reader opened or judged them, or compared them with another.
ACTED_ON = (
    "EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = items.id"
    " AND (s.opened OR s.liked OR s.skipped OR s.saved OR s.later))"
    " OR items.id IN (SELECT coalesce(item_id, 0) FROM live_events WHERE kind = 'duel'"
    " UNION ALL SELECT CAST(coalesce(value ->> 'other', 0) AS INTEGER) FROM live_events WHERE kind = 'duel')"
)


def recount_people(db: Database, ids: Sequence[int] | set[int]) -> None:
    """Bring `people` and `also_in` in line with the sightings."""
    db.run_many(
        "UPDATE items SET (people, also_in) = (SELECT count(DISTINCT nullif(by_key, '')),"
        " max(count(DISTINCT subscription_id) - 1, 0) FROM sightings WHERE item_id = items.id) WHERE id = ?",
        [(item_id,) for item_id in ids],
    )


def _prepare(kind: str, page: Page, now: float) -> list[Prepared]:
    """The page's items once each, in its order."""
    from penchant.adapters.text import canonical_url

    unique = {item.native_id: item for item in reversed(page.items)}
    return [prepare(kind, item, canonical_url(_own_address(item)), now) for item in reversed(unique.values())]


def _own_address(item: Item) -> str:
    """The address that other sources link to: a feed proxy (FeedBurner) puts one of its own before it."""
    return str(item.extra.get("original_url") or item.url)


def _summary(result: PageResult, ready: Sequence[Prepared], done: Sequence[Step]) -> PageResult:
    for step in done:
        result.new += step.what == "new"
        result.joined += step.what == "joined"
        result.changed += step.what == "edit"
        result.refreshed += step.what == "refresh"
    ids = {step.item.native_id: step.item_id for step in done}
    result.item_ids = [ids[item.native_id] for item in ready]
    return result
