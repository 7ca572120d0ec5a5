"""The worker: fetches what is due, derives, ranks; one per archive, gone when nobody needs it.

Three lanes that never wait for one another: the event loop (network), a
thread with its own store that ingests and derives, and a thread that ranks.
Killed at any moment it loses nothing: pages commit with their cursor, the
change queue is consumed by sequence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from . import (
    backups,
    citing_lane,
    favourites,
    gate_lane,
    interests_lane,
    logs,
    picture_backfill,
    readsync_lane,
    tuning_lane,
)
from .asking_lane import Questions
from .backfill import Backfill
from .derive import CHUNK, Deriver, meaning
from .describing import Describing
from .errors import AlreadyRunning, Damaged, Exit, NotADatabase, ReadOnly, StoreError
from .eventlog import lane as machines
from .gate_fetch import Restorer
from .generating_lane import Generating
from .judging import Judging
from .lock import WorkerLock
from .muting import next_end
from .network import open_client
from .parent import ParentWatch
from .pictures.lane import PictureLane
from .places import Places
from .priority import lower
from .ranker import Ranker
from .replanning import replan
from .rhythm import Rhythm
from .store import search_news
from .store_thread import StoreThread
from .streaming_lane import Streams
from .sync import Intervals, Visit, next_visits, queue_of, visit
from .threads import STALE, Fetcher
from .voice.keeping import Keeping
from .writing_lane import Drafting

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .store.control import Request
    from .types import Subscription

log = logging.getLogger(__name__)

#: Seconds between looks at the mailbox, the clock and the parent.
TICK = 0.5
#: Seconds between looks for due sources when nothing in the archive changed.
LOOK = 5.0
#: That many known to be due are a rush; meanwhile the archive is asked for due ones once in so many seconds: it takes
#: 20 ms where 10,000 are, and a reader who types changes the archive ten times a second.
RUSH, LOOK_IN_RUSH = 100, 1.0
#: Seconds in which items gather, while sources are visited, before they are derived together.
GATHER = 1.0
#: Seconds between attempts to become the worker with --wait.
WAIT = 2.0
#: Seconds in which a worker that was told to stop publishes what the reader did last ...
LAST_WORDS = 3.0
#: ... and after which it ends in the middle of anything: nothing half done is in the archive.
LAST_BREATH = 8.0
#: After a failure of the archive (a full disk): wait, then go on.
STORE_PAUSE = 30.0


def run_worker(
    paths: Paths, config: Config, *, once: bool = False, parent: int = 0, wait: bool = False
) -> int:
    """Run until told to stop. Raises `AlreadyRunning`, `StoreError`."""
    watch = ParentWatch(parent)  # first of all: later our parent may be gone and its number say nothing
    handler = logs.start(paths.log_file)
    lock = WorkerLock(paths.lock_file)
    try:
        if not _take(lock, watch, wait):
            return Exit.OK
        _give_way(config.worker.niceness)
        log.info("worker starts")
        asyncio.run(Worker(paths, config).run(watch, once=once))
        log.info("worker ends")
    except AlreadyRunning:
        raise
    except Exception:
        log.exception("worker fails")
        raise
    finally:
        lock.release()
        logging.getLogger("penchant").removeHandler(handler)
        handler.close()
    return Exit.OK


def _take(lock: WorkerLock, watch: ParentWatch, wait: bool) -> bool:
    """Take the lock, with `wait` once it is free; False when the parent went first."""
    while True:
        try:
            lock.acquire()
            return True
        except AlreadyRunning:
            if not wait:
                raise
            time.sleep(WAIT)
            if watch.gone():
                return False


def _give_way(niceness: int) -> None:
    """Lowest sensible priority, and one thread for the tokenizer: the screen comes first."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    lower(niceness)


class Worker:
    """One run. `stopping` is set by SIGTERM, SIGINT and SIGHUP."""

    def __init__(self, paths: Paths, config: Config) -> None:
        self.paths = paths
        self.config = config
        self.stopping = asyncio.Event()
        self.intervals = Intervals(config.worker.shortest_interval, config.worker.longest_interval)
        self.rhythm = Rhythm()
        self.visits: dict[int, asyncio.Task[Visit]] = {}
        self.places = Places(config.worker.concurrency)
        self.queues: dict[int, str] = {}
        self._waiting: list[Subscription] = []
        self._refused = False
        self._derive_at = 0.0
        self.deriver: Deriver | None = None
        self.lanes: list[asyncio.Task[None]] = []
        self.hearing: list[Hears] = []
        self._version = -1
        self._events = -1
        self._mute_ends = math.inf
        self._look_at = self._due_at = 0.0
        self._insist = threading.Timer(LAST_BREATH, os._exit, (Exit.OK,))
        self._insist.daemon = True

    async def run(self, watch: ParentWatch, *, once: bool = False) -> None:
        """Serve until stopped; with `once` until nothing is due. Raises `StoreError` when it cannot."""
        self._listen()
        try:
            await self._serve(watch, once)
        finally:
            self._insist.cancel()

    async def _serve(self, watch: ParentWatch, once: bool) -> None:
        async with (
            StoreThread(self.paths.archive) as self.store,
            Ranker(self.paths.archive, self.config.ranking.explore) as self.ranker,
            open_client(self.config, self.paths) as self.client,
        ):
            self._events = await self.store(lambda store: _begin(store, self.rhythm))
            self._open_lanes(once)
            while not (self.stopping.is_set() or watch.gone()):
                try:
                    busy = await self._step()
                    if once and not busy and not self.visits and await self.store(self._up_to_date):
                        await self.ranker.publish_now()
                        break
                except (Damaged, NotADatabase, ReadOnly):
                    raise
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                    await self._pause(STORE_PAUSE)
                    self._refused = True
                    continue
                if not busy:
                    await self._pause(TICK)
            await self._end_visits()
            if not once:
                await self._last_words()

    def _open_lanes(self, once: bool) -> None:
        """What runs beside the steps until the end."""
        self.streams = Streams(self.store, self.client)
        self.lanes.append(asyncio.create_task(self.streams.run(self.config.mastodon.streaming and not once)))
        self.threads = Fetcher(self.store, self.client)
        wanted = self.config.mastodon.favourite_likes
        self.lanes.append(asyncio.create_task(favourites.lane(wanted, self.store, self.client)))
        self.lanes.append(asyncio.create_task(readsync_lane.lane(self.store, self.client)))
        self.lanes.append(asyncio.create_task(machines.lane(self.config.machines, self.paths, self.store)))
        self.restorer = Restorer(self.store, self.client)
        sparing = gate_lane.lane(self.config.gate, self.paths.archive, self.store, lambda: not self.visits)
        self.lanes.append(asyncio.create_task(sparing))
        self.backfill = Backfill(
            self.config.models, self.paths.models, self.store, self.ranker.changed, lambda: len(self._waiting) >= RUSH
        )
        self.seeing = picture_backfill.lane(self.paths, self.config.models, self.store, self.ranker.changed)
        self.judging = Judging(self.config, self.paths, self.store, self.ranker.changed)
        self.hearing += [
            self.backfill,
            self.seeing,
            self.judging,
            Questions(self.config, self.paths, self.store),
            Drafting(self.config, self.paths, self.store),
            Describing(self.config, self.paths, self.store),
            Generating(self.config, self.paths, self.store),
            Keeping(self.config, self.paths, self.store),
            PictureLane(self.config.pictures, self.paths.cache / "pictures", self.store, self.client),
        ]
        self.lanes += [asyncio.create_task(lane.run()) for lane in self.hearing]
        self.lanes.append(asyncio.create_task(tuning_lane.lane(self.paths.archive, self.store)))
        self.lanes.append(asyncio.create_task(interests_lane.lane(self.config, self.paths, self.store)))
        self.lanes.append(asyncio.create_task(citing_lane.lane(self.store)))
        self.lanes.append(asyncio.create_task(backups.lane(self.config.backup, self.paths, self.store)))

    def _up_to_date(self, store: Store) -> bool:
        return self.backfill.up_to_date(store) and self.seeing.up_to_date(store)

    async def _last_words(self) -> None:
        """Publish once more when the reader did something since: the next start shows what it taught."""
        self._insist.start()
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self.ranker.settle()
                if await self.store(lambda store: store.scores.behind()):
                    self.ranker.changed()
                    await self.ranker.publish_now(brief=True)
        except TimeoutError:
            log.warning("no time for a last ranking")
        except StoreError as error:
            log.error("the archive refuses: %s", error)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if (number := getattr(signal, name, None)) is not None:
                with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                    loop.add_signal_handler(number, self.stopping.set)

    async def _step(self) -> bool:
        """A little of everything; says whether there is more to do at once."""
        self._reap()
        looked = await self.store(self._look)
        if looked.jumped:
            log.info("the clock jumped")
        if looked.events != self._events or looked.derived or looked.unmuted:
            self._events = looked.events
            self.ranker.changed()
        for subscription in looked.due:
            self._start(subscription)
        for item_id in looked.threads:
            self.threads.ask(item_id)
        for item_id in looked.restores:
            self.restorer.ask(item_id)
        for letter in looked.letters:
            for lane in self.hearing:
                lane.hear(letter)
        self.ranker.look(rush=len(self._waiting) >= RUSH)
        return bool(looked.derived or looked.announced)

    def _look(self, store: Store) -> Looked:
        """Everything that needs the store, in its thread, in one go."""
        looked = Looked(events=self._events, jumped=self.rhythm.jumped())
        version, now = store.data_version(), time.monotonic()
        if version != self._version or looked.jumped or now >= self._look_at:
            self._version, self._look_at = version, now + LOOK
            if looked.jumped:
                replan(store, self.rhythm, time.time(), jumped=True)
            if self._refused:  # visits that ended in the middle: nobody else would look at their sources again
                store.subscriptions.recover(list(self.visits))
                self._refused = False
            looked.threads, looked.restores, looked.letters = take_letters(store)
            looked.events = store.events.last_seq()
            looked.unmuted = time.time() >= self._mute_ends
            self._mute_ends = next_end(store.events.mutes(), time.time()) or math.inf
            if len(self._waiting) < RUSH or now >= self._due_at:
                self._waiting = [s for s in store.subscriptions.due(time.time()) if s.id not in self.visits]
                self._due_at = now + LOOK_IN_RUSH
        if chosen := self._next():
            store.subscriptions.mark_fetching(*(s.id for s in chosen))
            looked.due = chosen
        self.deriver = self.deriver or Deriver(store)
        if not self.visits or now >= self._derive_at:  # in lots while items pour in: a lot of seven costs half of 256
            looked.derived = self.deriver.step()
            self._derive_at = now + (GATHER if looked.derived < CHUNK else 0.0)
        looked.announced = 0 if looked.derived else search_news.step(store, meaning)
        return looked

    def _next(self) -> list[Subscription]:
        """Take what is to be visited now from those that the last look found due."""
        free = 0 if self.rhythm.quiet else self.places.free()
        chosen = {s.id: s for s in next_visits(self._waiting, free, list(self.queues.values()))}
        self._waiting = [s for s in self._waiting if s.id not in chosen]
        return list(chosen.values())

    def _start(self, subscription: Subscription) -> None:
        number = subscription.id
        bounds = self.streams.bounds(number, self.intervals)
        self.places.moved(number)
        going = visit(self.store, self.client, subscription, lambda _: self.places.moved(number), bounds, marked=True)
        self.visits[number] = asyncio.create_task(going, name=f"visit {number}")
        self.queues[number] = queue_of(subscription)

    def _reap(self) -> None:
        """Forget finished visits, look for more due ones; a failing archive shows here."""
        for number, task in list(self.visits.items()):
            if not task.done():
                continue
            del self.visits[number]
            self.queues.pop(number, None)
            self.places.ended(number)
            if not self._waiting:  # what was found due is used up
                self._look_at = 0.0
            error = task.exception()
            if error is None:
                self._network(task.result())
            elif isinstance(error, StoreError):
                raise error
            else:
                log.error("a visit failed", exc_info=error)

    def _network(self, result: Visit) -> None:
        if result.out_of_reach:
            self.rhythm.unreachable(result.subscription.id)
        elif again := self.rhythm.reached(result.subscription.id):
            log.info("the network is back")
            self._again = asyncio.ensure_future(self.store(lambda store: store.subscriptions.queue(again)))

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until a visit ends or someone stops us."""
        stop = asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait(
            [stop, *self.visits.values()], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        stop.cancel()

    async def _end_visits(self) -> None:
        """Cancel what runs; a visit's finished pages are stored, the rest comes next time."""
        tasks = [*self.visits.values(), *self.lanes, *self.threads.running.values(), *self.restorer.running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Hears(Protocol):
    """A lane that takes letters (`FOR_LANES`); it ignores those of other lanes and returns at once."""

    def hear(self, letter: Request) -> None: ...

    async def run(self) -> None: ...


@dataclass(slots=True)
class Looked:
    """What one look at the archive found."""

    events: int
    jumped: bool = False
    due: list[Subscription] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    restores: list[int] = field(default_factory=list)
    letters: list[Request] = field(default_factory=list)
    derived: int = 0
    announced: int = 0
    unmuted: bool = False


def _begin(store: Store, rhythm: Rhythm) -> int:
    """Put right what a killed worker left; returns the last event that the published ranking knows."""
    store.subscriptions.recover()
    store.subscriptions.sweep()
    replan(store, rhythm, time.time(), jumped=False)
    head = store.scores.head()
    return head.through_seq if head and not store.scores.was_put_off() else -1


#: Letters that a lane takes: "picture" {"items": [item_id]}, "reason", "ask", "write" {"item_id": n, "answer": id},
#: "models" {} (what is installed or chosen has changed).
FOR_LANES = ("picture", "reason", "ask", "write", "models")


def take_letters(store: Store) -> tuple[list[int], list[int], list[Request]]:
    """Do what the screens asked for; returns the items whose threads, and those whose bodies they want, and the
    letters that a lane takes.

    "refresh" with {"ids": [...]}, or without ids for every source; "thread" and "restore" with {"item_id": n}.
    """
    wanted: dict[str, list[int]] = {"thread": [], "restore": []}
    others: list[Request] = []
    for letter in store.control.take():
        if letter.kind == "refresh":
            ids = letter.payload.get("ids")
            store.subscriptions.queue(ids if isinstance(ids, list) else None)
        elif letter.kind in wanted and isinstance(letter.payload.get("item_id"), int):
            if letter.kind == "restore" or abs(time.time() - letter.at) < STALE:
                wanted[letter.kind].append(letter.payload["item_id"])
        elif letter.kind == "tune":
            store.control.remember(tuning_lane.WANTED, letter.at)
        elif letter.kind in FOR_LANES:
            others.append(letter)
        else:
            log.warning("unknown letter", extra={"fields": {"kind": letter.kind}})
    return wanted["thread"], wanted["restore"], others
