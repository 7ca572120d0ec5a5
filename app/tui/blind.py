"""`B`: generated items in For you: how many, by which arms, marked or in a blind test, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from penchant.app.errors import PenchantError
from penchant.app.generating import MOST_SHARE, Arm, arm_event, blind_event, share_event
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .blindlines import Line, lines
from .closing import is_there
from .deeds import Place
from .pager import Block, Pager

if TYPE_CHECKING:
    from penchant.app.generating_status import Standing
    from penchant.app.store import Store

    from .app import PenchantApp

KEYS = "+ - share  0 off  a arms  t blind test  U unblind  u undo  j k move  q back"
#: What + and - go through.
SHARES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, MOST_SHARE)
#: Seconds between two looks while it is open.
LOOK = 1.0
SURE = "Unblinding ends the test and tells what was what; it cannot be undone. U again does it."


class BlindScreen(Screen[None]):
    """Every switch is an event, durable before it is said; For you follows at once."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,B", "back", "Back"),
        ("plus,equals_sign,right", "share(1)", "More"),
        ("minus,left", "share(-1)", "Fewer"),
        ("0", "share(0)", "None"),
        ("a", "arms", "Arms"),
        ("t", "test", "Blind test"),
        ("U", "unblind", "Unblind"),
        ("u", "undo", "Undo what was done here"),
        ("j,down", "move(1)", "Down"),
        ("k,up", "move(-1)", "Up"),
        ("space,pagedown", "page(1)", "Page"),
        ("b,pageup", "page(-1)", "Page up"),
    ]
    AUTO_FOCUS = "Pager"

    def __init__(self) -> None:
        super().__init__()
        self.found: Standing | None = None
        self._done: list[Event] = []
        self._asked = False
        self._busy = False

    def compose(self) -> ComposeResult:
        yield Static("Generated items", id="headline", markup=False)
        yield Pager()
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.app.spawn(self._load(top=True))
        self.set_interval(LOOK, lambda: self.app.spawn(self._load()))

    def on_resize(self, event: events.Resize) -> None:
        if self.found is not None:
            self._show(self.found)

    async def _load(self, *, top: bool = False) -> None:
        from penchant.app.generating_status import standing

        found = await self.app.bridge.reader.do(standing)
        if is_there(self) and found != self.found:
            self.found = found
            self._show(found, top=top)

    def _show(self, found: Standing, *, top: bool = False) -> None:
        from penchant.app.generating_status import headline

        self.query_one("#headline", Static).update(words.one_line(headline(found)))
        self.query_one(Pager).show([_block(line) for line in lines(found, self.app.size.width)], top=top)

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys."""
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    # -- switches
    def action_share(self, by: int) -> None:
        self._asked = False
        if self.found is None or self._busy:
            return
        now = self.found.settings.share
        if by == 0:
            share = 0.0
        elif by > 0:
            share = next((each for each in SHARES if each > now + 1e-9), MOST_SHARE)
        else:
            share = next((each for each in reversed(SHARES) if each < now - 1e-9), 0.0)
        if share != now:
            self._do(share_event(share), f"{share:.0%} of For you" if share else "Generated items are off")

    def action_arms(self) -> None:
        from .blindarms import ArmsScreen

        self._asked = False
        if self.found is not None:
            self.app.push_screen(ArmsScreen([arm.name for arm in self.found.settings.arms]), self._chosen)

    def _chosen(self, wanted: list[str] | None) -> None:
        if wanted is None or self.found is None:
            return
        now = [arm.name for arm in self.found.settings.arms]
        changed = [(name, True) for name in wanted if name not in now]
        changed += [(name, False) for name in now if name not in wanted]
        for name, on in changed:
            self._do(arm_event(Arm.of(name).name, on), f"Arms: {', '.join(wanted) or 'none'}")

    def action_test(self) -> None:
        self._asked = False
        if self.found is None or self._busy:
            return
        if self.found.settings.test:
            self.say("A blind test runs; U ends it and tells what was what")
        elif not self.found.settings.share:
            self.say("Generated items are off: + switches them on")
        else:
            self._do(blind_event(), "The blind test begins: drafts and real items come without source, author and time")

    def action_unblind(self) -> None:
        if self.found is None or not self.found.settings.test:
            self.say("No blind test runs; t begins one")
        elif not self._asked:
            self._asked = True
            self.say(SURE)
        elif not self._busy:
            self._asked = False
            self.app.spawn(self._unblind())

    async def _unblind(self) -> None:
        from penchant.app.generating_status import verdict

        self._busy = True
        session = self.app.session

        def work(store: Store) -> str:
            from penchant.app.generating_keep import unblind
            from penchant.app.store import generated

            found = unblind(store, generated.read(store.db), session)
            return "" if found is None else verdict(found.rows)

        try:
            said = await self.app.bridge.clerk.do(work)
            await self._opened(top=True)
            if is_there(self):
                self.say(said)
        except PenchantError as error:
            self.say(words.sentences(f"Nothing was opened: {error}", error.hint), "error")
        finally:
            self._busy = False

    async def _opened(self, *, top: bool = False) -> None:
        """Decisions moved from copies to their items."""
        self.app.lessons.refresh()
        await self._load(top=top)
        self._follow()

    def action_undo(self) -> None:
        self._asked = False
        if not self._done:
            self.say("Nothing was switched since this screen opened")
        elif not self._busy:
            self._busy = True
            self.app.spawn(self._undo(self._done[-1]))

    async def _undo(self, event: Event) -> None:
        session = self.app.session

        def work(store: Store) -> bool:
            from penchant.app.generating_keep import settle

            return settle(store, session)

        try:
            await self.app.deeds.take_back([event])
            self._done.remove(event)
            if await self.app.bridge.clerk.do(work):
                await self._opened()
                self.say("The blind test is undone: what was decided on real items stands there, and drafts are marked")
                return
            self.say("The last switch is undone")
            await self._load()
            self._follow()
        except PenchantError as error:
            self.say(words.sentences(f"Nothing was undone: {error}", error.hint), "error")
        finally:
            self._busy = False

    def _do(self, event: Event, said: str) -> None:
        self._busy = True
        self.app.spawn(self._record(event, said))

    async def _record(self, event: Event, said: str) -> None:
        try:
            deeds = self.app.deeds
            made = deeds.event("voice", None, Place("generated"), dict(event.value))
            await deeds.record(made)
            self._done.append(made)
            self.say(f"{said}; u takes it back")
            await self._load()
            self._follow()
        except PenchantError as error:
            self.say(words.sentences(f"Nothing was switched: {error}", error.hint), "error")
        finally:
            self._busy = False

    def _follow(self) -> None:
        """For you takes up what was switched, below what has been on screen."""
        self.app.lessons.again()

    # -- the rest
    def action_back(self) -> None:
        self.dismiss()

    def action_move(self, lines_: int) -> None:
        self.query_one(Pager).move(lines_)

    def action_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)


def _block(line: Line) -> Block:
    return Block(line.text, line.role)


def show_blind(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(BlindScreen())

