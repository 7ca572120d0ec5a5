"""`a`: ask the archive, a view of it, or one item; the answer streams in, and its numbers open the items."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from penchant.app.lock import is_held
from penchant.app.types import Card, View

from .askinglines import Turn, blocks_of, copied
from .bars import StatusLine
from .cardview import title_of
from .closing import is_there
from .deeds import Place
from .dialog import Box
from .pager import Pager

if TYPE_CHECKING:
    from textual.timer import Timer

    from .app import PenchantApp
    from .feedscreen import FeedScreen

#: Seconds between looks at an answer on its way; ids of a list that are named in a question.
LOOK, MOST = 0.2, 2_000
#: Marks that are views, as the search language has them.
_MARKED = {View.SAVED: "is:saved", View.LIKED: "is:liked", View.LATER: "is:later"}
KIND = "ask"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked: its name for the reader, the condition that the worker gets, an item's id."""

    name: str
    condition: Mapping[str, Any]
    item_id: int | None = None


EVERYTHING = Scope("your whole archive", {})


def scope_of(screen: FeedScreen) -> Scope:
    """The view on screen."""
    if screen.view in _MARKED:
        return Scope(f"the view {screen.view.value.capitalize()}", {"query": _MARKED[screen.view]})
    if screen.view == View.FOLLOWING and screen.subscription_id is not None:
        return Scope(screen.source_name or "this source", {"subscription": screen.subscription_id})
    if screen.view == View.SEARCH and screen.feed.visit.ids:
        ids = list(screen.feed.visit.ids[:MOST])
        return Scope(f"these {len(ids):,} results", {"ids": ids})
    return EVERYTHING


class AskScreen(Box[None]):
    """One conversation. The question is a row of the archive: whoever takes it back deletes it."""

    app: PenchantApp
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "leave", "Close"),
        ("a,slash", "again", "Ask on"),
        ("tab", "scope", "Whole archive or not"),
        ("enter", "open(0)", "Open"),
        *((str(n), f"open({n})", f"Open [{n}]") for n in range(1, 10)),
        ("y", "copy", "Copy"),
        ("j,down", "move(1)", "Down"),
        ("k,up", "move(-1)", "Up"),
        ("space,pagedown", "page(1)", "Page"),
        ("b,pageup", "page(-1)", "Page up"),
    ]

    def __init__(self, scope: Scope, feed: FeedScreen, about: Card | None = None) -> None:
        super().__init__()
        self.scopes = [scope] if scope == EVERYTHING or about is not None else [scope, EVERYTHING]
        self.feed_screen, self.about = feed, about
        self.turns: list[Turn] = []
        self._timer: Timer | None = None

    @property
    def scope(self) -> Scope:
        """What the next question is asked of."""
        return self.scopes[0]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield Input(compact=True)
            yield Pager()
            yield StatusLine()

    def on_mount(self) -> None:
        self._name_scope()
        self.tell("enter asks   esc closes")
        # The pager knows its width only after the first layout.
        self.call_after_refresh(self.show)
        self.app.spawn(self._warm())

    async def _warm(self) -> None:
        """Have the model loaded while the question is typed."""
        await self.app.bridge.clerk.do(lambda store: store.control.request(KIND))

    def on_unmount(self) -> None:
        self._take_back()

    def tell(self, text: str) -> None:
        """Say something in the last line."""
        if is_there(self):
            self.query_one(StatusLine).tell(text)

    def show(self, *, top: bool = True) -> None:
        """Show the conversation as it stands."""
        if is_there(self):
            about = title_of(self.about) if self.about is not None else ""
            self.query_one(Pager).show(blocks_of(self.turns, time.time(), about), top=top)

    def _name_scope(self) -> None:
        name = "this item" if self.about is not None else self.scope.name
        self.query_one(Input).placeholder = f"Ask {name}" + ("   (tab: another)" if len(self.scopes) > 1 else "")

    # -- asking
    def on_input_submitted(self, message: Input.Submitted) -> None:
        if text := " ".join(message.value.split()):
            self.app.spawn(self.ask(text))
            message.input.value = ""
            self.query_one(Pager).focus()

    async def ask(self, text: str) -> None:
        """Ask; what was on its way before is taken back."""
        self._take_back()
        self.turns = [turn for turn in self.turns if turn.answer is not None and turn.answer.text]
        before = next(((turn.question, turn.answer.text) for turn in reversed(self.turns) if turn.answer), None)
        turn = Turn(uuid.uuid4().hex, time.time(), question=text)
        self.turns.append(turn)
        self.show()
        self.tell("1-9 opens   a asks on   y copies   esc takes it back")
        scope, lock = self.scope, self.app.paths.lock_file
        payload = {"question": text, "scope": dict(scope.condition), "before": before, "plug": "auto"}
        if scope.item_id is None:
            payload["plug"] = "none"
        await self.app.bridge.clerk.do(
            lambda store: store.answers.ask(turn.name, scope.item_id, KIND, turn.asked_at, payload=payload)
        )
        if not is_there(self):  # gone meanwhile: nobody waits for it
            await self._delete(turn.name)
            return
        alone = not await self.app.bridge.reader.do(lambda _: is_held(lock))
        if self.turns and self.turns[-1].name == turn.name:
            self.turns[-1] = replace(self.turns[-1], alone=alone)
            self.show()
        if self._timer is None and is_there(self):
            self._timer = self.set_interval(LOOK, self._follow)

    def _follow(self) -> None:
        if self.turns and not self.turns[-1].over:
            self.app.spawn(self._read(self.turns[-1].name))

    async def _read(self, name: str) -> None:
        found = await self.app.bridge.reader.do(lambda store: store.answers.get(name))
        turn = self.turns[-1] if self.turns else None
        if turn is None or turn.name != name or turn.over:
            return
        if found != turn.answer:
            self.turns[-1] = replace(turn, answer=found, heard_at=time.time())
            self.show(top=False)
            if self.turns[-1].over:
                self.tell("1-9 opens   a asks on   y copies   esc closes")
        elif turn.gave_up(time.time()):
            self.show(top=False)

    def _take_back(self) -> bool:
        """Forget a question that is on its way; False where there is none."""
        turn = self.turns[-1] if self.turns else None
        if turn is None or turn.over:
            return False
        self.turns.pop()
        self.app.spawn(self._delete(turn.name))
        return True

    async def _delete(self, name: str) -> None:
        await self.app.bridge.clerk.do(lambda store: store.answers.take_back(name))

    # -- keys
    def action_close(self) -> None:
        """Escape takes back a question on its way, then closes."""
        if self._take_back():
            self.show()
            self.tell("Taken back   a asks on   esc closes")
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_again(self) -> None:
        self.query_one(Input).focus()

    def action_scope(self) -> None:
        if len(self.scopes) > 1:
            self.scopes.reverse()
            self._name_scope()
            self.tell(f"Asking {self.scope.name}")

    def action_open(self, number: int) -> None:
        """Open a source; 0: the first one cited, else the first."""
        turn = self.turns[-1] if self.turns else None
        sources = turn.sources() if turn is not None else []
        cited = turn.payload.get("cited") if turn is not None else None
        wanted = number or (cited[0] if isinstance(cited, list) and cited else 1)
        item_id = next((each.get("item_id") for each in sources if each.get("number") == wanted), None)
        if not isinstance(item_id, int) or not item_id:
            self.tell(f"There is no source {wanted}" if sources else "There is nothing to open yet")
        elif self.about is not None and item_id == self.about.item_id:
            self.dismiss(None)  # it lies right below
        else:
            self.app.spawn(self._open(item_id))

    def on_pager_link(self, message: Pager.Link) -> None:
        self.action_open(message.number)

    async def _open(self, item_id: int) -> None:
        cards = await self.app.bridge.reader.do(lambda store: store.items.cards([item_id]))
        if cards and is_there(self):
            self.feed_screen.open_article(cards[0], Place(KIND))
        else:
            self.tell("This item is no longer in the archive")

    def action_copy(self) -> None:
        turn = self.turns[-1] if self.turns else None
        if turn is None or turn.answer is None or not turn.answer.text:
            self.tell("There is no answer to copy yet")
            return
        self.app.copy_to_clipboard(copied(turn))
        self.tell("Copied the answer and its sources")

    def action_move(self, lines: int) -> None:
        self.query_one(Pager).move(lines)

    def action_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)


def ask_view(screen: FeedScreen) -> None:
    """Ask what the list holds."""
    screen.app.push_screen(AskScreen(scope_of(screen), screen))


def ask_item(card: Card, feed: FeedScreen) -> None:
    """Ask about one item."""
    feed.app.push_screen(AskScreen(Scope("this item", {}, card.item_id), feed, card))
