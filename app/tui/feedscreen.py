"""The main screen: views above, cards, state and keys below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from penchant.app.types import Card, EventKind, Subscription, View

from . import quick, words
from .actions import ItemActions
from .bars import KeyLine, StatusLine, TabLine
from .browsing import Browsing
from .commands import COMMANDS, FEED
from .deeds import Place
from .feedlist import FeedList
from .gaze import Gaze, Passed
from .loading import FirstPage
from .progress import ProgressPanel
from .rowlist import RowList
from .searchkeys import SearchKeys

if TYPE_CHECKING:
    from .app import PenchantApp
    from .pictures.gallery import Gallery

#: Lists in which moving on says something; the others hold what was decided already.
OBSERVED = (View.FOR_YOU, View.NEWEST, View.FOLLOWING)
NAMES = {command.arguments[0]: command.label for command in COMMANDS if command.method == "do_view"}


def bindings(scope: str) -> list[BindingType]:
    """The default keys of a screen; the reader's own come by `App.set_keymap`."""
    return [
        Binding(
            ",".join(command.keys), f"app.command('{command.id}')", command.label, show=False, id=command.id
        )
        for command in COMMANDS
        if scope in command.scopes
    ]


class FeedScreen(ItemActions, SearchKeys, Browsing, Screen[None]):
    """One list at a time. Keys of `commands.COMMANDS` call its `do_*` methods."""

    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(FEED),
        *SearchKeys.SEARCH_BINDINGS,
    ]
    AUTO_FOCUS = "FeedList"

    def __init__(self, first: FirstPage) -> None:
        super().__init__()
        self.first = first
        self.view = first.view
        self.subscription_id = first.subscription_id
        self.began = time.time()
        self.gaze = Gaze()
        self.counts: dict[str, int] = {}
        self.complete = False
        self.query_text = ""
        self.source_name = ""

    def compose(self) -> ComposeResult:
        yield TabLine()
        yield FeedList(need=self.need_cards, moved=self.moved, scrolled_to=self.scrolled_to)
        yield ProgressPanel()
        yield StatusLine()
        yield KeyLine(FEED)

    def on_mount(self) -> None:
        # Looked up on every key: a query each would cost more than drawing.
        self.feed = self.query_one(FeedList)
        self.status = self.query_one(StatusLine)
        self.query_one(KeyLine).use(self.app.keys)
        self.show_page(self.first)

    def hang(self, gallery: Gallery) -> None:
        """Pictures beside the cards from now on."""
        self.feed.gallery = gallery
        gallery.listeners.append(self.feed.pictures_changed)
        self.feed.watch_pictures()

    def _compositor_refresh(self) -> None:
        changed = quick.update(self) if self is self.app.screen else None
        if changed is None:
            super()._compositor_refresh()
            return
        self.app._display(self, changed)
        self._dirty_widgets.clear()
        self.app._update_mouse_over(self)

    # -- what ItemActions asks
    def at_hand(self) -> tuple[Card, Place] | None:
        card = self.feed.current()
        if card is None:
            return None
        return card, self.place_of(card.item_id, self.feed.selected)

    def place_of(self, item_id: int, position: int) -> Place:
        """Where an item stands, for its event."""
        return Place(str(self.view), position, self.feed.probability_of(item_id))

    def tell(self, text: str, role: str = "") -> None:
        self.status.tell(text, role)

    def decided(self, kind: EventKind, card: Card, undone: bool) -> None:
        if undone:
            self.gaze.forget(card.item_id)
        else:
            self.gaze.done(card.item_id)
            if kind == "skip" and self.feed.current() is card:
                self.do_move(1)

    # -- moving
    def do_move(self, step: int) -> None:
        self.feed.select(self.feed.selected + step)
        if step > 0 and not self.complete and self.feed.selected > len(self.feed.visit.ids) - 60:
            self.load_rest()

    def do_page(self, direction: int) -> None:
        self.feed.page(direction)

    def do_top(self) -> None:
        self.feed.select(0)
        self.feed.jump(0)

    async def do_bottom(self) -> None:
        await self.all_loaded()
        # What lies between was not on screen: it must not count as seen, nor as passed.
        self.gaze.pause()
        self.feed.select(self.feed.row_count() - 1)

    def moved(self) -> None:
        """The selection is on another card."""
        ids, index = self.feed.visit.ids, self.feed.selected
        item = ids[index] if index < len(ids) else None
        self.passed(self.gaze.select(item, index, time.monotonic()))

    def scrolled_to(self, forward: bool) -> None:
        """Other cards are on screen."""
        rows = self.feed.shown_rows()
        ids = self.feed.visit.ids[rows.start : rows.stop]
        self.passed(self.gaze.screen(ids, rows.start, time.monotonic(), forward=forward))

    def passed(self, items: list[Passed]) -> None:
        """Record impressions; nothing on the screen waits for them."""
        if self.view not in OBSERVED:
            return
        for item in items:
            place = self.place_of(item.item_id, item.position)
            event = self.app.deeds.event("impression", item.item_id, place, {"dwell": item.dwell})
            self.app.observe(event)

    # -- reading
    def do_read(self) -> None:
        here = self.at_hand()
        if here is not None:
            self.open_article(*here)

    def open_article(self, card: Card, place: Place) -> None:
        """Read a card's item in full."""
        from .article import ArticleScreen

        self.gaze.done(card.item_id)
        self.app.push_screen(ArticleScreen(card, place, self))

    def step(self, direction: int) -> tuple[Card, Place] | None:
        """Move on by one card, for the article screen; None at the end of the list."""
        before = self.feed.selected
        self.do_move(direction)
        return self.at_hand() if self.feed.selected != before else None

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.do_read()

    # -- views
    def do_view(self, name: str) -> None:
        view = View(name)
        if view == View.SEARCH:
            self.show_search()
            return
        if view == View.FOLLOWING and (self.view == view or self.subscription_id is None):
            self.choose_source()
            return
        self.app.spawn(self.visit_view(view))

    def choose_source(self) -> None:
        """Which source to follow in view 3."""
        from .sources import SourcesScreen

        def chosen(subscription_id: int | None) -> None:
            if subscription_id is not None:
                self.subscription_id = subscription_id
                self.app.spawn(self._follow(subscription_id))

        self.app.push_screen(SourcesScreen(), chosen)

    async def _follow(self, number: int) -> None:
        sources = await self.app.bridge.reader.do(lambda store: store.subscriptions.all())
        self.source_name = next((words.one_line(s.title or s.address) for s in sources if s.id == number), "")
        await self.visit_view(View.FOLLOWING)

    def progress(self, sources: list[Subscription]) -> None:
        """Bars of what is being fetched."""
        self.query_one(ProgressPanel).show(sources)

    def show_tabs(self) -> None:
        """The line of views."""
        shown = {name: count for name, count in self.counts.items() if name in ("saved", "liked", "later")}
        if self.search_title and self.view == View.SEARCH:
            shown["search"] = self.search_unseen
        titles = {"search": self.search_title} if self.search_title else {}
        self.query_one(TabLine).choose(str(self.view), self.app.keys, shown, titles)

    def summary(self) -> str:
        """What the status line says when nothing else happened."""
        if self.view == View.SEARCH and self._said:
            return self._said
        count = len(self.feed.visit.ids)
        known = self.counts.get(str(self.view), 0)
        total = f"{max(count, known):,}" if count else "nothing"
        kind = " unseen" if self.view == View.FOR_YOU else ""
        name = self.source_name if self.view == View.FOLLOWING and self.source_name else NAMES[str(self.view)]
        return f"{name}: {total}{kind}"

    # -- the rest
    async def do_refresh(self) -> None:
        """Ask the worker to fetch everything now; take in what has arrived."""
        self.tell("Fetching every source; what arrives appears below what you have seen")
        await self.app.refresh_sources(None)

    async def do_story(self) -> None:
        from .story import show_story

        await show_story(self)

    def do_search(self) -> None:
        self.show_search(focus=True)

    def do_ask(self) -> None:
        from .asking import ask_view

        ask_view(self)

    def do_alike(self) -> None:
        """What is like the item at hand, by its pictures and its text, as a search."""
        here = self.at_hand()
        if here is not None:
            self.show_search(text=f"like:{here[0].item_id}")

    def do_sources(self) -> None:
        self.choose_source()

    def do_tuning(self) -> None:
        from .tuning import TuningScreen

        self.app.push_screen(TuningScreen())

    def do_digest(self) -> None:
        from .digest import show_digest

        show_digest(self.app)

    def do_history(self) -> None:
        from .history import show_history

        show_history(self.app)

    def do_numbers(self) -> None:
        from .numbers import show_numbers

        show_numbers(self.app)

    def do_exposure(self) -> None:
        from .exposure import show_exposure

        show_exposure(self.app)

    def do_effects(self) -> None:
        from .effects import show_effects

        show_effects(self.app)

    def do_duels(self) -> None:
        from .duel import show_duels

        show_duels(self.app)

    def do_blind(self) -> None:
        from .blind import show_blind

        show_blind(self.app)

    def do_models(self) -> None:
        from .models import ModelsScreen

        self.app.push_screen(ModelsScreen())

    def do_choice(self) -> None:
        from .choice import ChoiceScreen

        self.app.push_screen(ChoiceScreen())

    def do_add(self) -> None:
        from .onboarding import OnboardingScreen

        self.app.push_screen(OnboardingScreen(first=False))

    def do_picture_column(self) -> None:
        """Pictures beside the cards, or none."""
        gallery = self.app.gallery
        if gallery is None:
            self.tell("Pictures are off: `images` in the configuration, or --images, says how they are drawn")
            return
        gallery.column = not gallery.column
        self.feed.redraw()
        self.feed.watch_pictures()
        self.tell("Pictures beside the items; I hides them" if gallery.column else "No pictures beside the items")

    def do_quit(self) -> None:
        self.app.leave(0)

    def empty_words(self) -> tuple[str, ...]:
        """What to read where there are no cards."""
        if self.view == View.SEARCH:
            if not self.query_text:
                return ("Type what you look for: words, or what it is about.", "", *HINT_SEARCH)
            return (f"Nothing found for {words.fit(self.query_text, 40).rstrip()}.", "", *HINT_SEARCH)
        if self.view in (View.SAVED, View.LIKED, View.LATER):
            key = {View.SAVED: "s saves", View.LIKED: "l likes", View.LATER: "t keeps for later"}[self.view]
            return (f"Nothing here yet: {key} an item.",)
        if not self.app.source_count:
            return (
                "You follow nothing yet.",
                "",
                "Press A to add sources, or the sample feed to try penchant.",
            )
        if self.app.fetching:
            return ("Fetching your sources: items appear here as they arrive.",)
        if self.failing and not self.counts.get("newest"):
            failing = f"{self.failing} of {words.many(self.app.source_count, 'source')}"
            return (f"Nothing has arrived: {failing} could not be fetched.", "", HINT_FAILING)
        if self.view == View.FOR_YOU and self.counts.get("newest", 1):
            return ("You have seen everything.", "", "r fetches, 2 shows the newest, A adds sources.")
        return ("Nothing has arrived yet.", "", "r fetches now; S shows how your sources are.")


HINT_FAILING = "S says why and what to do; r tries again now."
HINT_SEARCH = (
    'author:name  source:name  tag:name  "a phrase"  -without  begin*',
    "is:liked|saved|later|unseen|read|skipped  before:2026-01-31  after:7d",
    'near:"memory safety" in meaning  picture:"a red boat" by what pictures show',
    "ctrl+s saves the search, ctrl+o turns its order, tab narrows it, F lists what is saved",
    "esc leaves the search",
)
