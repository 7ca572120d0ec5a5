"""The sources screen: how each is, pause, remove, add, refresh; enter reads one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import OptionList, Static

from penchant.app import backfill_status
from penchant.app.types import Subscription

from . import words
from .bars import StatusLine
from .closing import is_there
from .dialog import Box
from .loading import Pulse
from .moving import moves
from .rowlist import RowList
from .sourcelist import SourceList

if TYPE_CHECKING:
    from .app import PenchantApp

#: Rows for which a second passes between two looks at the archive.
ROWS_A_SECOND = 5_000
KEYS = "⏎ read  r refresh  R all  p pause  d remove  a add  esc back"


class SourcesScreen(Screen[int]):
    """Answers with the id of a source to read, or None."""

    CSS_PATH = "more.tcss"
    DEFAULT_CSS = """
    SourcesScreen #models { height: auto; max-height: 6; padding: 0 1; display: none; }
    SourcesScreen #models.wrong { color: $error; }
    """
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "back", "Back"),
        *moves(),
        ("enter", "read", "Read this source"),
        ("r", "refresh", "Fetch this source now"),
        ("R", "refresh_all", "Fetch all now"),
        ("p", "pause", "Pause or go on"),
        ("d,delete", "remove", "Remove"),
        ("a", "add", "Add"),
    ]
    AUTO_FOCUS = "SourceList"
    _waits, _loaded_at = False, 0.0

    def compose(self) -> ComposeResult:
        yield StatusLine(id="above")
        yield Static("", id="models", markup=False)
        yield SourceList()
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.app.spawn(self.load())

    async def load(self) -> None:
        """Read the sources from the archive."""
        self._waits, self._loaded_at = False, time.monotonic()
        sources, status = await self.app.bridge.reader.do(
            lambda store: (store.subscriptions.all(), backfill_status.of(store))
        )
        if not is_there(self):
            return
        self.query_one(SourceList).show(sources)
        failing = sum(1 for source in sources if source.error and not source.paused)
        above = f"Sources: {len(sources)}" + (f" · {failing} failing" if failing else "")
        self.query_one("#above", StatusLine).tell(above)
        models = self.query_one("#models", Static)
        models.update(words.one_line(status.line()) if status is not None else "")
        models.display = status is not None and bool(status.line())
        models.set_class(status is not None and bool(status.note), "wrong")

    def heard(self, pulse: Pulse) -> None:
        """The archive changed; thousands of rows are read every few seconds only."""
        wait = self._loaded_at + len(self.query_one(SourceList).sources) / ROWS_A_SECOND - time.monotonic()
        if wait <= 0.0:
            self.app.spawn(self.load())
        elif not self._waits:
            self._waits = True
            self.set_timer(wait, lambda: self.app.spawn(self.load()))

    def _current(self) -> Subscription | None:
        return self.query_one(SourceList).current()

    def action_move(self, step: int) -> None:
        rows = self.query_one(SourceList)
        rows.select(rows.selected + step)

    def action_page(self, direction: int) -> None:
        self.query_one(SourceList).page(direction)

    def action_back(self) -> None:
        self.dismiss(None)

    def action_read(self) -> None:
        source = self._current()
        if source is not None:
            self.dismiss(source.id)

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.action_read()

    def action_refresh(self) -> None:
        source = self._current()
        if source is not None:
            self.app.spawn(self._refresh([source.id], words.one_line(source.title or source.address)))

    def action_refresh_all(self) -> None:
        self.app.spawn(self._refresh(None, "all sources"))

    async def _refresh(self, ids: list[int] | None, name: str) -> None:
        await self.app.refresh_sources(ids)
        self.query_one("#below", StatusLine).tell(f"Fetching {name}")
        await self.load()

    def action_pause(self) -> None:
        source = self._current()
        if source is not None:
            self.app.spawn(self._pause(source.id, not source.paused))

    async def _pause(self, number: int, paused: bool) -> None:
        await self.app.bridge.clerk.do(lambda store: store.subscriptions.pause(number, paused))
        await self.load()

    def action_remove(self) -> None:
        source = self._current()
        if source is not None:
            name = words.one_line(source.title or source.address)

            def answered(yes: bool | None) -> None:
                if yes:
                    self.app.spawn(self._remove(source.id))

            self.app.push_screen(RemoveBox(name), answered)

    async def _remove(self, number: int) -> None:
        await self.app.bridge.clerk.do(lambda store: store.subscriptions.remove(number))
        await self.load()
        await self.app.look(force=True)

    def action_add(self) -> None:
        from .onboarding import OnboardingScreen

        self.app.push_screen(OnboardingScreen(first=False))


class RemoveBox(Box[bool]):
    """Asks before a source goes."""

    AUTO_FOCUS = "OptionList"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.source_name = name

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(f"Remove {self.source_name}?", classes="head", markup=False)
            yield Static("What you liked, saved or opened from it stays.", markup=False)
            yield OptionList("Keep it", "Remove it")

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(message.option_index == 1)
