"""What can be done with the item at hand, the same in the list, the article and the search results."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import INSIDE
from penchant.app.generating import DRAFT, MASKED
from penchant.app.muting import value_of
from penchant.app.types import Card, EventKind

from . import words
from .cardview import title_of
from .deeds import DONE, UNDONE, Place

if TYPE_CHECKING:
    from .app import PenchantApp
    from .mute import Choice


class ItemActions:
    """A mixin of screens. They say which card and place are at hand, and what to tell the reader where."""

    app: PenchantApp

    def at_hand(self) -> tuple[Card, Place] | None:
        """The card that the keys act on, and where it stands."""
        raise NotImplementedError

    def tell(self, text: str, role: str = "") -> None:
        """Say something on the status line."""
        raise NotImplementedError

    def decided(self, kind: EventKind, card: Card, undone: bool) -> None:
        """A key was pressed; the event is on its way to disk."""

    async def do_decide(self, kind: EventKind) -> None:
        """Like, skip, save, later: the mark appears once the event is on disk."""
        here = self.at_hand()
        if here is None:
            return
        card, place = here
        undone = self.app.deeds.holds(card, kind)
        self.decided(kind, card, undone)
        await self.app.deeds.decide(kind, card, place)
        verb = f"{UNDONE[kind]} taken back" if undone else DONE[kind]
        self.tell(f"{verb}: {title_of(card)}")

    async def do_undo(self) -> None:
        """Take the last decision back."""
        event = await self.app.deeds.undo()
        if event is None:
            self.tell("Nothing to undo")
            return
        self.tell(f"{UNDONE[event.kind]} undone" + await self._of(event.item_id))

    async def _of(self, item_id: int | None) -> str:
        if item_id is None:
            return ""
        cards = await self.app.bridge.reader.do(lambda store: store.items.cards([item_id]))
        return f": {title_of(cards[0])}" if cards else ""

    def do_mute(self) -> None:
        """Choose what to mute."""
        here = self.at_hand()
        if here is None:
            return
        from .mute import MuteScreen

        card, place = here

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self.app.spawn(self._mute(card, place, choice))

        self.app.push_screen(MuteScreen(card), chosen)

    async def _mute(self, card: Card, place: Place, choice: Choice) -> None:
        deeds = self.app.deeds
        until = None if choice.seconds is None else time.time() + choice.seconds
        name = "" if choice.what in ("word", "phrase") else choice.name
        value = value_of(choice.what, choice.key, name, until)
        await deeds.record(deeds.event("mute", card.item_id, place, value))
        self.tell(f"Muted {choice.what} {choice.name} {choice.lasting}; u undoes")

    def do_mutes(self) -> None:
        """What is muted, to look at and to take back."""
        from .mutelist import MuteListScreen

        self.app.push_screen(MuteListScreen())

    async def do_collect(self) -> None:
        """Choose a collection for the item at hand."""
        here = self.at_hand()
        if here is not None and here[0].kind == DRAFT:
            self.tell("Collections hold what others wrote; s saves this")
        elif here is not None:
            from .collectbox import collect

            await collect(self, *here)

    def do_browser(self) -> None:
        """Open the item's own page."""
        here = self.at_hand()
        if here is not None:
            self.app.browse(here[0].url, here)

    async def do_comments(self) -> None:
        """Open the discussion, where the source has one."""
        here = self.at_hand()
        if here is None:
            return
        item_id = here[0].item_id
        article = await self.app.bridge.reader.do(lambda store: store.items.article(item_id))
        if article is not None and article.comments_url:
            self.app.browse(article.comments_url, here)
        else:
            self.tell("No comments page is known for this item")

    async def do_original(self) -> None:
        """Open the first picture itself in the browser."""
        here = self.at_hand()
        if here is not None:
            await self.open_original(here[0].item_id, 1)

    async def open_original(self, item_id: int, number: int) -> None:
        """Open picture `number` (from 1) of an item."""
        shots = await self.app.bridge.reader.do(lambda store: store.pictures.of_items([item_id]))
        found = shots.get(item_id, ())
        if 1 <= number <= len(found) and found[number - 1].url.startswith(INSIDE):
            from .inside import open_copy

            self.tell(open_copy(self.app, found[number - 1]))
        elif 1 <= number <= len(found) and guard_url(found[number - 1].url):
            self.app.browse(found[number - 1].url)
            self.tell(f"Opening {found[number - 1].url}")
        elif found and number > len(found):
            self.tell(f"There is no picture {number}: this item has {words.many(len(found), 'picture')}")
        else:
            self.tell("This picture has no web address" if found else "This item has no picture")

    def do_reveal(self) -> None:
        """Sensitive pictures of the item at hand, clear or blurred."""
        here, gallery = self.at_hand(), self.app.gallery
        clear = gallery.reveal(here[0].item_id) if here is not None and gallery is not None else None
        if clear is None:
            self.tell("Pictures are off" if gallery is None else "No picture of this item is blurred")
        else:
            self.tell("Shown; v blurs it again" if clear else "Blurred; v shows it")

    def do_copy_link(self) -> None:
        """Put the link into the clipboard of the reader's own terminal."""
        here = self.at_hand()
        if here is None:
            return
        url = words.one_line(here[0].url)
        if not url:
            self.tell("This item has no link")
            return
        self.app.copy_to_clipboard(url)
        self.tell(f"Copied {url}")

    async def do_cite(self) -> None:
        """Copy the citation of the item at hand."""
        here = self.at_hand()
        if here is not None:
            from .citing import copy_citation

            await copy_citation(self, here[0])

    def do_draft_reply(self) -> None:
        """Drafts of a reply to the item at hand."""
        from .writing import write_reply

        write_reply(self)

    async def do_draft_post(self) -> None:
        """Drafts of a post."""
        from .writing import write_post

        await write_post(self, self.app)

    def do_drafts(self) -> None:
        """Every draft there is."""
        from .writinglist import show_drafts

        show_drafts(self.app)

    def do_why(self) -> None:
        """The parts of the number."""
        here = self.at_hand()
        if here is not None and here[0].kind == DRAFT and here[0].source == MASKED:
            self.tell("Told when the blind test is over; B says how far it is")
        elif here is not None:
            from .why import WhyScreen

            self.app.push_screen(WhyScreen(*here))

    def do_theme(self) -> None:
        """The other theme."""
        self.app.theme = "penchant-light" if self.app.theme == "penchant-dark" else "penchant-dark"

    def do_help(self) -> None:
        """Every command with its keys."""
        from .help import HelpScreen

        self.app.push_screen(HelpScreen(self.app.keys))


def guard_url(url: Any) -> str:
    """The address if a browser may open it (only http and https), else ""."""
    text = words.one_line(str(url or "")).strip()
    return text if text.lower().startswith(("http://", "https://")) else ""


def open_browser(url: str, failed: Callable[[str], None]) -> None:
    """In a thread of its own: some browsers keep the caller waiting."""
    import webbrowser

    try:
        opened = webbrowser.open(url)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        failed(url)
