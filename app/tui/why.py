"""`w`: the parts that add up to an item's number; each can be answered by "less like this" or turned by its dial."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from penchant.app.rank.steps import turned
from penchant.app.types import Card, Event, View

from . import words
from .bars import StatusLine
from .cardview import title_of
from .closing import is_there
from .deeds import UNDONE, Place
from .dialog import Box
from .place import place_lines
from .whylines import Line, Said, in_order, why_lines
from .whylist import WhyList
from .whyvoice import Voice

if TYPE_CHECKING:
    from penchant.app.rank.types import Why, WhyNot

    from .app import PenchantApp

#: Seconds that an answer may take to be learned before the parts are shown as they are.
PATIENCE = 5.0


class WhyScreen(Box[None]):
    """Asks the ranking, in its thread, and shows the answer; what the reader answers is an event first."""

    app: PenchantApp
    AUTO_FOCUS = "WhyList"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q,w", "leave", "Close"),
        ("j,down", "move(1)", "Down"),
        ("k,up", "move(-1)", "Up"),
        ("space,pagedown", "page(1)", "Page"),
        ("b,pageup", "page(-1)", "Page up"),
        ("g,home", "ends(-1)", "Top"),
        ("G,end", "ends(1)", "End"),
        ("x", "less", "Less like this"),
        ("plus,equals_sign", "dial(1)", "More weight"),
        ("minus,underscore", "dial(-1)", "Less weight"),
        ("u", "undo", "Undo"),
        ("e", "explain", "Reason"),
    ]
    foot = "x less like this  + - dial  u undo  e reason  esc closes"

    def __init__(self, card: Card, place: Place | None = None) -> None:
        super().__init__()
        self.card = card
        self.place = place or Place()
        self.less: dict[tuple[str, str], Event] = {}
        self.dials: dict[tuple[str, str], float] = {}
        self.source = ""
        self._names: dict[str, str] = {}
        self._not: WhyNot | None = None
        self._answering = asyncio.Lock()
        self._why: Why | None = None
        self.voice = Voice(self, card.item_id)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield WhyList()
            yield StatusLine()

    def on_mount(self) -> None:
        self.tell(self.foot)
        # The list knows its width only after the first layout.
        self.call_after_refresh(self._begin)

    def tell(self, text: str) -> None:
        """Say something in the last line."""
        self.query_one(StatusLine).tell(text)

    def _begin(self) -> None:
        self._say("Looking at the parts ...")
        self.app.spawn(self.ask())
        self.app.spawn(self.voice.look())

    def _say(self, text: str) -> None:
        title = title_of(self.card)
        self.query_one(WhyList).show(lambda width: [Line(title, "title"), Line(text, "meta")])

    async def ask(self) -> None:
        """Show the parts as they are now."""
        number = self.card.item_id
        async with self._answering:  # or an answer given meanwhile would be forgotten
            self.less, self.dials, self.source = await self.app.bridge.reader.do(
                lambda store: (
                    {_answer(event): event for event in store.events.of_item(number) if event.kind == "less"},
                    store.events.dials(),
                    next((item.source_key for item in store.items.rank_items([number])), ""),
                )
            )
        try:
            why = await self.app.lessons.why(number)
        except KeyError:
            self._say("This item is no longer in the archive.")
            return
        if is_there(self):
            self._show(why)
            self._not = await self.app.lessons.why_not(number, self.place.view == View.FOR_YOU)
        if is_there(self):
            self._show(why)

    def _show(self, why: Why) -> None:
        self._why = why
        self._names |= {part.key: part.name for part in in_order(why, list(self._names))}
        said = Said(frozenset(self.less), self.dials, self.source, self._names)
        self.query_one(WhyList).show(
            lambda width: (
                self.voice.reason(width)
                + why_lines(self.card, why, said, width)
                + self._standing(width)
                + self.voice.opinion(width)
            )
        )

    def show_again(self) -> None:
        """Something beside the parts has changed."""
        if is_there(self) and self._why is not None:
            self._show(self._why)

    def _standing(self, width: int) -> list[Line]:
        """Where the item stands, once that is known."""
        if self._not is None:
            return []
        listed = self.place.view == View.FOR_YOU
        note = self.app.feed_screen.feed.visit.says(self.card.item_id)[1] if listed else ""
        return place_lines(self._not, width, self.place.position if listed else None, note)

    # -- the judge's reason
    def action_explain(self) -> None:
        self.query_one(WhyList).to_end(-1)
        self.app.spawn(self.voice.ask())

    def action_close(self) -> None:
        """Escape takes back a question on its way, then closes."""
        if self.voice.take_back():
            self.show_again()
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_unmount(self) -> None:
        self.voice.take_back()

    # -- moving
    def action_move(self, step: int) -> None:
        self.query_one(WhyList).move(step)

    def action_page(self, direction: int) -> None:
        rows = self.query_one(WhyList)
        for _ in range(max(1, rows.scrollable_content_region.height - 1)):
            rows.move(direction)

    def action_ends(self, step: int) -> None:
        self.query_one(WhyList).to_end(step)

    # -- answering
    def action_less(self) -> None:
        line = self.query_one(WhyList).current()
        if line is None or line.answer is None:
            self.tell("Nothing is learned here: choose a part, or what it names")
            return
        self.app.spawn(self._less(line, line.answer))

    async def _less(self, line: Line, answer: tuple[str, str]) -> None:
        """Store the answer, or take it back; say so once it is on disk."""
        async with self._answering:
            before = self.less.get(answer)
            if before is not None:
                await self.app.deeds.take_back([before])
                del self.less[answer]
                done = f"Taken back: less like {_short(line)}"
            else:
                value = {"part": answer[0], "key": answer[1]}
                event = self.app.deeds.event("less", self.card.item_id, self.place, value)
                await self.app.deeds.record(event)
                self.less[answer] = event
                done = f"Less like {_short(line)}; u undoes"
        await self._again(done)

    def action_dial(self, by: int) -> None:
        line = self.query_one(WhyList).current()
        if line is None or line.dial is None:
            self.tell("There is no dial here: parts that are learned have one, and sources")
            return
        self.app.spawn(self._dial(line, line.dial, by))

    async def _dial(self, line: Line, target: tuple[str, str], by: int) -> None:
        async with self._answering:
            before = self.dials.get(target, 1.0)
            value = turned(before, by)
            if value == before:
                self.tell(f"{_short(line)} stands at {value:g}: it goes no further")
                return
            what, key = target
            await self.app.deeds.record(
                self.app.deeds.event("dial", None, self.place, {"what": what, "key": key, "value": value})
            )
            self.dials[target] = value
        await self._again(f"{_short(line)} counts {value:g} times; u undoes")

    def action_undo(self) -> None:
        self.app.spawn(self._undo())

    async def _undo(self) -> None:
        async with self._answering:
            event = await self.app.deeds.undo()
        await self._again("Nothing to undo" if event is None else f"{UNDONE[event.kind]} undone")

    async def _again(self, done: str) -> None:
        """Say what is on disk now, then show the parts once that has been learned."""
        if not is_there(self):
            return
        self.tell(done)
        waited = 0.0
        while self.app.lessons.busy and waited < PATIENCE:
            await asyncio.sleep(0.02)
            waited += 0.02
        if is_there(self):
            await self.ask()


def _short(line: Line) -> str:
    """What a line is about, so short that the end of the sentence is still to be read."""
    return words.fit(line.name, 36).rstrip() if words.cell_len(line.name) > 36 else line.name


def _answer(event: Event) -> tuple[str, str]:
    return str(event.value.get("part", "")), str(event.value.get("key", ""))
