"""`J`: two texts, which is funnier to you. Every answer teaches the ranking; a line says how well it foretells."""

from __future__ import annotations

import random
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from penchant.app.duels.curve import SPAN, curve, spark
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .closing import is_there
from .deeds import Place

if TYPE_CHECKING:
    from penchant.app.duels.ring import Pair

    from .app import PenchantApp

#: Columns from which on the two stand side by side.
WIDE = 100
KEYS = "← h 1 first  → l 2 second  space neither  u undo  t jokes, captions, posts  q back"
STACKED = "↑ k 1 first  ↓ j 2 second  space neither  u undo  t other texts  q back"
Pool = Literal["jokes", "captions", "posts"]
POOLS: tuple[Pool, ...] = ("jokes", "captions", "posts")
ASK: dict[Pool, str] = {
    "jokes": "Which is funnier, to you?",
    "captions": "Which caption is funnier, to you?",
    "posts": "Which of these posts is funnier, to you?",
}
NOTHING: dict[Pool, str] = {
    "jokes": "Nothing is left to compare. `penchant duel add FILE` brings more jokes; t shows captions or posts",
    "captions": "No captions are left. `penchant duel add FILE` brings more; t shows posts of your feed",
    "posts": "There are too few short unseen posts in your feed to compare; t shows jokes",
}


class DuelScreen(Screen[None]):
    """Pairs are chosen in the ranking's thread; answers are events of the kind "duel"."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["more.tcss", "duel.tcss"]
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,J", "back", "Back"),
        ("left,up,h,k,1", "choose(0)", "First"),
        ("right,down,l,j,2", "choose(1)", "Second"),
        ("space,s", "neither", "Neither"),
        ("u", "undo", "Undo"),
        ("t", "other", "Other texts"),
        ("pagedown", "page(1)", "Page"),
        ("pageup", "page(-1)", "Page up"),
    ]
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool = "jokes"
        self.pair: Pair | None = None
        self.past: list[Event] = []
        self._own: list[Event] = []
        self._asked: set[tuple[int, int]] = set()
        self._passed: set[tuple[int, int]] = set()
        self._seed = random.getrandbits(31)
        self._busy = False

    def compose(self) -> ComposeResult:
        yield Static(ASK[self.pool], id="headline", markup=False)
        with Container(id="ring"):
            for side in (0, 1):
                with VerticalScroll(id=f"corner{side}", classes="corner", can_focus=False):
                    yield Static("", classes="text", markup=False)
        yield Static("", id="curve", markup=False)
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        for side in (0, 1):
            self.query_one(f"#corner{side}").border_title = str(side + 1)
        self._lay(self.app.size.width)
        self.say("Looking for two that differ ...")
        self._busy = True
        self.app.spawn(self._begin())

    def on_resize(self, event: events.Resize) -> None:
        self._lay(event.size.width)

    def _lay(self, width: int) -> None:
        """Side by side, or one above the other."""
        self.query_one("#ring").set_class(width < WIDE, "stacked")
        self.query_one("#below", StatusLine).tell(STACKED if width < WIDE else KEYS)
        self._draw_curve()

    async def _begin(self) -> None:
        from penchant.app.duels.packs import ensure

        try:
            await self.app.bridge.clerk.do(ensure)
            self.past = await self.app.bridge.reader.do(lambda store: store.events.of_kind("duel"))
        except Exception as error:
            self.say(f"The archive did not answer ({type(error).__name__}: {words.one_line(str(error))})", "error")
        self._asked = {pair for event in self.past if (pair := of(event))}
        if is_there(self):
            self._draw_curve()
            await self._next()

    async def _next(self) -> None:
        """Show the next pair."""
        self._busy, self.pair = True, None
        try:
            found = await self.app.lessons.duel(self.pool, self._asked | self._passed, self._seed)
        except Exception as error:
            if is_there(self):
                self.say(
                    f"The ranking could not choose ({type(error).__name__}: {words.one_line(str(error))})", "error"
                )
                self._busy = False
            return
        if not is_there(self):
            return
        self._busy, self.pair = False, found
        about = f"\n{words.one_line(found.about)}" if found is not None and found.about else ""
        self.query_one("#headline", Static).update(ASK[self.pool] + about)
        for side in (0, 1):
            corner = self.query_one(f"#corner{side}", VerticalScroll)
            corner.remove_class("chosen")
            corner.scroll_home(animate=False)
            text = "" if found is None else "\n".join(map(words.one_line, found.texts[side].splitlines()))
            corner.query_one(Static).update(text)
        if found is None:
            self.say(NOTHING[self.pool])
        elif self.query_one("#said", StatusLine).left[0].startswith(("Looking", "Nothing", "No captions", "There are")):
            self.say("")

    def action_choose(self, side: int) -> None:
        if self.pair is None or self._busy:
            return
        self._busy = True
        self.query_one(f"#corner{side}").add_class("chosen")
        self.app.spawn(self._keep(self.pair, side))

    async def _keep(self, pair: Pair, side: int) -> None:
        ids = (pair.first, pair.second)
        said = pair.chance if side == 0 else 1.0 - pair.chance
        value = {"chosen": ids[side], "other": ids[1 - side]}
        event = self.app.deeds.event("duel", ids[side], Place(f"duel:{self.pool}", None, said), value)
        try:
            await self.app.deeds.record(event)
        except Exception as error:
            self._busy = False
            self.say(f"Not stored: {words.one_line(str(error))}", "error")
            return
        self.past.append(event)
        self._own.append(event)
        self._asked.add((min(ids), max(ids)))
        if is_there(self):
            self.say(f"{'Foretold' if said > 0.5 else 'A surprise'}: it gave your choice {said:.0%}; u takes it back")
            self._draw_curve()
            await self._next()

    def action_neither(self) -> None:
        if self.pair is None or self._busy:
            return
        self._passed.add((min(self.pair.first, self.pair.second), max(self.pair.first, self.pair.second)))
        self.say("Neither: nothing is learned from it")
        self._busy = True
        self.app.spawn(self._next())

    def action_undo(self) -> None:
        if self._busy:
            return
        if not self._own:
            self.say("No duel of this visit is left to take back; `penchant undo` takes back the last decision")
            return
        self._busy = True
        self.app.spawn(self._undo())

    async def _undo(self) -> None:
        event = self._own.pop()
        try:
            await self.app.deeds.take_back([event])
        except Exception as error:
            self._own.append(event)
            self._busy = False
            self.say(f"Not taken back: {words.one_line(str(error))}", "error")
            return
        self.past = [each for each in self.past if each.id != event.id]
        self._asked -= {of(event)}
        if is_there(self):
            self.say("The last duel is taken back")
            self._draw_curve()
            await self._next()

    def action_other(self) -> None:
        if self._busy:
            return
        self.pool = POOLS[(POOLS.index(self.pool) + 1) % len(POOLS)]
        self.say(f"Looking for two {self.pool} ...")
        self._busy = True
        self.app.spawn(self._next())

    def action_page(self, by: int) -> None:
        for corner in self.query(".corner").results(VerticalScroll):
            corner.scroll_relative(y=by * max(1, corner.size.height - 1), animate=False)

    def action_back(self) -> None:
        self.dismiss()

    @on(events.Click)
    def clicked(self, event: events.Click) -> None:
        for side in (0, 1):
            if self.query_one(f"#corner{side}").region.contains(event.screen_x, event.screen_y):
                self.action_choose(side)

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys."""
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    def _draw_curve(self) -> None:
        found = curve(self.past)
        line = "The curve of what is foretold begins with your first answers"
        if found.share is not None:
            low, high = found.interval
            lately = f"last {min(SPAN, len(found.said))}: {found.hits[-1]:.0%} ({low:.0%}-{high:.0%})"
            line = f"{words.many(len(found.said), 'duel')}, foretold {found.share:.0%}, {lately} "
            line += spark(found.hits, max(0, self.app.size.width - len(line) - 4))
        for curved in self.query("#curve").results(Static):
            curved.update(line)


def of(event: Event) -> tuple[int, int] | None:
    """The two items of a duel, the smaller number first."""
    other = event.value.get("other")
    if event.item_id is None or not isinstance(other, int):
        return None
    return min(event.item_id, other), max(event.item_id, other)


def show_duels(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(DuelScreen())
