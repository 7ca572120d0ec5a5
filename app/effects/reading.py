"""What the ranking and the writing did, read from the archive. Reads only."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from penchant.app.generating import REAL, settings
from penchant.app.memory.deeds import Clock, start_of
from penchant.app.memory.diversity import shannon
from penchant.app.memory.exposure import Came, report
from penchant.app.store import memory, real
from penchant.app.store.exposure import arrivals
from penchant.app.types import View

from .narrowing import DRAW, FEW, Variety, rarefied, trend, variety
from .shares import Mix, mix
from .values import Ahead, Effects, Generated, Stage
from .widen import NAMES, widen

if TYPE_CHECKING:
    from penchant.app.store import Store

#: What belongs to no interest, and its name.
OUTSIDE, OUTSIDE_NAME = "outside", "outside your interests"
#: Places of For you that are compared with the newest unseen, items among which those are looked for, and characters
#: of a text that a card shows.
NEXT, LOOKED_AT, CARD = 50, 500, 300
#: Kinds of drafts that a reader asked for; those in the feed are counted when they are on screen.
ASKED_FOR = ("reply", "post")


def effects(store: Store, now: float, weeks: int) -> Effects:
    """The report. Raises `StoreError`."""
    items, names, mondays, cut = arrivals(store, now, weeks)
    whole = report(items, names, mondays, cut)
    by_tags = not any(each.interest for each in items)
    sources = mix(items, lambda each: each.source, lambda key: names.names.get(("source", key), key))
    topics = _tags(store, items) if by_tags else mix(
        items, lambda each: each.interest or OUTSIDE,
        lambda key: OUTSIDE_NAME if key == OUTSIDE else names.names.get(("interest", key), key),
    )  # fmt: skip
    varieties = _varieties(items, mondays)
    stages, drawn = _stages(store, items, start_of(mondays[0]))
    unlikely, flood = (whole.reasons.get(name, 0) for name in ("unlikely", "flood"))
    dials = store.events.dials()
    return Effects(
        weeks, whole.came, whole.shown, sources, topics, by_tags, varieties,
        trend([each.share for each in varieties]), stages, drawn, _ahead(store), _generated(store, mondays),
        {key: dials.get(("order", key), 1.0) for key in NAMES}, widen(dials, unlikely, flood), unlikely, flood, cut,
    )  # fmt: skip


def now_effects(store: Store, weeks: int) -> Effects:
    """The report as of now."""
    return effects(store, time.time(), weeks)


def _tags(store: Store, items: Sequence[Came]) -> Mix:
    """By tag, where there are no interests yet: an item counts for each of its tags."""
    from penchant.app.store.rows import load_tags

    ids = {each.item_id: each for each in items}
    if not ids:
        return Mix()
    first = min(each.at for each in items)
    rows = store.db.rows(
        "SELECT id, tags FROM items WHERE first_seen >= ? AND tags <> '' AND deleted_at IS NULL", (first,)
    )
    every: list[tuple[Came, str]] = []
    for item_id, tags in rows:
        if item_id in ids:
            each = ids[item_id]
            every += [(each, tag) for tag in dict.fromkeys(tag.strip().lower() for tag in load_tags(tags)) if tag]
    return mix([each._replace(interest=tag) for each, tag in every], lambda each: each.interest, str)


def _varieties(items: Iterable[Came], mondays: Sequence[date]) -> list[Variety]:
    """Weeks in which enough was on screen, by when items came."""
    clock = Clock()
    came: dict[date, Counter[str]] = {monday: Counter() for monday in mondays}
    shown: dict[date, Counter[str]] = {monday: Counter() for monday in mondays}
    for each in items:
        week = clock.week(each.at)
        if week in came and each.source:
            came[week][each.source] += 1
            shown[week][each.source] += each.seen
    found = (variety(monday, came[monday].values(), shown[monday].values()) for monday in mondays)
    return [each for each in found if each is not None]


def _stages(store: Store, items: Sequence[Came], since: float) -> tuple[list[Stage], int]:
    """From what came to what was liked: who narrows, the ranking or the reader. Also how many items were drawn."""
    views: dict[bool, set[int]] = {True: set(), False: set()}
    sql = (
        "SELECT DISTINCT view = ?, item_id FROM events INDEXED BY events_at WHERE item_id IS NOT NULL AND at >= ?"
        f" AND kind = 'impression' AND {real.real('item_id')}"
    )
    for ranked, item_id in store.db.rows(sql, (View.FOR_YOU.value, since)):
        views[bool(ranked)].add(item_id)
    groups = {
        "came": [each for each in items if each.source],
        "on screen in For you": [each for each in items if each.item_id in views[True] and each.source],
        "on screen elsewhere": [
            each for each in items if each.seen and each.item_id not in views[True] and each.source
        ],
        "opened": [each for each in items if each.opened and each.source],
        "liked": [each for each in items if each.liked and each.source],
    }
    size = min((len(group) for group in groups.values() if len(group) >= FEW), default=0)
    size = min(size, DRAW)
    found = []
    for name, group in groups.items():
        number = rarefied(Counter(each.source for each in group).values(), size)
        found.append(Stage(name, len(group), None if math.isnan(number) else number))
    return found, size


def _ahead(store: Store) -> Ahead:
    ranked = store.items.ids(View.FOR_YOU, limit=NEXT)
    cards = store.items.cards(store.items.ids(View.NEWEST, limit=LOOKED_AT))
    newest = [card.item_id for card in cards if not card.marks.seen][:NEXT]
    size = min(len(ranked), len(newest))
    if size < FEW:
        return Ahead()
    ranked, newest = ranked[:size], newest[:size]
    names = {card.item_id: card.subscription_id for card in store.items.cards([*{*ranked, *newest}])}
    count = [shannon(Counter(names.get(item_id) for item_id in ids).values()) for ids in (ranked, newest)]
    return Ahead(size, count[0], count[1], len({*ranked} & {*newest}))


def _generated(store: Store, mondays: Sequence[date]) -> Generated:
    since = start_of(mondays[0])
    end = start_of(mondays[-1] + timedelta(weeks=1))
    blind = settings(store.events.of_kind("voice"))
    until = min(end, blind.test_at) if blind.test else end
    rows = store.db.rows(
        "SELECT e.item_id, min(e.at), length(d.text) FROM drafts d CROSS JOIN events e ON e.item_id = d.item_id"
        " WHERE e.kind = 'impression' AND e.at >= ? AND e.at < ? AND d.arm <> ? GROUP BY e.item_id",
        (since, until, REAL),
    )
    offered = store.db.row(
        "SELECT count(*), coalesce(sum(length(text)), 0) FROM drafts"
        " WHERE kind IN (?, ?) AND arm <> ? AND made_at >= ? AND made_at < ?",
        (*ASKED_FOR, REAL, since, end),
    ) or (0, 0)
    shown = memory.shown(store, since, end)
    read = store.db.value(
        "SELECT sum(length(i.title) + iif(s.opened, i.text_len, min(i.text_len, ?))) FROM item_state s"
        " CROSS JOIN items i ON i.id = s.item_id WHERE i.first_seen >= ? AND i.deleted_at IS NULL",
        (CARD, since),
    )
    clock = Clock()
    theirs = Counter(clock.week(at) for at in dict(shown).values())
    models = Counter(clock.week(at) for _, at, _ in rows)
    weeks = [(monday, models[monday], models[monday] + theirs[monday]) for monday in mondays]
    written, asis = _written(store, since, end)
    return Generated(
        len(rows), sum(theirs.values()), sum(row[2] for row in rows) + int(offered[1]), int(read or 0), int(offered[0]),
        weeks if rows else (), written, asis, until if blind.test else None,
    )  # fmt: skip


def _written(store: Store, since: float, end: float) -> tuple[dict[str, int], int]:
    """Acts with drafts by kind, and how many were posted or copied as the model wrote them."""
    acts: dict[str, set[str]] = {}
    for event in store.events.of_kind("draft"):
        act, draft = event.value.get("act"), event.value.get("draft")
        if since <= event.at < end and isinstance(act, str) and isinstance(draft, str):
            acts.setdefault(act, set()).add(draft)
    sent = acts.get("posted", set()) | acts.get("copied", set())
    return {act: len(found) for act, found in sorted(acts.items())}, len(sent - acts.get("edited", set()))


