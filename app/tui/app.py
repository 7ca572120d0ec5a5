"""The application: owns the desks, the deeds and the lessons, and passes news to the screen."""

from __future__ import annotations

import asyncio
import gc
import threading
import uuid
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome
from textual.screen import Screen

from penchant.adapters.base import SourceError
from penchant.app.errors import PenchantError
from penchant.app.paths import Paths
from penchant.app.types import Event, View

from . import closing, interrupts, loading, mended, signals, themes, words
from .bridge import Bridge
from .commands import COMMANDS
from .deeds import Deeds, Place
from .feedscreen import OBSERVED, FeedScreen
from .keys import resolve_keys
from .loading import FirstPage, Watch
from .messages import Durable, Failed
from .mutewatch import MuteWatch
from .offer import Offer
from .pictures import terminal
from .pictures.window import PictureWindow
from .visit import Standing

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.types import Card, Subscription

    from .lessons import Lessons, Order
    from .modelspull import Pull
    from .pictures.wish import Way
    from .workerchild import WorkerChild

#: How often the screen asks whether another process changed the archive (seconds); one pragma, 10 us.
PULSE = 0.25
#: ... and every so many of these while nothing is being fetched: what another window did is here within a second.
SLOW = 3


def _palette() -> type[Any]:
    """The palette's provider, loaded when it is first opened."""
    from .palette import Commands

    return Commands


class PenchantApp(interrupts.Interruptible, PictureWindow, App[None]):
    """`run` is the usual way in; tests give a `Bridge` of their own by `archive`."""

    CSS_PATH = "penchant.tcss"
    TITLE = "penchant"
    COMMANDS: ClassVar[set[Any]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False), *interrupts.KEYS]
    #: Moving pictures cost time and say nothing.
    animation_level = "none"  # type: ignore[assignment]

    def __init__(
        self, config: Config, paths: Paths, first: FirstPage | None = None, *,
        worker: bool = True, images: tuple[Way, bytes] = ("none", b""),
    ) -> None:  # fmt: skip
        super().__init__()
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        # Before the style sheet is read: a later change would have it read twice.
        self.set_reactive(App.theme, themes.named(config.theme))
        self.stylesheet.set_variables(self.get_css_variables())
        self.config = config
        self.paths = paths
        self.keys = resolve_keys(config.keys)
        self.bridge = Bridge(paths.archive)
        self.session = uuid.uuid4().hex
        self._lessons: Lessons | None = None
        self.deeds = Deeds(self.bridge, self.session, self._head_version, self._durable, self._deciding)
        self.offer = Offer(self)
        self._child: WorkerChild | None = None
        self.first = first or _read_first(config, paths)
        self.mute_watch = MuteWatch(self, self.first.muted)
        self.feed_screen = FeedScreen(self.first)
        self.last_order: list[int] = []
        self.last_probability: dict[int, float] = {}
        self.last_standing = Standing()
        self.source_count = int(self.first.subscribed)
        self.fetching: list[Subscription] = []
        self.busy = 0
        #: The reader asked for a fetch and has not seen its end.
        self.waiting = False
        #: The reader has done something in this window.
        self.touched = False
        self.left = threading.Event()
        self._watch = Watch()
        self._worker_wanted = worker and config.worker.enabled
        self._tasks: set[asyncio.Task[Any]] = set()
        #: `run` has the whole process: at the end nothing may keep it alive.
        self.owns_process = False
        self.leaving = False
        self._worker_words = ""
        self._failing = self._beat = 0
        self._looking: asyncio.Task[Any] | None = None
        self._last_failure = ""
        #: A model on its way here.
        self.pull: Pull | None = None
        self.open_pictures(*images)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without the one for ANSI colours: the themes have none, and it costs a sixth of every line."""
        kept = [found for found in super().get_line_filters() if not isinstance(found, ANSIToTruecolor)]
        return [themes.Greys() if isinstance(found, Monochrome) else found for found in kept]

    # -- start
    def get_default_screen(self) -> Screen[Any]:
        return self.feed_screen

    def on_load(self) -> None:
        if self.config.keys:
            self.set_keymap({name: ",".join(self.keys[name]) for name in self.config.keys})

    def on_mount(self) -> None:
        signals.install(self, asyncio.get_running_loop())
        self.terminal_ready()
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        """The first page is on screen: now start what costs time."""
        mended.mend()
        gc.freeze()
        gc.enable()
        self.hang_pictures()
        if not self.first.subscribed:
            from .onboarding import OnboardingScreen

            self.push_screen(OnboardingScreen(first=True))
        self.set_timer(0.05, self._start_behind)

    def _start_behind(self) -> None:
        if self.leaving:
            return
        if self._worker_wanted:
            from .workerchild import WorkerChild

            self._child = WorkerChild(self.paths)
            self._child.start()
        self.lessons.start()
        self.spawn(self.mute_watch.look())
        self.set_interval(PULSE, self._pulse)

    # -- commands
    async def action_command(self, name: str) -> None:
        """Run a command on the screen that has the keys."""
        self.touched = True
        command = next(c for c in COMMANDS if c.id == name)
        target = self.screen
        if not hasattr(target, command.method or f"do_{command.id.replace('-', '_')}"):
            return
        answer = command.run(target)
        if asyncio.iscoroutine(answer):
            self.spawn(answer)
            await asyncio.sleep(0)  # so that it begins before the next key, typed fast, moves the cursor

    def simulate_command(self, name: str) -> None:
        """A click on a command's words."""
        self.spawn(self.action_command(name))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside the loop of messages; what fails is put into words on the status line."""
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Coroutine[Any, Any, Any]) -> None:
        owner = closing.owner_of(work)
        try:
            await work
        except (PenchantError, SourceError) as error:
            self.fail(str(error), error.hint)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            if not self.leaving and self.feed_screen.children and not closing.is_gone(owner, self.feed_screen):
                self._handle_exception(error)

    def fail(self, text: str, hint: str = "") -> None:
        """Say what went wrong, what it means and what to do."""
        said = words.one_line(words.sentences(text, hint))
        self.feed_screen.tell(said, "error")
        if text != self._last_failure:
            self.notify(said, title="penchant", severity="error", markup=False)
            self._last_failure = text
        self.post_message(Failed(text, hint))

    # -- events
    def observe(self, event: Event) -> None:
        """Record something that was seen, not decided; several share a commit, nothing waits for them."""
        if event.kind == "open":
            self.spawn(self.deeds.record(event))
            return
        self.bridge.observe(event, self._unrecorded)
        self.lessons.learn(event)

    def _unrecorded(self, error: BaseException) -> None:
        self.fail(f"What you saw could not be recorded: {error}", getattr(error, "hint", ""))

    async def _durable(self, event: Event, undone: Event | None) -> None:
        """An event is on disk: now the screen may say so, and the ranking learn it."""
        if undone is not None:
            recalled = self._recall(undone)
            self.lessons.undo(undone.id, order=not recalled)
        else:
            self.lessons.learn(event)
        self.offer.heard(event)
        if event.kind not in ("impression", "dwell"):
            await self.feed_screen.event_durable(event, undone)
            for screen in self.screen_stack:
                refresh = getattr(screen, "event_shown", None)
                if refresh is not None:
                    await refresh(event)
        self.feed_screen.post_message(Durable(event))

    def _deciding(self, event: Event) -> None:
        """Remember the order before a decision, for its undo."""
        if self.feed_screen.view == View.FOR_YOU:
            self.feed_screen.feed.visit.remember(event.id)

    def _recall(self, undone: Event) -> bool:
        screen = self.feed_screen
        if screen.view != View.FOR_YOU or self.lessons.busy:
            return False
        if not screen.feed.visit.recall(undone.id):
            return False
        screen.feed.ids_changed()
        return True

    # -- ranking
    @property
    def lessons(self) -> Lessons:
        """The ranking's thread; loaded after the first paint."""
        if self._lessons is None:
            from .lessons import Lessons

            seed = uuid.uuid4().int & 0x7FFFFFFF
            self._lessons = Lessons(
                self.paths.archive,
                seed,
                self._present,
                self._ordered,
                self._lesson_failed,
                self.config.ranking.explore,
            )
        return self._lessons

    def _head_version(self) -> int | None:
        return None if self._lessons is None else self._lessons.head_version

    def _present(self) -> tuple[list[int], list[int], float, object]:
        return self.feed_screen.present()

    def _ordered(self, order: Order) -> None:
        self.last_order = order.ids
        self.last_probability = order.probability
        self.last_standing = order.standing
        self.feed_screen.reorder(order)

    def _lesson_failed(self, error: BaseException) -> None:
        if isinstance(error, PenchantError):
            self.fail(str(error), error.hint)
        elif not self.leaving:
            self.fail(
                f"The ranking failed ({type(error).__name__}: {error})",
                "Reading goes on in the order of before; your keypresses are kept and learned later.",
            )

    # -- news of other processes
    def _pulse(self) -> None:
        # While nothing is being fetched, most changes are our own keypresses: look less often.
        self._beat += 1
        if self._beat % SLOW == 0 and signals.terminal_gone():
            self.leave(signals.HUNG_UP)
        if self._looking is not None and not self._looking.done():
            return
        if not self.leaving and (self.waiting or not self.source_count or self._beat % SLOW == 0):
            self._looking = self.spawn(self.look())

    async def look(self, force: bool = False) -> None:
        """See whether another process changed the archive, and show it."""
        screen = self.feed_screen
        view, source = screen.view, screen.subscription_id
        rows = screen.feed.shown_rows()
        on_screen = screen.feed.visit.ids[rows.start : rows.stop]
        only = source if view == View.FOLLOWING else None
        words_of_worker = "" if self._child is None else self._child.check()
        pulse = await self.bridge.reader.do(
            lambda store: self._watch.look(store, view, only, on_screen, force)
        )
        if pulse is not None and screen.view == view:
            self.fetching, self.busy, self.source_count = pulse.fetching, pulse.busy, pulse.sources
            screen.pulse(pulse)
            for other in self.screen_stack:
                hear = getattr(other, "heard", None)
                if hear is not None:
                    hear(pulse)
            self.waiting = self.waiting and bool(pulse.fetching)
            self.feed_screen.progress(pulse.fetching if self.waiting else [])
            self._failing = pulse.failing
            await self.offer.look()
            self.refresh_aside()
            await self.mute_watch.look()
            if (screen.arrived or screen.unranked) and self.lessons.news():
                screen.unranked = False
        if words_of_worker != self._worker_words:
            self._worker_words = words_of_worker
            self.refresh_aside()

    def refresh_aside(self) -> None:
        parts = [self.feed_screen.news.words, self.offer.words, self._worker_words]
        if self.feed_screen.arrived:
            new = f"{self.feed_screen.arrived} new"
            parts.append(f"{new} below" if self.feed_screen.view == View.FOR_YOU else new)
        if self.fetching:
            done = sum(s.done for s in self.fetching)
            parts.append(f"fetching {words.many(self.busy, 'source')} ({done})")
        if self._failing:
            parts.append(f"{words.many(self._failing, 'source')} failing: S")
        self.feed_screen.status.aside(" · ".join(part for part in parts if part))

    async def refresh_sources(self, ids: list[int] | None) -> None:
        """Have the worker fetch some sources now (None: all), and show how far it is."""
        await self.bridge.clerk.do(lambda store: store.subscriptions.queue(ids))
        await self.bridge.clerk.do(lambda store: store.control.request("refresh", {"ids": ids}))
        self.waiting = True
        await self.look(force=True)

    # -- browser
    def browse(self, url: str, here: tuple[Card, Place] | None = None) -> None:
        """Open an address in the browser, if it is one; opening an item is an event."""
        from .actions import guard_url, open_browser

        safe = guard_url(url)
        if not safe:
            self.feed_screen.tell("There is no web address to open")
            return
        if here is not None:
            card, place = here
            self.observe(self.deeds.event("open", card.item_id, place))
        self.feed_screen.tell(f"Opening {safe}")
        threading.Thread(target=open_browser, args=(safe, self._no_browser), daemon=True).start()

    def _no_browser(self, url: str) -> None:
        self.call_from_thread(self.fail, "No web browser could be started", f"y copies the link: {url}")

    # -- end
    def leave(self, code: int) -> None:
        """Quit: what is queued gets to disk, the terminal is restored."""
        if not self.leaving:
            self.leaving = True
            signals.insist(self, code)
            self.exit(return_code=code)

    async def on_unmount(self) -> None:
        if not self.leaving:
            self.leaving = True
            signals.insist(self, self.return_code or 0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self.close_pictures()
        self.bridge.flush()
        # Everything is on disk: it publishes what that taught, while we go.
        self.stop_worker(0.0)
        if self._lessons is not None:
            self._lessons.close()
        self.bridge.close()
        self.left.set()

    def stop_worker(self, timeout: float) -> None:
        """Tell the worker that this window started to end; it does so by itself, after `timeout` or later."""
        if self._child is not None:
            self._child.stop(timeout)


def _read_first(config: Config, paths: Paths) -> FirstPage:
    """Open the archive and read the first page, before the first paint: about a millisecond."""
    from penchant.app.store import Store

    store = Store.open(paths.archive, role="reader")
    try:
        return loading.first_page(store, View(config.start_view))
    finally:
        store.close()


def run(config: Config, paths: Paths, images: str = "") -> int:
    """Open the feed on this terminal; returns the exit code. Raises `StoreError` before the first paint.

    `images` is the command line's word on pictures, which goes before the configuration's.
    """
    app = PenchantApp(config, paths, images=terminal.here(images or config.images))
    app.owns_process = True
    app.run()
    return app.return_code or 0


__all__ = ["OBSERVED", "PenchantApp", "run"]
