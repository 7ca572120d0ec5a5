"""`B`: generated items in For you: how many, by which arms, marked or in a blind test, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from penchant.app.errors import PenchantError
from penchant.app.generating import MOST_SHARE, Arm, arm_event, blind_event, share_event
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .blindlines import Line, lines
from .closing import is_there
from .deeds import Place
from .paged import PagedScreen
from .pager import Block, Pager
from .turns import Turns, Work

if TYPE_CHECKING:
    from penchant.app.generating import Settings
    from penchant.app.generating_status import Standing
    from penchant.app.store import Store

    from .app import PenchantApp

KEYS = "+ - share  0 off  a arms  t blind test  U unblind  u undo  j k move  q back"
#: What + and - go through.
SHARES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, MOST_SHARE)
#: Seconds between two looks while it is open.
LOOK = 1.0
SURE = "U again ends the test and tells what was what; it cannot be undone"


class BlindScreen(PagedScreen):
    """Every switch is an event, durable before it is said; For you follows at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,B", "back", "Back"),
        ("plus,equals_sign,right", "share(1)", "More"),
        ("minus,left", "share(-1)", "Fewer"),
        ("0", "share(0)", "None"),
        ("a", "arms", "Arms"),
        ("t", "test", "Blind test"),
        ("U", "unblind", "Unblind"),
        ("u", "undo", "Undo what was done here"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.found: Standing | None = None
        self._done: list[Event] = []
        self._turns = Turns(lambda work: self.app.spawn(work), self._refused, self._settled)
        #: Keys' works so far.
        self._keys = 0
        #: The key that asked whether to unblind: only the very next one can answer.
        self._asked = 0
        #: The share that was asked for last, while works wait: keys typed fast count on from there.
        self._share: float | None = None

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

    # -- switches
    def _do(self, work: Work) -> None:
        self._keys += 1
        self._turns.do(work)

    def _refused(self, error: PenchantError) -> None:
        self.say(words.sentences(f"Nothing was changed: {error}", error.hint), "error")

    def _settled(self) -> None:
        self._share = None

    async def _switch(self, event: Event, said: str) -> None:
        """Keep an event, then say so."""
        deeds = self.app.deeds
        made = deeds.event("voice", None, Place("generated"), dict(event.value))
        await deeds.record(made)
        self._done.append(made)
        self.say(f"{said}; u takes it back")
        await self._moved()

    async def _moved(self, *, top: bool = False) -> None:
        """Show how it stands now; For you takes it up below what has been on screen."""
        if self._turns.waiting == 1:
            await self._load(top=top)
            self.app.lessons.again()

    def action_share(self, by: int) -> None:
        if self.found is None:
            return
        now = self.found.settings.share if self._share is None else self._share
        if by == 0:
            share = 0.0
        elif by > 0:
            share = next((each for each in SHARES if each > now + 1e-9), MOST_SHARE)
        else:
            share = next((each for each in reversed(SHARES) if each < now - 1e-9), 0.0)
        if share != now:
            said = f"{share:.0%} of For you" if share else "Generated items are off"
            self._do(lambda: self._switch(share_event(share), said))
            self._share = share

    def action_arms(self) -> None:
        from .blindarms import ArmsScreen

        self._asked = 0
        if self.found is not None:
            self.app.push_screen(ArmsScreen([arm.name for arm in self.found.settings.arms]), self._chosen)

    def _chosen(self, wanted: list[str] | None) -> None:
        if wanted is None or self.found is None:
            return
        now = [arm.name for arm in self.found.settings.arms]
        changed = [(name, True) for name in wanted if name not in now]
        changed += [(name, False) for name in now if name not in wanted]
        said = f"Arms: {', '.join(wanted) or 'none'}"
        for event in [arm_event(Arm.of(name).name, on) for name, on in changed]:
            self._do(partial(self._switch, event, said))

    def action_test(self) -> None:
        self._do(self._begin)

    async def _begin(self) -> None:
        wanted = await self.app.bridge.reader.do(_settings)
        if wanted.test:
            self.say("A blind test runs; U ends it and tells what was what")
        elif not wanted.share:
            self.say("Generated items are off: + switches them on")
        else:
            said = "The blind test begins: drafts and real items come without source, author and time"
            await self._switch(blind_event(), said)

    def action_unblind(self) -> None:
        self._do(partial(self._unblind, self._keys + 1, sure=bool(self._keys) and self._asked == self._keys))

    async def _unblind(self, key: int, *, sure: bool) -> None:
        if not sure:
            running = (await self.app.bridge.reader.do(_settings)).test
            self._asked = key if running else 0
            self.say(SURE if running else "No blind test runs; t begins one")
            return
        from penchant.app.generating_status import verdict

        session = self.app.session

        def work(store: Store) -> str:
            from penchant.app.generating_keep import unblind

            found = unblind(store, _settings(store), session)
            return "" if found is None else verdict(found.rows)

        said = await self.app.bridge.clerk.do(work)
        self.app.lessons.refresh()  # decisions moved from copies to their items
        await self._moved(top=True)
        self.say(said)

    def action_undo(self) -> None:
        self._do(self._undo)

    async def _undo(self) -> None:
        session = self.app.session

        def work(store: Store) -> bool:
            from penchant.app.generating_keep import settle

            return settle(store, session)

        if not self._done:
            self.say("Nothing was switched since this screen opened")
            return
        await self.app.deeds.take_back([self._done[-1]])
        self._done.pop()
        if await self.app.bridge.clerk.do(work):
            self.app.lessons.refresh()
            self.say("The blind test is undone: what was decided on real items stands there, and drafts are marked")
        else:
            self.say("The last switch is undone")
        await self._moved()


def _settings(store: Store) -> Settings:
    from penchant.app.store import generated

    return generated.read(store.db)


def _block(line: Line) -> Block:
    return Block(line.text, line.role)


def show_blind(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(BlindScreen())
