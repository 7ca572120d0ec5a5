"""What was done and what came in, read from the archive for `memory`. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from penchant.app.memory.asking import Want
from penchant.app.memory.deeds import LONGEST, Deed, local, start_of, weeks_until
from penchant.app.memory.history import KINDS, ONLY, Day, anniversaries, days
from penchant.app.memory.numbers import Numbers, count

from . import real, search_words
from .condition import Condition
from .condition import filters as filters_of
from .query import parse

if TYPE_CHECKING:
    from datetime import date

    from . import Store

#: Events of one read, visits of a page, items that the words of a search may match.
BLOCK, PAGE, MATCHES = 2_000, 200, 20_000
_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)
_UNDONE = f"e.id NOT IN (SELECT undoes FROM events WHERE undoes IS NOT NULL) AND {real.real('e.item_id')}"
#: Longer dwells are cut, so are times that no clock could have shown; what is no number counts for nothing.
_DEED = (
    "e.item_id, e.kind, e.at, CASE WHEN e.kind = 'dwell' THEN"
    f" max(0.0, min({LONGEST}, CAST(coalesce(e.value ->> 'seconds', 0) AS REAL))) ELSE 0.0 END,"
    " e.value LIKE '%\"exported\"%' OR e.value LIKE '%\"elsewhere\"%'"
)


def deeds(store: Store, start: float, end: float, *, narrowed: str = "", params: Sequence[object] = ()) -> list[Deed]:
    """Everything live that was done with items from `start` to `end` (Unix seconds), latest first."""
    return _deeds(store, start, end, -1, narrowed, params)


def _deeds(
    store: Store, start: float, end: float, limit: int, narrowed: str = "", params: Sequence[object] = ()
) -> list[Deed]:
    rows = store.db.rows(
        f"SELECT {_DEED} FROM events e WHERE e.at >= ? AND e.at < ? AND e.item_id IS NOT NULL"
        f" AND e.kind IN ({_KINDS}) AND {_UNDONE}{narrowed} ORDER BY e.at DESC, e.seq DESC LIMIT ?",
        (start, end, *params, limit),
    )
    return list(map(Deed._make, rows))


def history(
    store: Store, want: Want, *, before: float | None = None, limit: int = PAGE
) -> tuple[list[Day], float | None]:
    """A page of the history, and where the next one ends (Unix seconds; None: there is nothing older).

    Pages hold whole days, so a page has `limit` visits or somewhat more. Raises `StoreError`.
    """
    start = want.start if want.start is not None else 0.0
    end = min(each for each in (want.end, before, 1e12) if each is not None)
    narrowed = ""
    params: tuple[object, ...] = ()
    if want.words:
        narrowed = " AND e.item_id IN (SELECT value FROM json_each(?))"
        params = (json.dumps(_matching(store, want.words)),)
    if want.only:
        # Whole visits, but only of items that this was done with.
        kinds = ", ".join(f"'{kind}'" for kind in ONLY[want.only])
        narrowed += f" AND e.item_id IN (SELECT o.item_id FROM events o WHERE o.kind IN ({kinds}))"
    found: list[Day] = []
    block = BLOCK
    while start < end:
        read = _deeds(store, start, end, block, narrowed, params)
        if len(read) < block:
            return found + days(read, want.only), None
        edge = local(read[-1].at).date()
        whole = [deed for deed in read if local(deed.at).date() != edge]
        if not whole:  # one day alone has more than this
            block *= 4
            continue
        found += days(whole, want.only)
        end = start_of(edge + timedelta(days=1))
        if sum(len(day.visits) for day in found) >= limit:
            return found, end
    return found, None


def _matching(store: Store, text: str) -> list[int]:
    """Items that were seen and have these words, the last as a beginning ("owl" finds owls); filters work too."""
    query = parse(text, typing=True).near_in_words().in_words()
    seen = Condition("EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = i.id)")
    return search_words.matching(store.db, query, real.items(store.db) & seen & filters_of(query), MATCHES)


def first_event(store: Store) -> float | None:
    """When the first thing was done (Unix seconds); what another service's export says counts."""
    counted = f"item_id IS NOT NULL AND at > 0 AND {real.real('item_id')}"
    found = store.db.value(f"SELECT min(at) FROM events WHERE {counted}")
    return None if found is None else float(found)


def on_this_day(store: Store, today: date) -> list[Day]:
    """What was read, liked or saved on this date in earlier years (and months, where the archive is young)."""
    out: list[Day] = []
    for each in anniversaries(today, first_event(store)):
        kept = [deed for deed in deeds(store, each.start, each.end) if deed.kind not in ("impression", "skip")]
        merged = {visit.item_id: visit for day in reversed(days(kept)) for visit in day.visits}
        if merged:
            visits = sorted(merged.values(), key=lambda visit: -visit.at)
            out.append(Day(each.date, tuple(visits), f"{each.name}: "))
    return out


def titles(store: Store, ids: Iterable[int]) -> dict[int, tuple[str, str, str]]:
    """Item -> (title or beginning, source, address); what is gone is left out."""
    rows = store.db.rows(
        "SELECT i.id, coalesce(nullif(i.title, ''), nullif(i.excerpt, ''), i.url),"
        " coalesce(nullif(u.title, ''), u.address, i.domain), i.url FROM json_each(?) j"
        " CROSS JOIN items i ON i.id = j.value"
        " LEFT JOIN subscriptions u ON u.id = i.subscription_id",
        (json.dumps(list(dict.fromkeys(ids))),),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def shown(store: Store, start: float, end: float) -> list[tuple[int, float]]:
    """(item, when) of what was on screen; read from an index alone, for these are most of all events."""
    sql = (
        "SELECT item_id, at FROM events INDEXED BY events_at WHERE item_id IS NOT NULL AND at >= ? AND at < ?"
        f" AND kind = 'impression' AND {real.real('item_id')}"
    )
    return store.db.rows(sql, (start, end))  # type: ignore[return-value]


def sources(store: Store) -> dict[int, str]:
    """Item -> name of its source, of everything there is: 100,000 of one index cost less than looking some up."""
    names: dict[int, str] = dict(store.db.rows("SELECT id, coalesce(nullif(title, ''), address) FROM subscriptions"))
    rows = store.db.rows(
        "SELECT id, subscription_id FROM items INDEXED BY items_subscription WHERE subscription_id > 0"
    )
    return {item_id: names[source] for item_id, source in rows}


def numbers(store: Store, now: float, weeks: int) -> Numbers:
    """The statistics of the last `weeks` weeks, this one included. Raises `StoreError`."""
    mondays = weeks_until(local(now).date(), weeks)
    start, end = start_of(mondays[0]), start_of(mondays[-1] + timedelta(weeks=1))
    done = deeds(store, start, end, narrowed=" AND e.kind <> 'impression'")
    return count(done, shown(store, start, end), sources(store), mondays)
