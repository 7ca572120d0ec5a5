"""Storing a page: what is new, edited or joined, in transactions too short for a key to notice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from penchant.adapters.base import Page
from penchant.app.decide import Known, Text, first_join, richer, verdict
from penchant.app.errors import NoSuchSource

from .connection import Database, Row
from .joins import Joins
from .rows import INSERT_ITEM, UPDATE_ITEM, Prepared, prepare

#: Seconds of write lock to aim for; a key then waits for about one chunk.
HOLD = 0.004
#: Between chunks the lock is free for this long: a waiting key looks every 0.3 ms.
PAUSE = 0.001
SMALLEST, LARGEST = 8, 200


@dataclass(slots=True)
class PageResult:
    """What a page did to the archive; `item_ids` in the page's order."""

    new: int = 0
    changed: int = 0
    refreshed: int = 0
    joined: int = 0
    deleted: int = 0
    item_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Writes of one chunk. New items stand under their index in `new` until they get ids."""

    new: list[Prepared] = field(default_factory=list)
    joined: list[tuple[Prepared, int]] = field(default_factory=list)
    edited: list[tuple[Prepared, int, bool]] = field(default_factory=list)
    refreshed: list[tuple[Prepared, int, bool]] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    arrivals: list[tuple[int, Prepared]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.new or self.joined or self.edited or self.refreshed or self.back or self.arrivals)


class Ingest:
    """Stores pages of one archive; keeps the index of near-identical texts between pages."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.joins = Joins(db)
        self._size = 40

    def put(self, subscription_id: int, page: Page, now: float) -> PageResult:
        """Store a page; its cursor commits with its last chunk. Raises `NoSuchSource`, `StoreError`."""
        kind = self._kind(subscription_id)
        result = PageResult()
        ready = self._prepare(kind, page, now)
        start = 0
        while True:
            chunk = ready[start : start + self._size]
            start += len(chunk)
            last = start >= len(ready)
            self._put_chunk(kind, subscription_id, chunk, now, result, page if last else None)
            if last:
                return result

    def _kind(self, subscription_id: int) -> str:
        kind = self.db.value("SELECT kind FROM subscriptions WHERE id = ? AND removed_at IS NULL", (subscription_id,))
        if kind is None:
            raise NoSuchSource(f"source {subscription_id} was removed")
        return str(kind)

    @staticmethod
    def _prepare(kind: str, page: Page, now: float) -> list[Prepared]:
        from penchant.adapters.text import canonical_url

        unique = {item.native_id: item for item in reversed(page.items)}
        return [prepare(kind, item, canonical_url(item.url), now) for item in reversed(unique.values())]

    def _put_chunk(
        self, kind: str, sub: int, chunk: list[Prepared], now: float, result: PageResult, last: Page | None
    ) -> None:
        seen = self.db.data_version()
        plan = self._plan(kind, sub, chunk)
        if plan.empty and last is None:
            result.item_ids += plan.order
            return
        if last is not None and plan.empty and not last.deleted and not self._page_news(sub, last):
            result.item_ids += plan.order
            return
        with self.db.write():
            started = time.perf_counter()
            if self.db.data_version() != seen:
                # Another process wrote while we looked: decide again, now that it cannot.
                self._kind(sub)
                plan = self._plan(kind, sub, chunk)
            ids = self._apply(kind, sub, plan, now)
            result.deleted += self._delete(kind, last.deleted, now) if last else 0
            if last is not None:
                self._finish(sub, last)
        held = time.perf_counter() - started
        if len(chunk) >= SMALLEST:
            self._size = int(min(max(SMALLEST, len(chunk) * HOLD / max(held, 1e-4)), LARGEST, self._size * 2))
        result.new += len(plan.new)
        result.joined += len(plan.joined)
        result.changed += len(plan.edited)
        result.refreshed += len(plan.refreshed)
        result.item_ids += [_settled(item_id, ids) for item_id in plan.order]
        if self.db.role != "reader":
            time.sleep(PAUSE)

    def _plan(self, kind: str, sub: int, chunk: list[Prepared]) -> Plan:
        plan = Plan()
        known = self._known(kind, chunk)
        unseen = [item for item in chunk if item.native_id not in known]
        candidates = self.joins.candidates(sub, [item.text for item in unseen])
        fresh: dict[object, list[tuple[int, Text, bool]]] = {}
        position = 0
        for item in chunk:
            row = known.get(item.native_id)
            if row is not None:
                self._plan_known(plan, item, row)
                continue
            by_address, by_text = candidates[position]
            position += 1
            by_address = by_address + fresh.get(item.text.canonical_url, [])
            by_text = by_text + fresh.get(item.content_hash, [])
            target = first_join(item.text, by_address, by_text)
            if target is None:
                target = -1 - len(plan.new)
                plan.new.append(item)
                # Repetitions within one page meet each other here.
                fresh.setdefault(item.content_hash, []).append((target, item.text, True))
                if item.text.canonical_url:
                    fresh.setdefault(item.text.canonical_url, []).append((target, item.text, True))
            else:
                plan.joined.append((item, target))
            plan.order.append(target)
            plan.arrivals.append((target, item))
        plan.arrivals = self._news(sub, plan.arrivals)
        return plan

    @staticmethod
    def _plan_known(plan: Plan, item: Prepared, row: Row) -> None:
        item_id, digest, points, comments, body, deleted = row
        plan.order.append(item_id)
        plan.arrivals.append((item_id, item))
        if deleted:
            plan.back.append(item_id)
        what = verdict(Known(item_id, digest, points, comments), item.content_hash, item.points, item.comments)
        if what == "edit":
            plan.edited.append((item, item_id, bool(body)))
        if what == "refresh" or (what == "edit" and item.points is not None):
            plan.refreshed.append((item, item_id, bool(body)))

    def _known(self, kind: str, chunk: Sequence[Prepared]) -> dict[str, Row]:
        rows = self.db.rows(
            "SELECT a.native_id, a.item_id, a.content_hash, a.points, a.comments, a.body, i.deleted_at IS NOT NULL"
            " FROM json_each(?2) j CROSS JOIN aliases a ON a.kind = ?1 AND a.native_id = j.value"
            " CROSS JOIN items i ON i.id = a.item_id",
            (kind, json.dumps([item.native_id for item in chunk])),
        )
        return {row[0]: row[1:] for row in rows}

    def _news(self, sub: int, arrivals: list[tuple[int, Prepared]]) -> list[tuple[int, Prepared]]:
        """Arrivals that the archive has no sighting of yet."""
        known = [item_id for item_id, _ in arrivals if item_id > 0]
        if not known:
            return arrivals
        there = set(
            self.db.rows(
                "SELECT s.item_id, s.how, s.by_key, s.native_id FROM json_each(?2) j"
                " CROSS JOIN sightings s ON s.item_id = j.value AND s.subscription_id = ?1",
                (sub, json.dumps(known)),
            )
        )
        return [
            (item_id, item)
            for item_id, item in arrivals
            if any((item_id, how, by, item.native_id) not in there for how, by, _, _ in item.sightings)
        ]

    def _apply(self, kind: str, sub: int, plan: Plan, now: float) -> list[int]:
        """Write a plan inside the transaction; returns the ids of the new items."""
        db = self.db
        first = int(db.value("SELECT seq FROM sqlite_sequence WHERE name = 'items'") or 0) + 1
        ids = list(range(first, first + len(plan.new)))
        if plan.new:
            db.run_many(INSERT_ITEM, _item_rows(kind, sub, ids, plan.new, now))
            self.joins.store_fingerprints(ids, [item.text for item in plan.new])
        aliases = [(kind, n.native_id, i, n.content_hash, n.points, n.comments, 1) for i, n in zip(ids, plan.new, strict=True)]
        for item, target in plan.joined:
            item_id = _settled(target, ids)
            aliases.append((kind, item.native_id, item_id, item.content_hash, item.points, item.comments, 0))
        if aliases:
            db.run_many("INSERT INTO aliases VALUES (?, ?, ?, ?, ?, ?, ?)", aliases)
        for item, target in plan.joined:
            self._adopt(kind, item, _settled(target, ids))
        self._update(kind, plan)
        self._sight(sub, [(_settled(item_id, ids), item) for item_id, item in plan.arrivals], set(ids))
        return ids

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
            self.joins.store_fingerprints([item_id], [item.text])

    def _update(self, kind: str, plan: Plan) -> None:
        db = self.db
        for item, item_id, body in plan.edited:
            if body:
                db.run(UPDATE_ITEM, (*item.body, item_id))
                self.joins.store_fingerprints([item_id], [item.text])
            db.run(
                "UPDATE aliases SET content_hash = ? WHERE kind = ? AND native_id = ?",
                (item.content_hash, kind, item.native_id),
            )
        for item, item_id, body in plan.refreshed:
            db.run(
                "UPDATE aliases SET points = ?, comments = ? WHERE kind = ? AND native_id = ?",
                (item.points, item.comments, kind, item.native_id),
            )
            db.run(
                "UPDATE items SET points = ?, comments = ? WHERE id = ? AND (? OR points IS NULL OR comments_url = ?)",
                (item.points, item.comments, item_id, body, item.comments_url or "-"),
            )
        if plan.back:
            db.run_many("UPDATE items SET deleted_at = NULL WHERE id = ?", [(item_id,) for item_id in plan.back])

    def _sight(self, sub: int, arrivals: list[tuple[int, Prepared]], new: set[int]) -> None:
        if not arrivals:
            return
        self.db.run_many(
            "INSERT OR IGNORE INTO sightings(item_id, subscription_id, how, by_key, by_name, at, native_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (item_id, sub, how, by_key, by_name, at, item.native_id)
                for item_id, item in arrivals
                for how, by_key, by_name, at in item.sightings
            ],
        )
        counts: dict[int, int] = {}
        for item_id, _ in arrivals:
            counts[item_id] = counts.get(item_id, 0) + 1
        recount_people(self.db, [i for i, times in counts.items() if i not in new or times > 1])

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
                self.db.run("DELETE FROM sightings WHERE item_id = ? AND native_id = ?", (item_id, native_id))
                recount_people(self.db, [item_id])
                gone += 1
            else:
                gone += self.db.run(f"DELETE FROM items WHERE id = ? AND NOT {ACTED_ON}", (item_id,)) or self.db.run(
                    "UPDATE items SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (now, item_id)
                )
        return gone

    def _page_news(self, sub: int, page: Page) -> bool:
        cursor, title, site, named = self._source(sub)
        return (
            json.loads(cursor) != page.cursor
            or bool(page.title and not named and title != page.title)
            or bool(page.site_url and site != page.site_url)
        )

    def _source(self, sub: int) -> Row:
        row = self.db.row("SELECT cursor, title, site_url, named FROM subscriptions WHERE id = ?", (sub,))
        return row or ("{}", "", "", 0)

    def _finish(self, sub: int, page: Page) -> None:
        self.db.run(
            "UPDATE subscriptions SET cursor = ?1, title = iif(named OR ?2 = '', title, ?2),"
            " site_url = iif(?3 = '', site_url, ?3) WHERE id = ?4",
            (json.dumps(page.cursor), page.title, page.site_url, sub),
        )


#: Items of these survive their source: the reader opened or judged them.
ACTED_ON = (
    "EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = items.id"
    " AND (s.opened OR s.liked OR s.skipped OR s.saved OR s.later))"
)


def recount_people(db: Database, ids: Sequence[int]) -> None:
    """Bring `people` and `also_in` in line with the sightings."""
    db.run_many(
        "UPDATE items SET (people, also_in) = (SELECT count(DISTINCT nullif(by_key, '')),"
        " max(count(DISTINCT subscription_id) - 1, 0) FROM sightings WHERE item_id = items.id) WHERE id = ?",
        [(item_id,) for item_id in ids],
    )


def _settled(item_id: int, ids: Sequence[int]) -> int:
    return item_id if item_id > 0 else ids[-1 - item_id]


def _item_rows(
    kind: str, sub: int, ids: Sequence[int], items: Sequence[Prepared], now: float
) -> Iterator[tuple[object, ...]]:
    for item_id, item in zip(ids, items, strict=True):
        people = len({by for _, by, _, _ in item.sightings if by})
        yield (
            item_id, item.uid, kind, item.native_id, sub, now, item.points, item.comments, item.comments_url,
            people, item.text.at, *item.body,
        )  # fmt: skip
