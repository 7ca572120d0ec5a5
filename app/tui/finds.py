"""Which results of a search were chosen: a "find" event once for each result and query, from which the mix learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from penchant.app.types import Event, View

from .deeds import Place

if TYPE_CHECKING:
    from .app import PenchantApp

#: What says that a result was the right one.
CHOICES = ("open", "like", "save", "later")
#: Pairs of query and item that are remembered.
MOST = 5_000


class Finds:
    """Belongs to a window; `shown` hears of each page of results, `chosen` of each event once it is on disk."""

    def __init__(self, app: PenchantApp) -> None:
        self._app = app
        self._query = ""
        self._ranks: dict[int, Mapping[str, int]] = {}
        self._told: set[tuple[str, int]] = set()

    def shown(self, query: str, ranks: Mapping[int, Mapping[str, int]]) -> None:
        """A page of results. Words come first: the places that meaning gives join them a moment later."""
        before = self._ranks if query == self._query else {}
        self._query, self._ranks = query, {**before, **ranks}

    def chosen(self, event: Event) -> None:
        """Record it, if it was a result: no key waits for that."""
        item_id = event.item_id
        if event.view != str(View.SEARCH) or event.kind not in CHOICES or item_id is None:
            return
        ranks, pair = self._ranks.get(item_id), (self._query, item_id)
        if not ranks or pair in self._told:
            return
        if len(self._told) >= MOST:
            self._told.clear()
        self._told.add(pair)
        place = Place(event.view, event.position, event.shown_score)
        value = {"query": self._query, "ranks": dict(ranks)}
        self._app.bridge.observe(self._app.deeds.event("find", item_id, place, value), self._app._unrecorded)
