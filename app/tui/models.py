"""`O`: the models of each role, how far they are, what they add; pull, switch on and off, delete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from penchant.app.errors import PenchantError
from penchant.app.models import change
from penchant.app.models.machine import size_words
from penchant.app.models.overview import Role, Row, overview
from penchant.app.models.progress import Progress, progress

from . import words
from .bars import StatusLine
from .loading import Pulse
from .modelspull import AskBox, NameBox, Pull, plan
from .modelsrows import key_of, rows_of
from .moving import moves
from .rowlist import RowList
from .tuninglist import TuningList

if TYPE_CHECKING:
    from penchant.app.ranking_adds import Adds
    from penchant.app.store import Store

    from .app import PenchantApp

KEYS = "⏎ pull or use  x off  d delete  v verify  a another  c cancel  tab role  esc back"
#: Seconds between two drawings of a pull under way, and between two looks at what the worker did.
SOON, SELDOM = 0.25, 2.0


class ModelsScreen(Screen[None]):
    """Reads files and archive in the reader's thread, what is learned in the ranking's."""

    CSS_PATH = "more.tcss"
    DEFAULT_CSS = """
    ModelsScreen { layout: vertical; }
    ModelsScreen #said { dock: none; height: 1; padding: 0; background: $panel; color: $foreground; }
    """
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,O", "back", "Back"),
        *moves(10),
        ("tab", "section(1)", "Next role"),
        ("shift+tab", "section(-1)", "Role before"),
        ("enter", "open", "Pull or use"),
        ("x,0", "off", "Switch off"),
        ("d,delete", "remove", "Delete"),
        ("v", "verify", "Verify"),
        ("a", "another", "Pull another"),
        ("c", "cancel", "Cancel the pull"),
    ]
    AUTO_FOCUS = "TuningList"

    def __init__(self) -> None:
        super().__init__()
        self.roles: tuple[Role, ...] = ()
        self.progress: dict[str, Progress] = {}
        self.adds: dict[str, Adds] | None = None
        self._failure = ""
        self._loading: asyncio.Task[Any] | None = None
        self._stale = False
        self._heard_at = 0.0

    def compose(self) -> ComposeResult:
        yield Static("Models", id="headline", markup=False)
        yield TuningList()
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load()
        self.set_interval(SOON, self._tick)

    # -- reading
    def load(self) -> None:
        """Read everything again; while it is being read, once more afterwards."""
        self._stale = True
        if self._loading is None or self._loading.done():
            self._loading = self.app.spawn(self._load())

    async def _load(self) -> None:
        models, folder = self.app.config.models, self.app.paths.models
        while self._stale and self.query(TuningList):
            self._stale = False
            self.roles, self.progress = await self.app.bridge.reader.do(
                lambda store: (overview(models, folder), progress(store))
            )
            self._show()
            try:
                self.adds, self._failure = await self.app.lessons.adds(), ""
            except Exception as error:
                self._failure = f"The ranking cannot say what they add ({type(error).__name__}: {error})"
            self._show()

    def _show(self) -> None:
        if not self.roles or not self.query(TuningList):
            return
        pull = self.app.pull
        pulling = None if pull is None else (pull.name, pull.done, pull.total)
        self.query_one(TuningList).show(rows_of(self.roles, self.progress, self.adds, pulling), {})
        headline = self.query_one("#headline", Static)
        headline.set_class(bool(self._failure), "wrong")
        headline.update(Content(words.one_line(self._failure) or self._headline(pull)))

    def _headline(self, pull: Pull | None) -> str:
        if pull is not None:
            done = f"{size_words(pull.done)} of {size_words(pull.total)}"
            return f"Models · pulling {words.one_line(pull.name)}: {done}, c cancels; it goes on when you leave"
        here = sum(row.size for role in self.roles for row in role.rows if row.here and not row.packaged)
        return f"Models · {size_words(here)} on this disk" if here else "Models · everything runs on this machine"

    def _tick(self) -> None:
        if self.app.pull is not None:
            self._show()

    def heard(self, pulse: Pulse) -> None:
        """The archive changed; while the worker computes, not every time."""
        now = time.monotonic()
        if now - self._heard_at > SELDOM:
            self._heard_at = now
            self.load()

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys; failures are long, and told in full beside."""
        for said in self.query("#said").results(StatusLine):
            said.tell(words.one_line(text), role)
        if role == "error":
            self.app.notify(words.one_line(text), title="penchant", severity="error", markup=False)

    # -- moving
    def action_move(self, by: int) -> None:
        self.query_one(TuningList).step(by)

    def action_section(self, by: int) -> None:
        self.query_one(TuningList).section(by)

    def action_back(self) -> None:
        self.dismiss()

    def on_row_list_opened(self, message: RowList.Opened) -> None:
        self.action_open()

    def current(self) -> Row | None:
        """The model of the selected row; says so where there is none."""
        key = key_of(self.query_one(TuningList).current())
        for role in self.roles:
            for row in role.rows:
                if key == (row.role, row.name):
                    return row
        self.say("There is no model on this line")
        return None

    # -- doing
    def action_open(self) -> None:
        row = self.current()
        if row is None:
            return
        if not row.here:
            self._ask_for(row.name)
        elif row.in_use:
            self.say(f"{row.name} is in use; x switches it off")
        else:
            self._change(lambda: change.use(row.role, row.name, self.app.config.models, self.app.paths.models))

    def action_off(self) -> None:
        row = self.current()
        if row is not None and not row.in_use:
            self.say(f"{row.name} is not in use")
        elif row is not None:
            self._change(lambda: change.use(row.role, change.NONE, self.app.config.models, self.app.paths.models))

    def action_remove(self) -> None:
        row = self.current()
        if row is None:
            return
        try:
            model = change.removable(row.name, self.app.config.models, self.app.paths.models)
        except PenchantError as error:
            self.say(words.sentences(str(error), error.hint), "error")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._change(lambda: f"{size_words(change.remove(model, self.app.paths.models))} are free again")

        self.app.push_screen(
            AskBox(f"Delete {row.name}?", ["It can be pulled again."], "Keep it", "Delete it"), answered
        )

    def _change(self, work: Callable[[], str]) -> None:
        self.app.spawn(self._do(work))

    async def _do(self, work: Callable[[], str]) -> None:
        """Change something in the clerk's thread, and tell the worker."""

        def both(store: Store) -> str:
            said = work()
            store.control.request("models", {})
            return said

        try:
            said = await self.app.bridge.clerk.do(both)
        except PenchantError as error:
            self.say(words.sentences(str(error), error.hint), "error")
        else:
            self.say(f"{said}; the worker hears of it at once")
        self.load()

    def action_verify(self) -> None:
        row = self.current()
        if row is not None:
            self.say(f"Reading every byte of {row.name} ...")
            self.app.spawn(self._verify(row.name))

    async def _verify(self, name: str) -> None:
        def work() -> change.Verified | None:
            from penchant.app.models import installed

            model = installed.read(self.app.paths.models).get(name)
            return None if model is None else change.verify(model, self.app.paths.models)

        found = await asyncio.to_thread(work)
        if found is None:
            self.say(f"{name} was not pulled by penchant: there is nothing to compare it with")
        elif found.wrong:
            self.say(words.sentences(found.wrong, found.hint), "error")
        else:
            self.say(f"{name} is what was pulled" if not found.sealed else f"{name} is sound; its checksum is recorded")

    # -- pulling
    def action_another(self) -> None:
        def named(name: str | None) -> None:
            if name:
                self._ask_for(name)

        self.app.push_screen(NameBox(), named)

    def action_cancel(self) -> None:
        if self.app.pull is None:
            self.say("Nothing is being pulled")
        else:
            self.app.pull.cancel()
            self.say("Stopping ...")

    def _ask_for(self, name: str) -> None:
        if self.app.pull is not None:
            self.say(f"{self.app.pull.name} is being pulled; one at a time")
            return
        self.say(f"Asking what {name} is ...")
        self.app.spawn(self._ask(name))

    async def _ask(self, name: str) -> None:
        try:
            agreed = await plan(self.app, name)
        except PenchantError as error:
            self.say(words.sentences(str(error), error.hint), "error")
            return
        if not self.is_current:
            return
        self.say("")

        def answered(yes: bool | None) -> None:
            if yes and self.app.pull is None:
                self.app.pull = Pull(agreed)
                self.app.spawn(self.app.pull.run(self.app, self.load))

        box = AskBox(f"Download {name}?", agreed.lines(), "No", f"Download {size_words(agreed.left)}")
        self.app.push_screen(box, answered)
