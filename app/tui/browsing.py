"""Loading and keeping up a list: first page, rest, cards, arrivals, orders. A mixin of the screen."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.types import Event, View

from . import loading
from .loading import FirstPage, Pulse
from .messages import Loaded, Reordered
from .visit import Standing, Visit, merge

if TYPE_CHECKING:
    from textual.message import Message

    from penchant.app.store.saved_searches import SavedSearch

    from .app import PenchantApp
    from .bars import StatusLine
    from .facetpanel import FacetPanel
    from .feedlist import FeedList
    from .finds import Finds
    from .gaze import Gaze
    from .lessons import Order
    from .search import SearchPanel
    from .searchnews import News


class Place(NamedTuple):
    """Where the reader was before a search."""

    view: View
    visit: Visit
    selected: int
    top: int
    complete: bool
    began: float


class Browsing:
    """Everything about what the list holds; the screen has the keys."""

    app: PenchantApp
    feed: FeedList
    status: StatusLine
    gaze: Gaze
    view: View
    subscription_id: int | None
    began: float
    complete: bool
    counts: dict[str, int]
    query_text: str
    _loading: asyncio.Task[None] | None = None
    _arrived = 0
    _began_empty = False
    _before: Place | None = None
    #: How many sources fail, as far as the last look saw.
    failing = 0
    _behind = False
    _asked = False
    #: Items came into a list that began empty, and the ranking has not heard of them.
    unranked = False

    if TYPE_CHECKING:

        def show_tabs(self) -> None: ...
        def summary(self) -> str: ...
        def empty_words(self) -> tuple[str, ...]: ...
        def tell(self, text: str, role: str = "") -> None: ...
        def panel(self) -> SearchPanel | None: ...
        def facets(self) -> FacetPanel | None: ...
        @property
        def finds(self) -> Finds: ...
        @property
        def news(self) -> News: ...
        def post_message(self, message: Message) -> bool: ...

    # -- a visit begins
    async def visit_view(self, view: View) -> None:
        """Show a view anew, with everything that has arrived."""
        source = self.subscription_id if view == View.FOLLOWING else None
        page = await self.app.bridge.reader.do(lambda store: loading.first_page(store, view, source))
        order = self.app.last_order
        if view == View.FOR_YOU and order:
            # The ranking in this window is newer than the one the worker stored.
            unseen = await self.app.bridge.reader.do(lambda store: loading.all_ids(store, view, folded=True))
            known = set(unseen)
            ids = [item for item in order if item in known]
            rest = known.difference(ids, self.app.last_standing.folded) if len(known) < 500 else ()
            ids += sorted(rest, key=unseen.index)
            page = FirstPage(view, await self.app.bridge.reader.do(lambda store: loading.mixed(store, ids)), [])
        self.hide_search()
        self.show_page(page)

    def show_page(self, page: FirstPage) -> None:
        """Paint the first page of a view; everything else follows behind it."""
        self.view = page.view
        self.began = time.time()
        self.complete = len(page.ids) < loading.FIRST_IDS
        self._arrived = 0
        self._began_empty = not page.ids
        self._behind = page.behind
        self._asked = False
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        self.gaze.pause()
        self.feed.found = {}
        visit = Visit(page.ids)
        if self.view == View.FOR_YOU:
            visit.probability = dict(self.app.last_probability)
            if self.app.last_order:
                visit.stand(self.app.last_standing)
        else:
            visit.stand(Standing())
        self.feed.show(visit, page.cards)
        self.feed.say(*self.empty_words())
        self.show_tabs()
        self.tell(self.summary())
        self.post_message(Loaded(str(self.view), len(page.ids)))

    def load_rest(self) -> None:
        """Read all further ids, in the reader's thread."""
        if not self.complete and self._loading is None:
            self._loading = self.app.spawn(self._load_rest())

    async def _load_rest(self) -> None:
        view, source, visit = self.view, self.subscription_id, self.feed.visit
        only = source if view == View.FOLLOWING else None
        known = visit.ids
        without = visit.folded
        ids = await self.app.bridge.reader.do(
            lambda store: merge(known, loading.all_ids(store, view, only), without=without)
        )
        if self.feed.visit is visit:
            self.complete = True
            self._loading = None
            if visit.ids is known:
                visit.ids = ids
            else:
                visit.extend(ids)
            self.feed.ids_changed()

    async def all_loaded(self) -> None:
        """Wait until the list is whole."""
        self.load_rest()
        if self._loading is not None:
            await asyncio.shield(self._loading)

    def need_cards(self, ids: list[int]) -> None:
        """The list lacks these cards."""
        self.app.spawn(self._need_cards(ids))

    async def _need_cards(self, ids: list[int]) -> None:
        gallery = self.app.gallery
        cards, shots = await self.app.bridge.reader.do(
            lambda store: (store.items.cards(ids), store.pictures.of_items(ids) if gallery else {})
        )
        if gallery is not None:
            gallery.learn(ids, shots)
        self.feed.give(cards)

    # -- while it is shown
    async def event_durable(self, event: Event, undone: Event | None) -> None:
        """An event is on disk: show the card as the archive has it now."""
        if "mute" in (event.kind, undone.kind if undone else ""):
            await self.app.mute_watch.look()
        item_id = event.item_id
        if item_id is None:
            return
        self.finds.chosen(event)
        cards, counts = await self.app.bridge.reader.do(
            lambda store: (store.items.cards([item_id]), loading.marked(store))
        )
        self.feed.give(cards)
        self.counts = {**self.counts, **counts}
        self.show_tabs()
        if undone is not None and undone.kind == "skip":
            self._back_to(item_id)

    def _back_to(self, item_id: int) -> None:
        """A skip moved the selection on; its undo moves it back."""
        rows = self.feed.shown_rows()
        for index in range(rows.start, min(rows.stop, len(self.feed.visit.ids))):
            if self.feed.visit.ids[index] == item_id:
                self.feed.select(index)

    async def mutes_changed(self) -> None:
        """What is muted goes from below the fold; what is no longer muted comes back."""
        if self.view not in (View.FOR_YOU, View.NEWEST, View.FOLLOWING):
            return
        view, visit = self.view, self.feed.visit
        only = self.subscription_id if view == View.FOLLOWING else None
        ids, allowed = await self.app.bridge.reader.do(
            lambda store: (
                loading.all_ids(store, view, only),
                set(loading.all_ids(store, view, only, folded=True)),
            )
        )
        if self.feed.visit is visit:
            visit.keep(allowed)
            visit.extend(ids)
            self.complete = True
            self.feed.ids_changed()

    def pulse(self, pulse: Pulse) -> None:
        """Something was committed by another process, or by a key."""
        self.counts = pulse.counts
        self.failing = pulse.failing
        self.show_tabs()
        changed = [card for card in pulse.changed if self.feed.cards.get(card.item_id) != card]
        if changed:
            self.feed.give(changed)
        self._arrivals(pulse.top)
        self.unranked = self.unranked or pulse.voices
        self.feed.say(*self.empty_words())
        if self.status.left[0].startswith(self.summary().split(":")[0] + ":"):
            self.tell(self.summary())

    def _arrivals(self, top: list[int]) -> None:
        visit = self.feed.visit
        self.app.spawn(self.news.look())
        if self.view == View.SEARCH:
            if (panel := self.panel()) is not None:
                panel.again()
            return
        known = set(visit.ids)
        new = [item for item in top if item not in known and item not in visit.folded]
        if not new:
            return
        if not visit.ids or self.view == View.FOR_YOU:
            # Below everything that has been on screen; the ranking moves them to their place.
            first = not visit.ids
            visit.extend(new)
            self.feed.ids_changed()
            if first:
                self.feed.scrolled(True)
                self.feed.selection_moved()
                self.post_message(Loaded(str(self.view), len(visit.ids)))
        if self._began_empty:
            self.unranked = True
            return
        self._arrived = self._arrived + len(new) if self.view == View.FOR_YOU else len(new)

    @property
    def arrived(self) -> int:
        """How many items came since the visit began."""
        return self._arrived

    def present(self) -> tuple[list[int], list[int], float, object]:
        """For the ranking: what must not move, everything, the time of the visit, and which visit it is."""
        visit = self.feed.visit
        if self.view != View.FOR_YOU:
            return [], [], self.began, (visit, 0)
        return [] if self._stopgap() else visit.fixed, visit.ids, self.began, (visit, visit.epoch)

    def reorder(self, order: Order) -> None:
        """A new order for what has not been on screen."""
        visit = self.feed.visit
        if self.view == View.FOR_YOU and order.token != (visit, visit.epoch):
            # Made for another visit, or before something was muted.
            self.app.lessons.again()
            return
        anew = bool(order.ids) and not order.fixed and self._stopgap()
        if anew:
            visit.begin_again()
        visit.show_probability(dict(order.probability))
        if self.view == View.FOR_YOU:
            if visit.standing is None:
                # What the stored order said of the cards on screen stays on them.
                stored = {item: card.note for item in visit.fixed if (card := self.feed.cards.get(item))}
                visit.stand(Standing({}, {item: note for item, note in stored.items() if note}))
            visit.stand(order.standing)
            before = visit.ids
            visit.adopt(order.ids, order.fixed, order.basis)
            if not order.decisive:
                visit.forget_orders()
            moved = sum(1 for old, new in zip(before[:200], visit.ids[:200], strict=False) if old != new)
            self.post_message(Reordered(str(self.view), moved))
        self.feed.ids_changed()
        if anew:
            self._behind = self._asked = False
            self.feed.select(0)
            self.feed.jump(0)
            self.gaze.pause()
            self.feed.scrolled(True)
            self.feed.selection_moved()

    def begin_anew(self, *, touched: bool = True) -> None:
        """The reader asked for another list: the next order need not leave in place what was on screen.

        `touched` off: only while nobody has touched the list.
        """
        if touched:
            self._asked = True
        else:
            self._behind = True

    def _stopgap(self) -> bool:
        """Whether the order on screen may go: it lacks what the reader did last, and nobody has touched it yet."""
        if self._asked:
            return self.view == View.FOR_YOU
        untouched = not self.app.touched and self.feed.selected == 0 and self.feed.scroll_offset.y == 0
        return self._behind and untouched and self.view == View.FOR_YOU

    # -- search
    def show_search(self, focus: bool = False, text: str = "", saved: SavedSearch | None = None) -> None:
        """The search panel above the list, with the results of `text` (of a saved search) or of the last search."""
        from .search import SearchPanel

        screen = self.app.feed_screen
        self.keep_place()
        panels = screen.query(SearchPanel)
        if not panels:
            screen.mount(SearchPanel(text, saved), after="TabLine")
            return
        panels.first().display = True
        panels.first().open(focus, text, saved)

    def keep_place(self) -> None:
        """Remember the list and the line of it, for `action_leave_search`."""
        if self.view != View.SEARCH:
            feed = self.feed
            self._before = Place(
                self.view, feed.visit, feed.selected, feed.scroll_offset.y, self.complete, self.began
            )

    def hide_search(self) -> None:
        """Away with the search panel."""
        for panel in self.app.feed_screen.query("SearchPanel"):
            panel.display = False
        self.facets()

    def action_leave_search(self) -> None:
        """Back to the list, and the line of it, from which the search began."""
        self.hide_search()
        self.feed.focus()
        before, self._before = self._before, None
        if self.view != View.SEARCH or before is None:
            return
        self.view, self.complete, self.began = before.view, before.complete, before.began
        self.gaze.pause()
        self.feed.found = {}
        self.feed.show(before.visit, select=before.selected, top=before.top)
        self.feed.say(*self.empty_words())
        self.show_tabs()
        self.tell(self.summary())
        self.app.lessons.again()
