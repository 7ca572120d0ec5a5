"""The worker's lane that listens to servers which tell when something happened.

What it hears is a hint: it makes the source due, and the ordinary visit, which alone knows cursor and gaps, brings new,
edited and deleted posts. So a lost, doubled or forged event can neither lose nor invent anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from penchant.adapters.base import SourceError

from .errors import StoreError

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.adapters.mastodon_stream import Channel

    from .store import Store
    from .sync import Call, Intervals

log = logging.getLogger(__name__)

#: Seconds between looks at the sources, and between looks for those that something happened at.
LOOK, TICK = 5.0, 0.5
#: Shortest time between two visits on account of events (seconds); busy timelines get longer ones, and so do the
#: sources of one account together: 3 s each leaves two thirds of the usual 300 requests in 5 minutes.
GAP, BUSY = 20.0, {"public": 300.0, "public/local": 60.0}
EACH = 3.0
#: Seconds from an event to its visit: a moment for the server's database; without an account servers answer from a
#: cache of 15 s.
SOON, CACHED = 1.5, 16.0
#: Polls are so many times rarer while a stream is heard.
STRETCH = 4.0
#: Seconds before another attempt, doubled each time; a stream that held so long starts anew with the first.
FIRST_RETRY, LAST_RETRY, HELD = 5.0, 900.0, 60.0
#: After so many seconds a server that offers no streaming is asked again.
OFF = 6 * 3600.0
#: Connections to one server; browsers and other apps of the reader take some, too.
MOST = 8

LIVE = "The server says when something is new"


@dataclass(slots=True)
class Hearing:
    """A stream that is, or should be, listened to. `concerns`: source -> names of events that concern it."""

    channel: Channel
    concerns: dict[int, frozenset[str]] = field(default_factory=dict)
    live: bool = False
    task: asyncio.Task[None] | None = None


class Streams:
    """All streams of a worker; `run` until cancelled."""

    def __init__(self, call: Call, client: Client) -> None:
        self.call, self.client = call, client
        self.hearings: dict[Channel, Hearing] = {}
        #: Source -> when it shall be due (monotonic seconds), and its shortest time between visits.
        self.wishes: dict[int, float] = {}
        self.gaps: dict[int, float] = {}
        self._off: dict[tuple[str, str], tuple[float, str]] = {}

    def bounds(self, subscription_id: int, intervals: Intervals) -> Intervals:
        """The intervals of a source, rarer while its stream is heard."""
        live = any(h.live and subscription_id in h.concerns for h in self.hearings.values())
        return replace(intervals, stretch=STRETCH) if live else intervals

    async def run(self, wanted: bool) -> None:
        """Listen; without `wanted` only take back what a killed run said of the sources, and planned."""
        looked = float("-inf")
        try:
            await self.call(_take_back)
            while wanted:
                with contextlib.suppress(StoreError):
                    if time.monotonic() - looked >= LOOK:
                        looked = time.monotonic()
                        self._follow(await self.call(_channels))
                    await self._hasten()
                await asyncio.sleep(TICK)
        except StoreError as error:
            log.error("the archive refuses: %s", error)
        finally:
            tasks = [hearing.task for hearing in self.hearings.values() if hearing.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(StoreError):
                await self.call(_take_back)

    def _follow(self, wanted: dict[Channel, dict[int, frozenset[str]]]) -> None:
        """Begin and end connections so that they are those of the sources."""
        for channel in [channel for channel in self.hearings if channel not in wanted]:
            if task := self.hearings.pop(channel).task:
                task.cancel()
        crowd: Counter[tuple[str, str]] = Counter()
        for channel, concerns in wanted.items():
            crowd[(channel.base, channel.account)] += len(concerns)
        used: Counter[str] = Counter()
        for channel, concerns in wanted.items():
            gap = max(GAP, BUSY.get(channel.path, 0.0), EACH * crowd[(channel.base, channel.account)])
            self.gaps.update(dict.fromkeys(concerns, gap))
            used[channel.base] += 1
            if used[channel.base] > MOST:
                self._said(concerns, f"No streaming: {channel.host} streams {MOST} other sources")
                continue
            hearing = self.hearings.setdefault(channel, Hearing(channel))
            joined = set(concerns) - set(hearing.concerns)
            hearing.concerns = concerns
            if hearing.task is None:
                hearing.task = asyncio.create_task(self._hear(hearing))
            elif joined and hearing.live:
                self._said(hearing.concerns, LIVE)

    async def _hear(self, hearing: Hearing) -> None:
        """One connection after another, until cancelled."""
        from penchant.adapters.mastodon_stream import NotOffered

        channel, failures = hearing.channel, 0
        while True:
            began = time.monotonic()
            wait = 0.0
            try:
                self._refused(channel)
                await self._connection(hearing)
            except NotOffered as error:
                wait = OFF
                if error.whole_server:
                    self._off[(channel.base, "")] = (began + OFF, str(error))
                self._said(hearing.concerns, f"No streaming: {error}")
            except SourceError as error:
                wait = error.retry_after or 0.0
                fields = {"kind": type(error).__name__, "host": channel.host}
                log.info("stream lost: %s", error, extra={"fields": fields})
            except StoreError as error:
                log.error("the archive refuses: %s", error)
            except Exception:
                log.exception("a fault while listening")
            held = time.monotonic() - began >= HELD
            if hearing.live:
                hearing.live = False
                self._wish(hearing)  # the next visit plans polling without the stream
                self._said(hearing.concerns, "")
            failures = 1 if held else failures + 1
            retry = min(FIRST_RETRY * 2.0 ** min(failures - 1, 20), LAST_RETRY)
            await asyncio.sleep(max(wait, retry) * random.uniform(0.75, 1.25))

    def _refused(self, channel: Channel) -> None:
        """Raises `NotOffered` where another stream of this server has learned that there are none."""
        from penchant.adapters.mastodon_stream import NotOffered

        until, why = self._off.get((channel.base, ""), (0.0, ""))
        if time.monotonic() < until:
            raise NotOffered(why)

    async def _connection(self, hearing: Hearing) -> None:
        from penchant.adapters.mastodon_stream import events

        async with contextlib.aclosing(events(self.client, hearing.channel)) as stream:
            async for name in stream:
                if not name:
                    hearing.live = True
                    log.info("listening", extra={"fields": {"host": hearing.channel.host}})
                    self._said(hearing.concerns, LIVE)
                self._wish(hearing, name)

    def _wish(self, hearing: Hearing, name: str = "") -> None:
        """Something happened ("": perhaps, while nobody listened): its sources shall be visited soon."""
        wait = SOON if hearing.channel.account else CACHED
        at = time.monotonic() + wait * random.uniform(1.0, 1.3)
        for id_, names in hearing.concerns.items():
            if not name or name in names:
                self.wishes.setdefault(id_, at)

    async def _hasten(self) -> None:
        now = time.monotonic()
        by_gap: dict[float, list[int]] = {}
        for id_, at in self.wishes.items():
            if at <= now:
                by_gap.setdefault(self.gaps.get(id_, GAP), []).append(id_)
        for gap, ids in by_gap.items():
            later = await self.call(partial(_make_due, ids=ids, gap=gap))
            for id_ in ids:
                if id_ in later:
                    self.wishes[id_] = now + TICK
                else:
                    self.wishes.pop(id_, None)

    def _said(self, ids: Iterable[int], note: str) -> None:
        self._telling = asyncio.ensure_future(self._tell(tuple(ids), note))

    async def _tell(self, ids: tuple[int, ...], note: str) -> None:
        def write(store: Store) -> None:
            for id_ in ids:
                store.subscriptions.annotate(id_, note)

        try:
            await self.call(write)
        except StoreError as error:
            log.error("the archive refuses: %s", error)


def _take_back(store: Store) -> None:
    """No stream is heard: nothing is said of any, and what was to wait for one is due."""
    noted = [source for source in store.subscriptions.all(counted=False) if source.note]
    store.subscriptions.hasten([source.id for source in noted if source.note == LIVE], time.time(), 0.0)
    for source in noted:
        store.subscriptions.annotate(source.id, "")


def _make_due(store: Store, ids: list[int], gap: float) -> set[int]:
    return store.subscriptions.hasten(ids, time.time(), gap)


def _channels(store: Store) -> dict[Channel, dict[int, frozenset[str]]]:
    """The streams of everything followed and not paused, with what concerns each source."""
    from penchant.adapters.mastodon_stream import channel_of

    found: dict[Channel, dict[int, frozenset[str]]] = {}
    for source in store.subscriptions.all(counted=False, kinds=("mastodon",)):
        if source.paused:
            continue
        with contextlib.suppress(SourceError):
            if (heard := channel_of(source.settings)) is not None:
                found.setdefault(heard[0], {})[source.id] = heard[1]
    return found
