"""`W`: what the ranking and the writing do to you, with one key to widen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from penchant.app.errors import PenchantError
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .closing import is_there
from .deeds import Place
from .paged import PagedScreen
from .pager import MEASURE, Block, Pager
from .turns import Turns

if TYPE_CHECKING:
    from penchant.app.effects.told import Line
    from penchant.app.effects.values import Effects

    from .app import PenchantApp

KEYS = "w wider  u undo  ← → weeks  E not shown  T Tuning  j k move  q back"
#: What the arrows go through, in weeks.
SPANS = (2, 4, 8, 26, 52)


class EffectsScreen(PagedScreen):
    """Read in the reader's thread; a step wider is a "dial" event, durable before it is said."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,W", "back", "Back"),
        ("w,plus", "widen", "Wider"),
        ("u", "undo", "Undo what was done here"),
        ("left,minus", "span(-1)", "Fewer weeks"),
        ("right", "span(1)", "More weeks"),
        ("E", "exposure", "What you are not being shown"),
        ("T", "tune", "Tuning"),
        ("r", "again", "Look again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.weeks = SPANS[2]
        self.report: Effects | None = None
        self._done: list[Event] = []
        self._turns = Turns(lambda work: self.app.spawn(work), self._refused)

    def compose(self) -> ComposeResult:
        yield Static("What it does to you", id="headline", markup=False)
        yield Pager()
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load(top=True)

    def on_resize(self, event: events.Resize) -> None:
        if self.report is not None:
            self._show(self.report, top=False)

    def on_screen_resume(self) -> None:
        if self.report is not None:  # a dial may have been turned
            self.load()

    def load(self, *, top: bool = False) -> None:
        """Read it (again)."""
        self.app.spawn(self._load(self.weeks, top))

    async def _load(self, weeks: int, top: bool) -> None:
        from penchant.app.effects.reading import now_effects

        found = await self.app.bridge.reader.do(lambda store: now_effects(store, weeks))
        if weeks == self.weeks and is_there(self):
            self.report = found
            self._show(found, top=top)

    def _show(self, found: Effects, *, top: bool) -> None:
        from penchant.app.effects.told import headline, lines

        width = max(40, min(self.app.size.width - 4, MEASURE))
        self.query_one("#headline", Static).update(f"{words.many(found.weeks, 'week')}: {headline(found)}")
        self.query_one(Pager).show([block(line) for line in lines(found, width, _fit)], top=top)

    # -- one step wider
    def _refused(self, error: PenchantError) -> None:
        self.say(words.sentences(f"Nothing was turned: {error}", error.hint), "error")

    def action_widen(self) -> None:
        if self.report is not None:
            self._turns.do(self._widen)

    async def _widen(self) -> None:
        step = self.report.step if self.report is not None else None
        if step is None:
            self.say("Variety and exploration stand at their end; T turns sources and interests one by one")
            return
        event = self.app.deeds.event("dial", None, Place("effects"), step.value)
        await self.app.deeds.record(event)
        self._done.append(event)
        self.say(f"Wider: {step.words}; u takes it back")
        await self._load(self.weeks, False)

    def action_undo(self) -> None:
        self._turns.do(self._undo)

    async def _undo(self) -> None:
        if not self._done:
            self.say("Nothing was turned since this screen opened; T has every dial")
            return
        await self.app.deeds.take_back([self._done[-1]])
        self._done.pop()
        self.say("The last step is undone")
        await self._load(self.weeks, False)

    # -- the rest
    def action_span(self, by: int) -> None:
        self.weeks = SPANS[max(0, min(SPANS.index(self.weeks) + by, len(SPANS) - 1))]
        self.load(top=True)

    def action_again(self) -> None:
        self.load()

    def action_exposure(self) -> None:
        from .exposure import ExposureScreen

        self.app.push_screen(ExposureScreen())

    def action_tune(self) -> None:
        from .tuning import TuningScreen

        step = self.report.step if self.report is not None else None
        self.app.push_screen(TuningScreen(("order", step.key if step is not None else "diverse")))


def block(line: Line) -> Block:
    """A line as the pager shows it; leading blanks as an indent, since a pager wraps paragraphs."""
    text = line.text.lstrip()
    return Block(text, line.role, indent=len(line.text) - len(text))


def _fit(text: str, width: int) -> str:
    return words.fit(words.one_line(text), width)


def show_effects(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(EffectsScreen())
