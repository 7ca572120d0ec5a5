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
from penchant.app.types import View

from .bridge import Desk
from .cardview import Found as Marks
from .loading import FIRST_CARDS, FirstPage
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

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self._asking: asyncio.Task[Any] | None = None
        self._newest = 0
        self._embed: Callable[[str], Any] | None = None

    def compose(self) -> ComposeResult:
        yield Input(placeholder="Search: words or meaning, author: source: is: before: after:", compact=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def on_mount(self) -> None:
        self._desk = Desk(self.app.paths.archive, "reader")
        self.open(True)

    def on_unmount(self) -> None:
        if self._desk is not None:
            self._desk.close(wait=False)

    def open(self, focus: bool) -> None:
        """Show the results of what was typed last; `focus` to go on typing."""
        text = self.query_one(Input).value
        if focus or not text:
            self.query_one(Input).focus()
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
        # Words first: the vectors take a moment to load the first time.
        for embed in (False, True):
            page, found, notice, total = await self._desk.do(partial(self._ask, text, embed))
            if turn != self._newest:
                return
            screen.query_text = text
            if embed and screen.feed.visit.ids == page.ids:
                continue
            if embed and (screen.feed.selected or screen.feed.has_focus):
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
    def _ask(self, text: str, embed: bool, store: Store) -> tuple[FirstPage, dict[int, Marks], str, int]:
        meaning = self._meaning() if embed else None
        result = store.search.search(text, embed=meaning, limit=MOST_HITS, typing=True)
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
