"""`H`: what you saw, read and liked, by day; this date in earlier years; "when did I read ..."."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from penchant.app.memory.asking import Want, wanted
from penchant.app.memory.deeds import local
from penchant.app.memory.history import ONLY
from penchant.app.types import Card, Event, EventKind

from . import moving, words
from .actions import ItemActions
from .bars import StatusLine
from .closing import is_there
from .deeds import Place
from .digest import Neighbours
from .historylist import HistoryList
from .rowlist import RowList

if TYPE_CHECKING:
    from penchant.app.memory.history import Day

    from .app import PenchantApp

#: What events of this page carry as their view.
VIEW = "history"
KEYS = "⏎ read  / search  tab what  l like  o browser  y link  w why  ? help  q back"
#: Commands of the list that work here too, under the reader's own keys.
SAME = (
    "down", "up", "top", "bottom", "page-down", "page-up", "read", "browser", "comments", "copy-link", "cite",
    "like", "skip", "save", "later", "collect", "undo", "why", "theme", "help",
)  # fmt: skip
FILTERS = tuple(ONLY)
NAMES = {"": "everything", "opened": "what you read", "liked": "what you liked", "saved": "what you kept"}


class HistoryScreen(ItemActions, Screen[None]):
    """Reads the archive in the reader's thread, a page at a time as the selection nears the end."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        *moving.commands(SAME),
        ("escape,q,H", "back", "Back"),
        ("slash", "search", "Search"),
        ("tab", "only(1)", "What to show"),
        ("shift+tab", "only(-1)", "What to show"),
        ("r", "again", "Look again"),
    ]
    AUTO_FOCUS = "HistoryList"

    def __init__(self) -> None:
        super().__init__()
        self.days: list[Day] = []
        self.cards: dict[int, Card] = {}
        self.text = ""
        self.only = ""
        self.complete = False
        self._older: float | None = None
        self._token = 0
        self._reading = False

    def compose(self) -> ComposeResult:
        yield Static("History", id="headline", markup=False)
        yield Input(placeholder="words, or: when did I read about owls last week", classes="hidden", id="asked")
        yield HistoryList(self.moved)
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load()

    # -- reading
    def load(self) -> None:
        """Read it from the beginning."""
        self._token += 1
        self.complete, self._older, self._reading = False, None, False
        self.query_one(HistoryList).say("Looking back ...")
        self.app.spawn(self._load(self._token))

    def _want(self) -> Want:
        return wanted(self.text, time.time(), self.only)

    async def _load(self, token: int) -> None:
        from penchant.app.store import memory

        want, before, today = self._want(), self._older, local(time.time()).date()
        self._reading = True
        # What was done a moment ago, such as reading the article above, is part of it.
        self.app.bridge.hand_in()
        first: list[Day] = []
        if before is None and not want:
            first = await self.app.bridge.reader.do(lambda store: memory.on_this_day(store, today))
        days, older = await self.app.bridge.reader.do(lambda store: memory.history(store, want, before=before))
        new = [visit.item_id for day in (*first, *days) for visit in day.visits]
        cards = await self.app.bridge.reader.do(lambda store: store.items.cards(list(dict.fromkeys(new))))
        if token != self._token or not is_there(self):
            return
        self.days = [*first, *days] if before is None else [*self.days, *days]
        self.cards |= {card.item_id: card for card in cards}
        self._older, self.complete, self._reading = older, older is None, False
        self._show(anew=before is None)

    def _show(self, *, anew: bool) -> None:
        what = NAMES[self._want().only]
        asked = f": {words.one_line(self.text)}" if self.text else ""
        count = sum(len(day.visits) for day in self.days)
        more = "" if self.complete else " so far"
        self.query_one("#headline", Static).update(f"History, {what}{asked}\n{words.many(count, 'item')}{more}")
        rows = self.query_one(HistoryList)
        rows.show(self.days, self.cards, local(time.time()).date(), anew=anew)
        if not self.days:
            hint = "esc clears the search" if self.text else "tab shows other kinds" if self.only else ""
            rows.say("Nothing in your history fits." if self._want() else "Nothing here yet.", "", hint or
                     "It begins with what you see and open in the feed.")  # fmt: skip

    def moved(self) -> None:
        """The selection is elsewhere: near the end, more is read."""
        rows = self.query_one(HistoryList)
        if not self.complete and not self._reading and rows.selected > len(rows.rows) - 30 and self.days:
            self._reading = True
            self.app.spawn(self._load(self._token))

    async def event_shown(self, event: Event) -> None:
        """Something was decided, here or in an article above: the marks change, the page stays as it was."""
        item_id = event.item_id
        if item_id in self.cards and event.kind not in ("open", "dwell"):
            cards = await self.app.bridge.reader.do(lambda store: store.items.cards([item_id]))
            if is_there(self):
                self.cards |= {card.item_id: card for card in cards}
                self.query_one(HistoryList).redraw()

    # -- ItemActions
    def at_hand(self) -> tuple[Card, Place] | None:
        visit = self.query_one(HistoryList).current()
        card = self.cards.get(visit.item_id) if visit is not None else None
        if card is None:
            return None
        return card, Place(VIEW, self.query_one(HistoryList).place(), card.probability)

    def tell(self, text: str, role: str = "") -> None:
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    def decided(self, kind: EventKind, card: Card, undone: bool) -> None:
        """Nothing moves: what is here was decided before."""

    # -- keys
    def do_move(self, step: int) -> None:
        self.query_one(HistoryList).step(step)

    def do_page(self, direction: int) -> None:
        rows = self.query_one(HistoryList)
        rows.step(direction * max(1, rows.scrollable_content_region.height - 1))

    def do_top(self) -> None:
        self.do_move(-1_000_000)
        self.query_one(HistoryList).jump(0)

    def do_bottom(self) -> None:
        self.do_move(1_000_000)

    def do_read(self) -> None:
        here = self.at_hand()
        if here is not None:
            from .article import ArticleScreen

            self.app.push_screen(ArticleScreen(*here, Neighbours(self)))  # type: ignore[arg-type]
        elif self.query_one(HistoryList).current() is not None:
            self.tell("This item is no longer in the archive", "error")

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.do_read()

    @property
    def gaze(self) -> object:
        """What an article tells of passing an item; nothing of it is observed here."""
        return self.app.feed_screen.gaze

    def step(self, direction: int) -> tuple[Card, Place] | None:
        """Move on by one visit, for the article; None at the end."""
        rows = self.query_one(HistoryList)
        before = rows.selected
        rows.step(direction)
        return self.at_hand() if rows.selected != before else None

    def action_search(self) -> None:
        field = self.query_one("#asked", Input)
        field.remove_class("hidden")
        field.value = self.text
        field.focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.text = " ".join(message.value.split())[:500]
        self._leave_field()
        self.load()

    def _leave_field(self) -> None:
        self.query_one("#asked", Input).add_class("hidden")
        self.query_one(HistoryList).focus()

    def action_back(self) -> None:
        if self.query_one("#asked", Input).has_focus:
            self._leave_field()
        elif self.text:
            self.text = ""
            self.load()
        else:
            self.dismiss()

    def action_only(self, by: int) -> None:
        if not self.query_one("#asked", Input).has_focus:
            self.only = FILTERS[(FILTERS.index(self.only) + by) % len(FILTERS)]
            self.load()

    def action_again(self) -> None:
        self.load()


def show_history(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(HistoryScreen())
