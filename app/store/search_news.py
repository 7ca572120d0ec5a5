"""New items in saved searches that notify: each item is looked at once, after its words and vectors were made.

The mark how far it looked moves in the transaction that adds the news, so a kill neither doubles nor loses any.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from . import condition, mutes
from .collections import key
from .condition import Condition
from .query import parse
from .search_meaning import Embed, by_meaning
from .search_words import matching

if TYPE_CHECKING:
    from . import Store
    from .saved_searches import SavedSearch

#: Setting: the number of the last item that was looked at.
THROUGH = "searches.through"
#: Items looked at in one step, searches that may notify, news kept for each search (the newest).
CHUNK, SEARCHES, KEPT = 2_000, 50, 500
#: What was not read by the worker yet waits.
_HIGH = (
    "SELECT coalesce((SELECT min(item_id) - 1 FROM changes WHERE action = 'new'), (SELECT max(id) FROM items), 0)"
)
_OLD = (
    "DELETE FROM search_news WHERE search = ?1 AND item_id NOT IN"
    " (SELECT item_id FROM search_news WHERE search = ?1 ORDER BY item_id DESC LIMIT ?2)"
)


def step(store: Store, embed: Embed | None = None) -> int:
    """Look at up to CHUNK new items; returns how many. Costs 20 microseconds where nothing is new."""
    low, high = int(store.control.setting(THROUGH, 0)), int(store.db.value(_HIGH))
    if high <= low:
        return 0
    wanted = [each for each in store.saved.all() if each.notify][:SEARCHES]
    if wanted:
        high = min(high, low + CHUNK)
    shown = mutes.condition(store.db, store.events.mutes(), time.time())
    found = [(key(each.name), matches(store, each, shown, low, high, embed)) for each in wanted]
    now = time.time()
    with store.db.write():
        if int(store.control.setting(THROUGH, 0)) != low:
            return 0
        for name, ids in found:
            rows = [(name, item_id, now) for item_id in ids]
            store.db.run_many("INSERT OR IGNORE INTO search_news VALUES (?, ?, ?)", rows)
            if ids:
                store.db.run(_OLD, (name, KEPT))
        store.control.remember(THROUGH, high)
    return high - low


def matches(
    store: Store, saved: SavedSearch, shown: Condition, low: int, high: int, embed: Embed | None
) -> list[int]:
    """The items after `low` up to `high` that have all the words and pass the filters, or are near what `near:` says.

    Nothing that merely has some of the words, unlike in a search by hand; `shown`: what is not muted.
    """
    query = parse(saved.query)
    if query.look:
        query = query.in_words()
    fresh = Condition(
        "i.id > ? AND i.id <= ? AND i.first_seen >= ? AND i.deleted_at IS NULL", (low, high, saved.since or 0.0)
    )
    where = condition.filters(query) & fresh & shown
    if query.near and embed is not None:
        return by_meaning(store, query, where, embed, "", KEPT, [], True)
    query = query.near_in_words()
    if not (query.positive or query.filters):
        return []
    return matching(store.db, query, where, KEPT)
