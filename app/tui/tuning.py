"""`T`: every dial of the ranking, what it learned, what it did by itself, and the way back from each."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from penchant.app.errors import PenchantError
from penchant.app.gate import choose, summary
from penchant.app.rank.steps import turned
from penchant.app.standing import Standing, dial_value, standing
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .deeds import Place
from .loading import Pulse
from .moving import moves
from .rowlist import RowList
from .tuninglist import TuningList
from .tuningrows import headline_of, rows_of

if TYPE_CHECKING:
    from penchant.app.gate import GateSummary, Mode
    from penchant.app.ranking_report import TuningReport

    from .app import PenchantApp

KEYS = "+ - turn  = x1  0 off  tab section  n name  d take back  u undo  t tune  ? help"


#: Seconds between two looks at what others changed.
SELDOM = 2.0


class TuningScreen(Screen[None]):
    """Reads the archive and the ranking again whenever something was decided or arrived."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,T", "back", "Back"),
        *moves(10),
        ("tab", "section(1)", "Next section"),
        ("shift+tab", "section(-1)", "Section before"),
        ("plus,right", "turn(1)", "More"),
        ("minus,left", "turn(-1)", "Less"),
        ("equals_sign", "set(1.0)", "Back to 1"),
        ("0", "set(0.0)", "Off"),
        ("d,x,delete", "remove", "Take back"),
        ("u", "undo", "Undo what was done here"),
        ("t", "tune", "Have it tune itself now"),
        ("n", "rename", "Name an interest"),
        ("C", "choose", "Which of these would you read?"),
        ("enter", "open", "Open"),
        ("question_mark", "help", "Help"),
    ]
    AUTO_FOCUS = "TuningList"

    def __init__(self, dial: tuple[str, str] | None = None) -> None:
        super().__init__()
        #: The dial to begin at.
        self._begin = dial
        self.standing: Standing | None = None
        self.report: TuningReport | None = None
        self.gate: GateSummary | None = None
        #: Where dials are going, ahead of the disk: the next step starts there.
        self._going: dict[tuple[str, str], float] = {}
        self._done: list[Event] = []
        self._failure = ""
        self._loading: asyncio.Task[Any] | None = None
        self._stale = False
        self._heard_at = 0.0

    def compose(self) -> ComposeResult:
        yield Static("Tuning", id="headline", markup=False)
        yield TuningList()
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load()

    # -- reading
    def load(self) -> None:
        """Read everything again; while it is being read, once more afterwards."""
        self._stale = True
        if self._loading is None or self._loading.done():
            self._loading = self.app.spawn(self._load())

    async def _load(self) -> None:
        options = self.app.config.gate
        while self._stale and self.query(TuningList):
            self._stale = False
            self.standing, self.gate = await self.app.bridge.reader.do(
                lambda store: (standing(store, time.time()), summary(store, options))
            )
            self._show()
            try:
                self.report, self._failure = await self.app.lessons.report(), ""
            except Exception as error:
                self._failure = f"The ranking cannot say what it learned ({type(error).__name__}: {error})"
            self._show()

    def _show(self) -> None:
        if self.standing is None or not self.query(TuningList):
            return
        rows = rows_of(self.standing, self.report, self.gate, time.time())
        self.query_one(TuningList).show(rows, self.standing.dials)
        self._begin = self.query_one(TuningList).begin_at(self._begin)
        headline = self.query_one("#headline", Static)
        headline.set_class(bool(self._failure), "wrong")
        headline.update(Content(words.one_line(self._failure) or headline_of(self.report)))

    async def event_shown(self, event: Event) -> None:
        """Something was decided, here or below."""
        self.load()

    def heard(self, pulse: Pulse) -> None:
        """The archive changed; while much arrives, not every time."""
        now = time.monotonic()
        if now - self._heard_at > SELDOM:
            self._heard_at = now
            self.load()

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys."""
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    # -- moving
    def action_move(self, by: int) -> None:
        self.query_one(TuningList).step(by)

    def action_section(self, by: int) -> None:
        self.query_one(TuningList).section(by)

    def action_back(self) -> None:
        self.dismiss()

    # -- dials
    def action_turn(self, by: int) -> None:
        self._turn(lambda value: turned(value, by))

    def action_set(self, value: float) -> None:
        self._turn(lambda _: value)

    def _turn(self, step: Any) -> None:
        row = self.query_one(TuningList).current()
        if row is None or row.dial is None or self.standing is None:
            self.say("There is no dial on this line")
            return
        before = self._going.get(row.dial, self.standing.dials.get(row.dial, 1.0))
        value = step(before)
        if value == before:
            self.say(f"{row.name} stands at {_factor(value)} already")
            return
        self._going[row.dial] = value
        self.app.spawn(self._write(row.dial, row.name, value))

    async def _write(self, dial: tuple[str, str], name: str, value: float) -> None:
        deeds = self.app.deeds
        event = deeds.event("dial", None, Place("tuning"), dial_value(*dial, value))
        try:
            await deeds.record(event)
        except PenchantError as error:
            self._going.pop(dial, None)
            self.say(words.sentences(f"{name} was not turned: {error}", error.hint), "error")
            return
        self._done.append(event)
        if self._going.get(dial) == value:
            del self._going[dial]
        self.say(f"{name}: {_factor(value)}; u undoes")

    # -- taking back
    def action_remove(self) -> None:
        row = self.query_one(TuningList).current()
        if row is not None and row.dial is not None:
            self.action_set(1.0)
        elif row is None or not row.events:
            self.say("There is nothing to take back on this line")
        else:
            self.app.spawn(self._remove(row.name, row.events))

    async def _remove(self, name: str, events: tuple[Event, ...]) -> None:
        await self.app.deeds.take_back(events)
        self._done = [event for event in self._done if event not in events]
        self.say(f"Taken back: {name}")

    def action_undo(self) -> None:
        if self._done:
            self.app.spawn(self._undo(self._done.pop()))
        else:
            self.say("Nothing was turned since this screen opened; = puts a dial back to x1")

    async def _undo(self, event: Event) -> None:
        self._going.clear()
        await self.app.deeds.take_back([event])
        self.say("The last name is undone" if event.kind == "interest" else "The last turn of a dial is undone")

    # -- the rest
    def action_tune(self) -> None:
        self.app.spawn(self._tune())

    async def _tune(self) -> None:
        await self.app.bridge.clerk.do(lambda store: store.control.request("tune"))
        self.say("Asked: the worker looks for better settings; what helps is listed under What self-tuning did")

    def action_rename(self) -> None:
        row = self.query_one(TuningList).current()
        if row is None or row.dial is None or row.dial[0] != "interest":
            self.say("n names an interest: there is none on this line")
            return
        from .namebox import NameBox

        key, name = row.dial[1], row.name
        self.app.push_screen(NameBox(name), lambda given: self._named(key, name, given))

    def _named(self, key: str, before: str, given: str | None) -> None:
        if given is not None and given != before:
            self.app.spawn(self._rename(key, given))

    async def _rename(self, key: str, given: str) -> None:
        deeds = self.app.deeds
        event = deeds.event("interest", None, Place("tuning"), {"key": key, "name": given})
        await deeds.record(event)
        self._done.append(event)
        self.say(f"It is called {given} now; u undoes" if given else "It goes by its own name again; u undoes")

    def action_choose(self) -> None:
        from .choice import ChoiceScreen

        self.app.push_screen(ChoiceScreen())

    def action_open(self) -> None:
        row = self.query_one(TuningList).current()
        if row is not None and row.opens == "choice":
            self.action_choose()
        elif row is not None and row.opens == "gate" and self.gate is not None:
            from .gatebox import GateBox

            self.app.push_screen(GateBox(self.gate), self._gated)
        elif row is not None and row.dial is not None:
            self.say("+ and - turn it, = puts it back to x1")

    def on_tuning_list_turned(self, message: TuningList.Turned) -> None:
        self.action_set(message.value)

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.action_open()

    def _gated(self, mode: Mode | None) -> None:
        if mode is not None:
            self.app.spawn(self._gate(mode))

    async def _gate(self, mode: Mode) -> None:
        await self.app.bridge.clerk.do(lambda store: choose(store, mode))
        self.say(f"The gate is {mode} now; the worker hears of it within a minute")
        self.load()

    def action_help(self) -> None:
        from .tuninghelp import TuningHelp

        self.app.push_screen(TuningHelp())




def _factor(value: float) -> str:
    return "off" if value <= 0 else f"x{value:g}"
