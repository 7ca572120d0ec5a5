"""`d`: a page of what you would have liked and missed, of a day or a week."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from penchant.app.digest.compose import Digest, told
from penchant.app.digest.period import Kind, Period, beside, period, today
from penchant.app.errors import PenchantError
from penchant.app.types import Card, Event, EventKind

from . import moving, words
from .actions import ItemActions
from .bars import StatusLine
from .closing import is_there
from .deeds import Place
from .digestlist import DigestList
from .gaze import Gaze, Passed
from .rowlist import RowList

if TYPE_CHECKING:
    from penchant.app.rank.types import Why

    from .app import PenchantApp

#: What events of this page carry as their view.
VIEW = "digest"
KEYS = "⏎ read  l like  x skip  ← → other days  v week  M Markdown  ? help  q back"
#: Commands of the list that work here too, under the reader's own keys.
SAME = (
    "down", "up", "top", "bottom", "page-down", "page-up", "read", "browser", "comments", "copy-link",
    "like", "skip", "save", "later", "undo", "why", "mute", "theme", "help",
)  # fmt: skip


class DigestScreen(ItemActions, Screen[None]):
    """Reads the archive in the reader's thread; reasons come later, from the ranking's."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        *moving.commands(SAME),
        ("escape,q,d", "back", "Back"),
        ("left", "turn(-1)", "Before"),
        ("right", "turn(1)", "After"),
        ("v", "kind", "Day or week"),
        ("r", "again", "Look again"),
        ("M", "markdown", "Write as Markdown"),
    ]
    AUTO_FOCUS = "DigestList"

    def __init__(self, kind: Kind = "day") -> None:
        super().__init__()
        self.kind: Kind = kind
        self.period: Period = period(kind, today(time.time()))
        self.digest: Digest | None = None
        self.cards: dict[int, Card] = {}
        self.gaze = Gaze()
        self._token = 0

    def compose(self) -> ComposeResult:
        yield Static("Digest", id="headline", markup=False)
        yield DigestList(self.moved, self.scrolled_to)
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load()

    # -- reading
    def load(self) -> None:
        """Read the page of the period."""
        self._leave()
        self._token += 1
        self.query_one(DigestList).say("Looking at what came in ...")
        self.app.spawn(self._load(self.period, self._token))

    async def _load(self, wanted: Period, token: int) -> None:
        from penchant.app.digest.making import read

        digest = await self.app.bridge.reader.do(lambda store: read(store, wanted))
        cards = await self.app.bridge.reader.do(lambda store: store.items.cards(digest.ids))
        if token != self._token or not is_there(self):
            return
        self.cards = {card.item_id: card for card in cards}
        self._show(told(digest, {}), anew=True)
        await self._reasons(digest, token)

    def _show(self, digest: Digest, *, anew: bool = False) -> None:
        self.digest = digest
        kind = "The day" if self.kind == "day" else "The week"
        self.query_one("#headline", Static).update(f"{kind}: {digest.period.title}\n{digest.words}")
        rows = self.query_one(DigestList)
        rows.show(digest, self.cards, anew=anew)
        if not digest.sections:
            rows.say(digest.words, "", "← shows the day before, v the week; r looks again.")

    async def _reasons(self, digest: Digest, token: int) -> None:
        """One line for each, a few at a time: the ranking's thread has lessons to learn meanwhile."""
        from penchant.app.digest.because import because
        from penchant.app.store.missed import sentences

        said = await self.app.bridge.reader.do(lambda store: sentences(store, digest.ids))
        lines: dict[int, str] = {}
        for n, item_id in enumerate(digest.ids):
            try:
                why: Why = await self.app.lessons.why(item_id)
            except KeyError:  # gone meanwhile
                continue
            except PenchantError as error:
                self.tell(f"There are no reasons: {error}", "error")
                return
            if token != self._token or not is_there(self):
                return
            lines[item_id] = because(why)
            if n % 4 == 3 or n == len(digest.ids) - 1:
                self._show(told(digest, lines, said))

    async def event_shown(self, event: Event) -> None:
        """Something was decided, here or in an article above: the marks change, the page stays as it was."""
        ids = self.digest.ids if self.digest is not None else []
        if event.item_id in ids and self.digest is not None:
            cards = await self.app.bridge.reader.do(lambda store: store.items.cards(ids))
            if is_there(self):
                self.cards = {card.item_id: card for card in cards}
                self.query_one(DigestList).show(self.digest, self.cards, anew=False)

    # -- ItemActions
    def at_hand(self) -> tuple[Card, Place] | None:
        rows = self.query_one(DigestList)
        story = rows.current()
        card = self.cards.get(story.item.item_id) if story is not None else None
        if story is None or card is None:
            return None
        return card, self.place_of(card.item_id)

    def place_of(self, item_id: int) -> Place:
        """Where an item stands, for its event."""
        ids = self.digest.ids if self.digest is not None else []
        position = ids.index(item_id) if item_id in ids else None
        card = self.cards.get(item_id)
        return Place(VIEW, position, card.probability if card else None)

    def tell(self, text: str, role: str = "") -> None:
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    def decided(self, kind: EventKind, card: Card, undone: bool) -> None:
        (self.gaze.forget if undone else self.gaze.done)(card.item_id)
        if kind == "skip" and not undone:
            self.do_move(1)

    # -- what was on screen
    def moved(self) -> None:
        """The selection is on another story."""
        story = self.query_one(DigestList).current()
        item_id = None if story is None else story.item.item_id
        self.passed(self.gaze.select(item_id, self._position(item_id), time.monotonic()))

    def scrolled_to(self, forward: bool) -> None:
        """Other stories are on screen."""
        rows = self.query_one(DigestList)
        shown = rows.stories(rows.shown_rows())
        first = self._position(shown[0]) if shown else 0
        self.passed(self.gaze.screen(shown, first, time.monotonic(), forward=forward))

    def _position(self, item_id: int | None) -> int:
        ids = self.digest.ids if self.digest is not None else []
        return ids.index(item_id) if item_id in ids else 0

    def _leave(self) -> None:
        """Everything that is on screen has been seen."""
        now = time.monotonic()
        self.passed(self.gaze.select(None, 0, now))
        self.passed(self.gaze.screen([], 1_000_000, now))
        self.gaze.pause()

    def passed(self, items: list[Passed]) -> None:
        """Record impressions; nothing on the screen waits for them."""
        for item in items:
            place = replace_position(self.place_of(item.item_id), item.position)
            self.app.observe(self.app.deeds.event("impression", item.item_id, place, {"dwell": item.dwell}))

    # -- keys
    def do_move(self, step: int) -> None:
        self.query_one(DigestList).step(step)

    def do_page(self, direction: int) -> None:
        rows = self.query_one(DigestList)
        height = rows.scrollable_content_region.height
        rows.step(direction * max(1, height // rows.row_height - 1))

    def do_top(self) -> None:
        self.do_move(-1_000_000)
        self.query_one(DigestList).jump(0)

    def do_bottom(self) -> None:
        rows = self.query_one(DigestList)
        rows.select(rows.row_count() - 1)

    def do_read(self) -> None:
        here = self.at_hand()
        if here is not None:
            from .article import ArticleScreen

            self.gaze.done(here[0].item_id)
            self.app.push_screen(ArticleScreen(*here, Neighbours(self)))  # type: ignore[arg-type]

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.do_read()

    def step(self, direction: int) -> tuple[Card, Place] | None:
        """Move on by one story, for the article; None at the end."""
        rows = self.query_one(DigestList)
        before = rows.selected
        rows.step(direction)
        return self.at_hand() if rows.selected != before else None

    def action_back(self) -> None:
        self._leave()
        self.dismiss()

    def action_turn(self, step: Literal[-1, 1]) -> None:
        after = beside(self.period, step)
        if after.start > time.time():
            self.tell("This is the latest there is")
            return
        self.period = after
        self.load()

    def action_kind(self) -> None:
        self.kind = "week" if self.kind == "day" else "day"
        self.period = period(self.kind, min(self.period.first, today(time.time())))
        self.load()

    def action_again(self) -> None:
        self.load()

    def action_markdown(self) -> None:
        if self.digest is not None:
            self.app.spawn(self._markdown(self.digest))

    async def _markdown(self, digest: Digest) -> None:
        from penchant.app.digest.markdown import write
        from penchant.app.models.files import write_whole

        path = self.app.paths.data / "digests" / f"{digest.period.name}.md"
        await self.app.bridge.clerk.do(lambda _: write_whole(path, write(digest).rstrip("\n")))
        self.app.copy_to_clipboard(write(digest))
        self.tell(f"Copied, and written to {words.one_line(str(path))}")


class Neighbours:
    """The digest as an article sees the list that it was opened from."""

    def __init__(self, screen: DigestScreen) -> None:
        self._screen = screen
        self.app, self.gaze, self.feed = screen.app, screen.gaze, screen.app.feed_screen.feed
        self.step = screen.step
        self.tell = screen.tell


def replace_position(place: Place, position: int) -> Place:
    """The same place at another position."""
    return place._replace(position=position)


def show_digest(app: PenchantApp) -> None:
    """Open the page of today."""
    app.push_screen(DigestScreen())
