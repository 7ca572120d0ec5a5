"""One item in full."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from penchant.adapters.base import INSIDE
from penchant.app.types import Article, Card, Event, EventKind, Shot, Thread

from . import citing, inside, words
from .actions import ItemActions
from .articletext import blocks_of, link_at
from .bars import KeyLine, StatusLine
from .cardview import marks_of, title_of
from .closing import is_gone
from .commands import ARTICLE
from .deeds import Place
from .feedscreen import FeedScreen, bindings
from .pager import Pager
from .pictures.captions import Hung, shot_of
from .pictures.frame import Frame, preview_of
from .restoring import Restoring, body_note
from .story import NAMED, members_of, story_blocks

if TYPE_CHECKING:
    from .app import PenchantApp


#: Seconds between looks for a thread that was asked for, and after which the reader is told that it is late.
LOOK, PATIENCE = 0.4, 60.0


def thread_note(thread: Thread | None, asked_at: float | None, now: float) -> str:
    """How the fetching of the thread stands, in words; "" where there is nothing to say."""
    if asked_at is not None:
        if now - asked_at > PATIENCE:
            return "The thread did not come: no worker is running, or it is busy. Open the item again to retry."
        return "" if thread is not None and thread.replies else "Fetching the thread…"
    if thread is not None and thread.error:
        return f"The thread could not be fetched: {words.sentences(thread.error, thread.hint, now=True)}"
    return ""


class ArticleScreen(Restoring, ItemActions, Screen[None]):
    """Reading records an open, closing (or stepping on) how long it was read."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = bindings(ARTICLE)
    AUTO_FOCUS = "Pager"

    def __init__(self, card: Card, place: Place, feed: FeedScreen) -> None:
        super().__init__()
        self.card = card
        self.place = place
        self.feed_screen = feed
        self.article: Article | None = None
        self.number = ""
        self._since = time.monotonic()
        self._archived: list[Card] = []
        self._story: tuple[list[Card], int] = ([], 0)
        self._said: dict[str, str] = {}
        #: What it cites in the archive, and is cited by.
        self.cited = citing.Cited()
        self._thread: Thread | None = None
        self._asked_at: float | None = None

    def compose(self) -> ComposeResult:
        yield Pager()
        yield StatusLine()
        yield KeyLine(ARTICLE)

    def on_mount(self) -> None:
        self.query_one(KeyLine).use(self.app.keys)
        if (gallery := self.app.gallery) is not None:
            gallery.listeners.append(self._pictures_changed)
            self.query_one(Pager).frame_of = self._frame
        self.begin()
        self.set_interval(LOOK, self._wait_for_thread)

    def on_unmount(self) -> None:
        if (gallery := self.app.gallery) is not None:
            gallery.listeners.remove(self._pictures_changed)
            gallery.watch("article", ())

    def begin(self) -> None:
        """The item is on screen from now on."""
        if (gallery := self.app.gallery) is not None:
            gallery.watch("article", (self.card.item_id,))
        self._since = time.monotonic()
        self.number = ""
        self._thread = None
        self._asked_at = self._restore_at = self._gone = None
        self.app.observe(self.app.deeds.event("open", self.card.item_id, self.place))
        self.app.spawn(self._read(ask=True))

    def end(self) -> None:
        """The item leaves the screen."""
        seconds = round(time.monotonic() - self._since, 2)
        event = self.app.deeds.event("dwell", self.card.item_id, self.place, {"seconds": seconds})
        self.app.observe(event)

    async def _read(self, top: bool = True, ask: bool = False) -> None:
        item_id, now = self.card.item_id, time.time()
        article, archived, thread, wanted, gone = await self.app.bridge.reader.do(
            lambda store: (
                store.items.article(item_id),
                store.items.thread(item_id),
                store.threads.get(item_id),
                ask and store.threads.wanted(item_id, now),
                store.gate.state(item_id),
            )
        )
        if (gallery := self.app.gallery) is not None:
            shots = await self.app.bridge.reader.do(lambda store: store.pictures.of_items([item_id]))
            gallery.learn([item_id], shots)
        said = await self.app.bridge.reader.do(lambda store: store.descriptions.of_pictures(item_id))
        cited = await self.app.bridge.reader.do(lambda store: citing.read(store, item_id))
        others = await members_of(self.feed_screen, item_id)
        cards = await self.app.bridge.reader.do(lambda store: store.items.cards(others[:NAMED]))
        if item_id != self.card.item_id or is_gone(self):
            return
        self._story, self._said, self.cited = (cards, len(others)), said, cited
        if article is None:
            self.tell("This item is no longer in the archive", "error")
            return
        self.article, self.card = article, article.card
        self._archived, self._thread, self._gone = archived, thread, gone
        wanted = wanted and self.app.config.network.threads
        if wanted:
            self._asked_at = now
        self._show(top)
        self.tell(self._standing())
        if wanted:
            letter = {"item_id": item_id}
            await self.app.bridge.clerk.do(lambda store: store.control.request("thread", letter))

    def _show(self, top: bool = False) -> None:
        if self.article is not None:
            note = thread_note(self._thread, self._asked_at, time.time())
            gone = body_note(self._gone, self._restore_at, time.time()) if self._gone else ""
            hung = self._hung()
            blocks = blocks_of(self.article, self._archived, time.time(), self._thread, note, gone, hung)
            blocks += citing.blocks(self.article, self.cited)
            self.query_one(Pager).show([*blocks, *story_blocks(*self._story)], top=top)

    # -- pictures
    def _hung(self) -> Hung:
        gallery, item_id = self.app.gallery, self.card.item_id
        if gallery is None:
            return Hung(said=self._said)
        shots = gallery.shots(item_id)
        return Hung(shots, {shot.place for shot in shots if gallery.hidden(item_id, shot)}, self._said)

    def _frame(self, place: int, cols: int, rows: int) -> Frame:
        gallery, item_id = self.app.gallery, self.card.item_id
        shots = gallery.shots(item_id) if gallery is not None else ()
        if gallery is None or place >= len(shots):
            return Frame(1, 1)
        media = self.article.media if self.article is not None else ()
        blurhash = next((each.blurhash for each in media if shot_of(each, shots) is shots[place]), "")
        return gallery.picture(item_id, shots[place], cols, rows, preview_of(blurhash))

    def _pictures_changed(self, items: set[int]) -> None:
        if self.card.item_id in items and not is_gone(self):
            self._show()

    async def do_original(self) -> None:
        """The picture itself in the browser; a number typed before chooses which."""
        number, self.number = int(self.number or 1), ""
        await self.open_original(self.card.item_id, number)

    # -- what comes later
    def _wait_for_thread(self) -> None:
        self.look_for_body()
        if self._asked_at is not None:
            self.app.spawn(self._look_for_thread(self._asked_at))

    async def _look_for_thread(self, asked: float) -> None:
        """A thread is on its way: has it come?"""
        item_id = self.card.item_id
        thread = await self.app.bridge.reader.do(lambda store: store.threads.get(item_id))
        if item_id != self.card.item_id or self._asked_at != asked:
            return
        if thread is not None and thread.fetched_at >= asked:
            self._thread, self._asked_at = thread, None
            self._show()
        elif time.time() - asked > PATIENCE:
            self._show()
            self._asked_at = None

    def _standing(self) -> str:
        names = {"♥": "liked", "✗": "skipped", "■": "saved", "◷": "for later"}
        marks = [f"{sign} {names[sign]}" for sign, _ in marks_of(self.card.marks) if sign in names]
        number = f"{round(self.place.shown_score * 100)} % " if self.place.shown_score is not None else ""
        return number + "  ".join(marks)

    # -- ItemActions
    def at_hand(self) -> tuple[Card, Place] | None:
        return self.card, self.place

    def tell(self, text: str, role: str = "") -> None:
        if not is_gone(self):
            self.query_one(StatusLine).tell(text, role)

    def decided(self, kind: EventKind, card: Card, undone: bool) -> None:
        self.feed_screen.gaze.done(card.item_id)

    async def event_shown(self, event: Event) -> None:
        """An event of this item is on disk."""
        if event.item_id == self.card.item_id and event.kind not in ("open", "dwell"):
            await self._read(top=False)

    # -- keys
    def do_move(self, step: int) -> None:
        self.query_one(Pager).move(step)

    def do_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)

    def do_top(self) -> None:
        self.query_one(Pager).move(-1_000_000)

    def do_bottom(self) -> None:
        self.query_one(Pager).move(1_000_000)

    def do_step(self, direction: int) -> None:
        found = self.feed_screen.step(direction)
        if found is None:
            self.tell("That was the last one" if direction > 0 else "This is the first one")
            return
        self.end()
        self.card, self.place = found
        self.feed_screen.gaze.done(self.card.item_id)
        self.begin()

    def do_ask(self) -> None:
        """Ask about this item."""
        from .asking import ask_item

        ask_item(self.card, self.feed_screen)

    def do_back(self) -> None:
        if self.number:
            self.number = ""
            self.tell(self._standing())
            return
        self.end()
        self.dismiss()

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isascii() and event.character.isdigit():
            self.number = (self.number + event.character)[-4:].lstrip("0")
            url = link_at(self.article, int(self.number or 0)) if self.article else ""
            shown = inside.named(url) if url.startswith(INSIDE) else url
            card = citing.chosen(self.article, self.cited, int(self.number or 0))
            shown = title_of(card) if card is not None else shown
            self.tell(f"Link {self.number}: {shown or 'there is none'} · enter opens" if self.number else "")
            event.stop()
        elif event.key == "enter" and self.number:
            number, self.number = int(self.number), ""
            self.open_link(number)
            event.stop()

    def on_pager_link(self, message: Pager.Link) -> None:
        self.open_link(message.number)

    def open_link(self, number: int) -> None:
        """Open link `number` of the text in the browser."""
        url = link_at(self.article, number) if self.article else ""
        if url.startswith(INSIDE):
            gallery = self.app.gallery
            shots = gallery.shots(self.card.item_id) if gallery is not None else ()
            shot = next((each for each in shots if each.url == url), Shot(0, url))
            self.tell(inside.open_copy(self.app, shot))
        elif url:
            self.app.browse(url)
            self.tell(f"Opening {url}")
        elif not citing.follow(self, number):
            self.tell(f"There is no link {number}")
