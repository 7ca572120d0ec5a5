"""`p`: drafts of my reply to an item; `P`: drafts of a post, on a topic or from items of the list. They stream in."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from penchant.app.lock import is_held
from penchant.app.types import Card, View
from penchant.app.writing.values import COUNT, SOURCES, Wish

from . import words
from .cardview import title_of
from .closing import is_there
from .pager import Block, Pager
from .writingdesk import KEYS, DraftDesk
from .writinglines import Request, on_its_way, touched

if TYPE_CHECKING:
    from textual.timer import Timer

    from penchant.app.store import Store

    from .actions import ItemActions
    from .app import PenchantApp

KIND = "write"
#: Seconds between looks at drafts on their way; items of a list among which liked ones are looked for.
LOOK, MOST = 0.2, 500
#: Characters of a post as the services count: a reply on Bluesky is the shorter.
LENGTHS = {"mastodon": 480, "bluesky": 280}
ASK = "enter writes   tab: from what   esc closes"
WELCOME = (
    "Drafts in your taste and your own way of writing: what you like, and what you wrote (imports).",
    "Type a topic, or press enter for anything; tab takes items of the list instead.",
    "Nothing is posted before you press p and then P. l and x teach what you want to read of yourself.",
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a post may be made of: its name for the reader, and the items."""

    name: str
    item_ids: tuple[int, ...] = ()


ANYTHING = Basis("a topic")


class WritingScreen(DraftDesk):
    """One request after another. It is a row of the archive: whoever takes it back deletes it."""

    BINDINGS: ClassVar[list[BindingType]] = [("m", "more", "More drafts"), ("tab", "basis", "From what")]

    def __init__(self, about: Card | None = None, bases: Sequence[Basis] = (ANYTHING,)) -> None:
        super().__init__()
        self.about, self.bases = about, list(bases)
        self.request: Request | None = None
        self.wish = Wish("reply" if about is not None else "post", about.item_id if about is not None else None)
        self.seen: list[str] = []
        self._ids: list[str] = []
        self._timer: Timer | None = None

    def above(self) -> ComposeResult:
        if self.about is None:
            yield Input(compact=True, id="topic")

    def on_mount(self) -> None:
        if self.about is not None:
            self.query_one("#about", Static).update(words.one_line(f"Your reply to: {title_of(self.about)}"))
            self.call_after_refresh(self.ask)
            return
        self.query_one("#about", Static).update("A post of yours")
        self._name_basis()
        self.query_one("#topic", Input).focus()
        # The pager knows its width only after the first layout.
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """What can be done here, before anything was asked."""
        self.show()
        self.tell(ASK)

    def on_unmount(self) -> None:
        self._take_back()

    def rest(self) -> list[Block]:
        if self.request is None and not self.drafts:
            return [Block(each, "meta") for each in WELCOME]
        return on_its_way(self.request, time.time(), self.wish.count)

    def _name_basis(self) -> None:
        more = "   (tab: another)" if len(self.bases) > 1 else ""
        self.query_one("#topic", Input).placeholder = f"About {self.bases[0].name}{more}"

    # -- asking
    def on_input_submitted(self, message: Input.Submitted) -> None:
        topic = " ".join(message.value.split())
        self.wish = Wish("post", None, topic, self.bases[0].item_ids)
        self.query_one(Pager).focus()
        self.ask()

    def ask(self) -> None:
        """Ask for drafts of what is wished for; what was on its way before is taken back."""
        self._take_back()
        self.seen += [each.draft.text for each in self.drafts]
        length = LENGTHS.get(self.about.kind if self.about is not None else "", self.wish.length)
        seed = uuid.uuid4().int & 0x7FFFFFFF
        self.wish = replace(self.wish, seed=seed, avoid=tuple(self.seen[-20:]), count=COUNT, length=length)
        self.app.spawn(self._ask(Request(uuid.uuid4().hex, time.time())))

    async def _ask(self, request: Request) -> None:
        self.request, self._ids = request, [each.draft.id for each in self.drafts]
        wish, lock = self.wish, self.app.paths.lock_file
        self.show()
        self.tell(KEYS)
        await self.app.bridge.clerk.do(
            lambda store: store.answers.ask(
                request.name, wish.parent_id, KIND, request.asked_at, payload=wish.payload()
            )
        )
        if not is_there(self):  # gone meanwhile: nobody waits for it
            await self._delete(request.name)
            return
        alone = not await self.app.bridge.reader.do(lambda _: is_held(lock))
        if self.request is not None and self.request.name == request.name:
            self.request = replace(self.request, alone=alone)
            self.show()
        if self._timer is None and is_there(self):
            self._timer = self.set_interval(LOOK, self._follow)

    def _follow(self) -> None:
        if self.request is not None and not self.request.over:
            self.app.spawn(self._look(self.request.name))

    async def _look(self, name: str) -> None:
        found = await self.app.bridge.reader.do(lambda store: store.answers.get(name))
        request = self.request
        if request is None or request.name != name or request.over or not is_there(self):
            return
        if found != request.answer:
            before = request.draft_ids
            self.request = request = replace(request, answer=found, heard_at=time.time())
            if request.draft_ids != before or request.over:
                ids = [*self._ids, *self._held(request), *request.draft_ids]
                await self.read(list(dict.fromkeys(ids)))
            else:
                self.show()
            if request.over and request.answer is not None and not request.answer.error:
                if not self.chosen:  # the order of worth stands only now
                    self.select(0)
                self.tell(f"{KEYS}  m more")
        elif request.gave_up(time.time()):
            self.show()

    def _held(self, request: Request) -> list[str]:
        """Drafts that others were chosen over and that stay: the reader did something with them, or is reading one."""
        here = self.current() if self.chosen else None
        return [each.draft.id for each in self.drafts if request.over and (touched(each) or each is here)]

    def _take_back(self) -> bool:
        """Forget a request that is on its way; False where there is none."""
        request = self.request
        if request is None or request.over:
            return False
        self.request = None
        self.app.spawn(self._delete(request.name))
        return True

    async def _delete(self, name: str) -> None:
        await self.app.bridge.clerk.do(lambda store: store.answers.take_back(name))

    # -- keys
    def action_close(self) -> None:
        """Escape takes back a request on its way, then closes."""
        if self._take_back():
            self.show()
            self.tell("Taken back   m writes others   esc closes")
        else:
            self.dismiss(None)

    def action_more(self) -> None:
        """Others than these."""
        if self.request is None and not self.drafts and self.about is None:
            self.query_one("#topic", Input).focus()
        else:
            self.ask()

    def action_basis(self) -> None:
        if self.about is None and len(self.bases) > 1:
            self.bases = [*self.bases[1:], self.bases[0]]
            self._name_basis()
            self.query_one("#topic", Input).focus()


def bases_of(store: Store, ids: Sequence[int], here: int | None) -> list[Basis]:
    """What a post can be made of: a topic, what was liked of the list, the item at hand, first items, collections."""
    cards = store.items.cards(ids)
    liked = [card.item_id for card in cards if card.marks.liked][:SOURCES]
    found = [ANYTHING]
    if liked:
        found.append(Basis(f"what you liked here ({len(liked)} items)", tuple(liked)))
    if here is not None:
        found.append(Basis("the item at hand", (here,)))
    if len(ids) > 1:
        found.append(Basis(f"the first {min(len(ids), SOURCES)} items of the list", tuple(ids[:SOURCES])))
    named = [(each.name, tuple(store.collections.ids(each.name)[:SOURCES])) for each in store.collections.all()[:20]]
    return found + [Basis(f"your collection {words.one_line(name)}", members) for name, members in named if members]


def write_reply(screen: ItemActions) -> None:
    """Drafts of a reply to the item at hand."""
    here = screen.at_hand()
    if here is None:
        screen.tell("There is no item to reply to")
    else:
        screen.app.push_screen(WritingScreen(here[0]))


async def write_post(screen: ItemActions, app: PenchantApp) -> None:
    """Drafts of a post."""
    feed, here = app.feed_screen, screen.at_hand()
    ids = list(feed.feed.visit.ids[:MOST])
    first = here[0].item_id if here is not None else None
    bases = await app.bridge.reader.do(lambda store: bases_of(store, ids, first))
    if feed.view == View.LIKED and len(bases) > 1:
        bases = [bases[1], bases[0], *bases[2:]]
    app.push_screen(WritingScreen(bases=bases))
