"""The search panel: a line to type in above the list; results as you type, by words and by meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Input

from penchant.app.errors import PenchantError
from penchant.app.store.query import parse
from penchant.app.types import View

from .bridge import Desk
from .cardview import Found as Marks
from .loading import FIRST_CARDS, FirstPage
from .looking import Looking
from .messages import Found

if TYPE_CHECKING:
    from penchant.app.store import Store

    from .app import PenchantApp
    from .feedscreen import FeedScreen

#: Seconds without a key before a search begins: a fast typist makes ten keys a second.
PAUSE = 0.12
MOST_HITS = 200


class SearchPanel(Widget):
    """Owns a desk of its own, so that a slow search holds up no card."""

    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "away", "To the results; with nothing typed, back"),
        ("down", "leave", "To the results"),
    ]

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._first = text
        self._desk: Desk | None = None
        self._asking: asyncio.Task[Any] | None = None
        self._newest = 0
        self._embed: Callable[[str], Any] | None = None

    def compose(self) -> ComposeResult:
        yield Input(
            self._first, placeholder="Search: words or meaning, author: source: is: before: picture:", compact=True
        )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def on_mount(self) -> None:
        self._looking = Looking(self.app)
        self._desk = Desk(self.app.paths.archive, "reader")
        self.open(not self._first)

    def on_unmount(self) -> None:
        self._looking.close()
        if self._desk is not None:
            self._desk.close(wait=False)

    def open(self, focus: bool, text: str = "") -> None:
        """Show the results of `text`, or of what was typed last; `focus` to go on typing."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = text = text or self.query_one(Input).value
        if focus or not text:
            self.query_one(Input).focus()
        else:
            self.screen.query_one("FeedList").focus()
        self._start(text, 0.0)

    def on_input_changed(self, message: Input.Changed) -> None:
        self._start(message.value, PAUSE)

    def on_input_submitted(self) -> None:
        self.action_leave()

    def action_away(self) -> None:
        if self.query_one(Input).value.strip():
            self.action_leave()
        else:
            self.app.feed_screen.action_leave_search()

    def action_leave(self) -> None:
        self.screen.query_one("FeedList").focus()

    def _start(self, text: str, pause: float) -> None:
        self._newest += 1
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self.app.spawn(self._search(text.strip(), self._newest, pause))

    async def _search(self, text: str, turn: int, pause: float) -> None:
        if pause:
            await asyncio.sleep(pause)
        screen: FeedScreen = self.app.feed_screen
        if not text or self._desk is None:
            screen.query_text = ""
            screen.show_page(FirstPage(View.SEARCH, [], []))
            return
        look = parse(text, typing=True).look
        # Words first: the vectors take a moment to load the first time, the model of pictures some seconds.
        for stage in range(3 if look else 2):
            see = None
            if stage == 2:
                screen.tell("Looking at the pictures; the first time takes a while")
                if (see := await self._looking.for_words(look, self._desk)) is None:
                    return
            page, found, notice, total = await self._desk.do(partial(self._ask, text, stage > 0, see))
            if turn != self._newest or not self.display:  # the reader is elsewhere by now
                return
            screen.query_text = text
            if stage == 1 and screen.feed.visit.ids == page.ids:
                continue
            if stage and (screen.feed.selected or screen.feed.has_focus) and screen.feed.visit.ids:
                # The reader is among the results already: further ones only join below.
                screen.feed.found.update({i: f for i, f in found.items() if i not in screen.feed.found})
                screen.feed.visit.extend(page.ids)
                screen.feed.ids_changed()
            else:
                screen.show_page(page)
                screen.feed.found = found
                screen.feed.redraw()
            screen.tell(notice or f"Search: {total:,} found")
            self.post_message(Found(text, len(page.ids)))

    # -- in the desk's thread
    def _ask(
        self, text: str, embed: bool, see: Callable[[str], Any] | None, store: Store
    ) -> tuple[FirstPage, dict[int, Marks], str, int]:
        meaning = self._meaning() if embed else None
        result = store.search.search(text, embed=meaning, limit=MOST_HITS, typing=True, see=see)
        ids = [hit.item_id for hit in result.hits]
        found = {
            hit.item_id: Marks(tuple(hit.title_marks), hit.snippet, tuple(hit.snippet_marks))
            for hit in result.hits
        }
        cards = store.items.cards(ids[:FIRST_CARDS])
        return FirstPage(View.SEARCH, ids, cards), found, result.notice, result.total_estimate

    def _meaning(self) -> Callable[[str], Any] | None:
        if self._embed is None:
            from penchant.app.embed.registry import load

            try:
                embedder = load("static")
            except (PenchantError, OSError, ImportError):
                return None
            self._embed = lambda text: embedder.embed_batch([text])[0]
        return self._embed
