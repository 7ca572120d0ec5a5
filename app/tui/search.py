"""The search panel: a line to type in above the list; results as you type, by words and by meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Input

from penchant.app.errors import PenchantError
from penchant.app.store.query import parse
from penchant.app.types import View

from . import queryline, searchdesk, words
from .bridge import Desk
from .closing import is_there
from .loading import FirstPage
from .looking import Looking
from .messages import Found
from .searchdesk import Answer
from .suggestions import Suggestions

if TYPE_CHECKING:
    from penchant.app.store.saved_searches import SavedSearch

    from .app import PenchantApp

#: Seconds without a key before a search begins: a fast typist makes ten keys a second.
PAUSE = 0.12
PLACEHOLDER = "Search: words or meaning, author: source: is: before: near: sort:"


class SearchPanel(Widget):
    """Owns a desk of its own, so that a slow search holds up no card."""

    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "away", "Close what is offered; to the results; with nothing typed, back"),
        ("down", "down", "What is offered; to the results"),
        ("up", "up", "What is offered"),
        ("tab", "tab", "Take what is offered; to what narrows the search"),
    ]

    def __init__(self, text: str = "", saved: SavedSearch | None = None) -> None:
        super().__init__()
        self._first = text
        self.saved = saved
        self._desk: Desk | None = None
        self._asking: asyncio.Task[Any] | None = None
        self._completing = False
        self._newest = 0
        self._through = 0
        self._embed: Callable[[str], Any] | None = None

    def compose(self) -> ComposeResult:
        yield Input(self._first, placeholder=PLACEHOLDER, compact=True)
        yield Suggestions()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def on_mount(self) -> None:
        self._looking = Looking(self.app)
        self._desk = Desk(self.app.paths.archive, "reader")
        self.line = self.query_one(Input)
        self.suggestions = self.query_one(Suggestions)
        self.open(not self._first, saved=self.saved)

    def on_unmount(self) -> None:
        self._looking.close()
        if self._desk is not None:
            self._desk.close(wait=False)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.line.value

    def open(self, focus: bool, text: str = "", saved: SavedSearch | None = None) -> None:
        """Show the results of `text`, or of what was typed last; `focus` to go on typing."""
        self.saved = saved or self.saved
        with self.prevent(Input.Changed):
            self.line.value = text = words.one_line(text or self.text)
        if focus or not text:
            self.line.focus()
        else:
            self.screen.query_one("FeedList").focus()
        self.suggestions.close()
        self._start(text, 0.0)

    def put(self, text: str) -> None:
        """Another line, at once; the keys stay where they are."""
        text = words.one_line(text)
        with self.prevent(Input.Changed):
            self.line.value = text
            self.line.cursor_position = len(text)
        self.suggestions.close()
        self._start(text, 0.0)

    def title(self) -> str:
        """The name of the saved search that is shown, "" for any other."""
        return self.saved.name if self.saved is not None and self.saved.query == self.text.strip() else ""

    # -- keys
    def on_input_changed(self, message: Input.Changed) -> None:
        self._start(message.value, PAUSE)
        self._complete()

    def on_input_submitted(self) -> None:
        if self.suggestions.is_open and self.suggestions.moved:
            self.take()
        else:
            self.action_leave()

    def on_key(self, event: events.Key) -> None:
        if event.key in ("left", "right", "home", "end"):
            self.suggestions.close()

    def on_descendant_blur(self) -> None:
        self.suggestions.close()

    def action_away(self) -> None:
        if self.suggestions.is_open:
            self.suggestions.close()
        elif self.text.strip():
            self.action_leave()
        else:
            self.app.feed_screen.action_leave_search()

    def action_down(self) -> None:
        self.suggestions.move(1) if self.suggestions.is_open else self.action_leave()

    def action_up(self) -> None:
        if self.suggestions.is_open:
            self.suggestions.move(-1)

    def action_tab(self) -> None:
        if self.suggestions.is_open:
            self.take()
        else:
            self.app.feed_screen.action_facets()

    def action_leave(self) -> None:
        self.screen.query_one("FeedList").focus()

    def take(self, number: int | None = None) -> None:
        """Put what is offered into the line; an operator then offers its values."""
        text, cursor = self.suggestions.taken(number)
        with self.prevent(Input.Changed):
            self.line.value = text
        self.line.cursor_position = cursor
        self.line.focus()
        self.suggestions.close()
        self._start(text, 0.0)
        if text[:cursor].endswith(":"):
            self._complete()

    # -- completing
    def _complete(self) -> None:
        """Ask how the line goes on. One question at a time: what was typed meanwhile is asked after it."""
        if not self._completing and self._desk is not None:
            self._completing = True
            self.app.spawn(self._offer(self._desk))

    async def _offer(self, desk: Desk) -> None:
        try:
            asked = None
            while asked != (now := (self.text, self.line.cursor_position)):
                asked = now
                found = await desk.do(partial(searchdesk.complete, *asked))
                if not is_there(self):
                    return
        finally:
            self._completing = False
        if self.line.has_focus and self.display:
            self.suggestions.offer(found, *asked)

    # -- searching
    def _start(self, text: str, pause: float) -> None:
        self._newest += 1
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self.app.spawn(self._search(text.strip(), self._newest, pause))

    def again(self) -> None:
        """Something was committed elsewhere: perhaps an item that belongs to what is shown."""
        text = self.text.strip()
        if text and self.display and (self._asking is None or self._asking.done()) and not parse(text).look:
            self._asking = self.app.spawn(self._again(text, self._newest))

    async def _search(self, text: str, turn: int, pause: float) -> None:
        if pause:
            await asyncio.sleep(pause)
        screen = self.app.feed_screen
        if not text or self._desk is None:
            screen.search_shown("", "", "")
            screen.show_page(FirstPage(View.SEARCH, [], []))
            screen.facets()
            return
        look = parse(text, typing=True).look
        # Words first: the vectors take a moment to load the first time, the model of pictures some seconds.
        for stage in range(3 if look else 2):
            see = None
            if stage == 2:
                screen.tell("Looking at the pictures; the first time takes a while")
                if (see := await self._looking.for_words(look, self._desk)) is None:
                    return
            answer = await self._desk.do(partial(self._ask, text, stage > 0, see))
            if turn != self._newest or not self.display:  # the reader is elsewhere by now
                return
            self._show(text, answer, stage)
            self.post_message(Found(text, len(answer.page.ids)))
        await self._facets(text, turn, answer.page.ids)
        await self.app.feed_screen.search_looked_at(self.title())

    def _show(self, text: str, answer: Answer, stage: int) -> None:
        screen, page = self.app.feed_screen, answer.page
        self._through = answer.through
        if self.title() not in [each.name for each in answer.saved]:
            self.saved = answer.saved[0] if answer.saved else None
        screen.search_shown(text, self._said(answer), self.title(), answer.unseen)
        same = stage == 1 and screen.feed.visit.ids == page.ids
        among = bool(screen.feed.selected or screen.feed.has_focus) and bool(screen.feed.visit.ids)
        if stage and among and not same:
            # The reader is among the results already: further ones only join below.
            self._join(answer)
        elif not same:
            screen.show_page(page)
            screen.feed.found = answer.found
            screen.feed.redraw()
        screen.finds.shown(text, answer.ranks)
        screen.tell(screen.summary())

    def _join(self, answer: Answer) -> None:
        feed = self.app.feed_screen.feed
        feed.found.update({i: f for i, f in answer.found.items() if i not in feed.found})
        feed.visit.extend(answer.page.ids)
        feed.ids_changed()

    async def _again(self, text: str, turn: int) -> None:
        if self._desk is None:
            return
        meaning = self._embed  # what is not loaded yet is not loaded for this
        answer = await self._desk.do(partial(searchdesk.renewed, text, self._through, meaning))
        if turn != self._newest or not self.display:
            return
        screen = self.app.feed_screen
        if answer is not None:
            await self._came(text, turn, answer)
        await screen.search_looked_at(self.title())

    async def _came(self, text: str, turn: int, answer: Answer) -> None:
        """Items came since: those that belong here are shown."""
        screen = self.app.feed_screen
        known = set(screen.feed.visit.ids)
        fresh = [item for item in answer.page.ids if item not in known]
        self._through = answer.through
        if not fresh:
            return
        if screen.feed.selected == 0 and screen.feed.scroll_offset.y == 0:
            self._show(text, answer, 0)
        else:
            # What is on screen stays in its place.
            self._join(answer)
            screen.search_shown(text, self._said(answer), self.title(), answer.unseen)
            screen.finds.shown(text, answer.ranks)
            screen.tell(f"{words.many(len(fresh), 'new item')} below; / and enter put everything in its order")
        await self._facets(text, turn, answer.page.ids)

    async def _facets(self, text: str, turn: int, ids: list[int]) -> None:
        panel = self.app.feed_screen.facets()
        if panel is None or self._desk is None:
            return
        found = await self._desk.do(partial(searchdesk.facets, text, ids))
        if turn == self._newest and is_there(panel):
            panel.show(found, self.text)

    def count_again(self) -> None:
        """The facets of what is shown, for a panel that has just come."""
        self.app.spawn(self._facets(self.text.strip(), self._newest, list(self.app.feed_screen.feed.visit.ids)))

    def _said(self, answer: Answer) -> str:
        order = answer.query.sort
        ordered = queryline.ORDERS[order] if order and order != "relevance" else ""
        unseen = f"{answer.unseen:,} unseen" if self.title() and answer.unseen else ""
        found = f"{self.title() or 'Search'}: {answer.total:,} found"
        return " · ".join(part for part in (found, unseen, ordered, answer.notice) if part)

    # -- in the desk's thread
    def _ask(self, text: str, embed: bool, see: Callable[[str], Any] | None, store: Any) -> Answer:
        return searchdesk.ask(text, self._meaning() if embed else None, see, store)

    def _meaning(self) -> Callable[[str], Any] | None:
        if self._embed is None:
            from penchant.app.embed.registry import load

            try:
                embedder = load("static")
            except (PenchantError, OSError, ImportError):
                return None
            self._embed = lambda text: embedder.embed_batch([text])[0]
        return self._embed
