"""`E`: what you are not being shown, and why, with the way to the dial that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from . import words
from .bars import StatusLine
from .closing import is_there
from .exposurelist import ExposureList
from .moving import moves
from .rowlist import RowList

if TYPE_CHECKING:
    from penchant.app.memory.exposure import Exposure

    from .app import PenchantApp

KEYS = "⏎ T Tuning at its dial  ← → weeks  M mutes  S sources  j k move  q back"
#: What the arrows go through, in weeks.
SPANS = (2, 4, 8, 26, 52)


class ExposureScreen(Screen[None]):
    """Read in the reader's thread."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,E", "back", "Back"),
        *moves(5),
        ("left,minus", "span(-1)", "Fewer weeks"),
        ("right,plus", "span(1)", "More weeks"),
        ("enter,T", "tune", "Tuning"),
        ("M", "mutes", "Mutes"),
        ("S", "sources", "Sources"),
        ("r", "load", "Look again"),
    ]
    AUTO_FOCUS = "ExposureList"

    def __init__(self) -> None:
        super().__init__()
        self.weeks = SPANS[2]
        self.report: Exposure | None = None

    def compose(self) -> ComposeResult:
        yield Static("What you are not being shown", id="headline", markup=False)
        yield ExposureList()
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.action_load()

    def on_screen_resume(self) -> None:
        if self.report is not None:  # a dial may have been turned
            self.action_load()

    def action_load(self) -> None:
        """Read it (again)."""
        self.app.spawn(self._load(self.weeks))

    async def _load(self, weeks: int) -> None:
        from penchant.app.store.exposure import now_report

        found = await self.app.bridge.reader.do(lambda store: now_report(store, weeks))
        if weeks != self.weeks or not is_there(self):
            return
        self.report = found
        tail = f"\n{found.narrowing}" if found.came else "\nIt begins with what your sources bring."
        self.query_one("#headline", Static).update(f"{words.many(weeks, 'week')}: {found.words}{tail}")
        self.query_one(ExposureList).show(found.rows)

    def action_back(self) -> None:
        self.dismiss()

    def action_move(self, by: int) -> None:
        self.query_one(ExposureList).step(by)

    def action_span(self, by: int) -> None:
        self.weeks = SPANS[max(0, min(SPANS.index(self.weeks) + by, len(SPANS) - 1))]
        self.action_load()

    def action_tune(self) -> None:
        from .tuning import TuningScreen

        row = self.query_one(ExposureList).current()
        self.app.push_screen(TuningScreen(row.dial if row is not None else None))

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.action_tune()

    def action_mutes(self) -> None:
        from .mutelist import MuteListScreen

        self.app.push_screen(MuteListScreen())

    def action_sources(self) -> None:
        from .sources import SourcesScreen

        self.app.push_screen(SourcesScreen())


def show_exposure(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(ExposureScreen())
