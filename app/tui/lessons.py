"""Learning beside the screen: a thread with the ranking, fed with events, answering with orders.

Numpy and the experts are loaded in that thread, after the first paint. Keys
that come faster than it learns share one re-sorting.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from penchant.app.types import UNDOABLE, Card, Event

from .loading import mixed
from .visit import Standing, merge

if TYPE_CHECKING:
    from penchant.app.duels.ring import Pair
    from penchant.app.rank.types import Why, WhyNot
    from penchant.app.ranking import RankSession
    from penchant.app.ranking_adds import Adds
    from penchant.app.ranking_report import TuningReport

T = TypeVar("T")
#: The reader waits to see what these do.
AT_ONCE = (*UNDOABLE, "picks", "topics")
#: Passing items teaches little: they are learned together once the reader pauses (seconds).
CALM = 1.0
#: Unseen items that this window ranks: 10,000 take some 12 MB, and the whole must stay under 120.
CANDIDATES = 10_000
#: ... or when so many wait.
MOST_WAITING = 100
#: What the worker brought is taken in at most this often (seconds), and for at most one part in so many of the time:
#: with 10,000 candidates once takes a second, in which each key waits for the interpreter again and again.
NEWS_EVERY, SHARE = 2.0, 8.0


class Order(NamedTuple):
    """A new order of For you: the first `fixed` as they stood, of `basis` ids; and the numbers."""

    fixed: int
    basis: int
    ids: list[int]
    probability: dict[int, float]
    decisive: bool
    token: object
    standing: Standing = Standing()


class _Step(NamedTuple):
    event: Event | None = None
    undone: str = ""
    refresh: bool = False
    anew: bool = False
    order: bool = True


class Lessons:
    """Learns and orders.

    `present` tells what is on screen: (fixed ids, all ids, time of the visit, a token of it);
    `apply` takes a new order, `failed` an exception of the thread.
    """

    def __init__(
        self,
        archive: Path,
        seed: int,
        present: Callable[[], tuple[Sequence[int], Sequence[int], float, object]],
        apply: Callable[[Order], None],
        failed: Callable[[BaseException], None],
        explore: float | None = None,
    ) -> None:
        self._archive = archive
        self._seed = seed
        self._present = present
        self._apply = apply
        self._failed = failed
        self._explore = explore
        self._steps: list[_Step] = []
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._session: RankSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._news_at, self._took = -math.inf, 0.0
        self.head_version: int | None = None

    @property
    def busy(self) -> bool:
        """Whether something is still to be learned."""
        return self._task is not None

    def start(self) -> None:
        """Load the ranking and order what has not been on screen."""
        self._queue(_Step(refresh=True))

    def learn(self, event: Event) -> None:
        """Learn an event that is on disk."""
        self._queue(_Step(event=event))

    def undo(self, event_id: str, *, order: bool) -> None:
        """Forget an event; `order` off when the screen has gone back to its earlier order by itself."""
        self._queue(_Step(undone=event_id, order=order))

    def refresh(self) -> None:
        """Take in what the worker brought, and order."""
        self._queue(_Step(refresh=True))

    def news(self) -> bool:
        """Take in what the worker brought, but not without a rest since the last time; says whether it will be."""
        now = time.monotonic()
        if now - self._news_at < max(NEWS_EVERY, SHARE * self._took):
            return False
        self._news_at = now
        self.refresh()
        return True

    def again(self) -> None:
        """Order once more: the last order came too late for what is on screen."""
        self._queue(_Step(anew=True))

    def why(self, item_id: int) -> asyncio.Future[Why]:
        """The parts of an item's number."""
        return asyncio.wrap_future(self._thread().submit(lambda: self._loaded().why(item_id)))

    def why_not(self, item_id: int, listed: bool) -> asyncio.Future[WhyNot]:
        """Where an item stands or would stand in For you, and what holds it down; `listed`: it is on screen there."""

        def work() -> WhyNot:
            from penchant.app.ranking_place import why_not

            return why_not(self._loaded(), item_id, time.time(), listed=listed)

        return asyncio.wrap_future(self._thread().submit(work))

    def trust(self, names: Sequence[str]) -> asyncio.Future[dict[str, float]]:
        """How far the head believes some experts; 1 is where each begins."""

        def work() -> dict[str, float]:
            from penchant.app.ranking_trust import trust

            return trust(self._loaded(), names)

        return asyncio.wrap_future(self._thread().submit(work))

    async def report(self) -> TuningReport:
        """What has been learned, after the lessons that wait."""

        def work() -> TuningReport:
            from penchant.app.ranking_report import report

            return report(self._loaded())

        return await self._after(work)

    async def adds(self) -> dict[str, Adds]:
        """What each model adds for this reader, after the lessons that wait."""

        def work() -> dict[str, Adds]:
            from penchant.app.ranking_adds import adds

            return adds(self._loaded())

        return await self._after(work)

    async def choice(self, without: Sequence[int]) -> list[Card]:
        """Twelve items to choose from, other than those of `without` where there are enough."""

        def work() -> list[Card]:
            from penchant.app.ranking_choice import choice

            return choice(self._loaded(), without)

        self.refresh()
        return await self._after(work)

    async def duel(self, pool: str, asked: Collection[tuple[int, int]], seed: int) -> Pair | None:
        """The two texts whose comparison would tell most, after the lessons that wait; none of `asked`."""

        def work() -> Pair | None:
            from penchant.app.duels.ring import pick

            return pick(self._loaded(), pool, asked, seed)

        return await self._after(work)

    async def _after(self, work: Callable[[], T]) -> T:
        while self._task is not None:
            await asyncio.wait([self._task])
        return await asyncio.wrap_future(self._thread().submit(work))

    def close(self) -> None:
        """End the thread, after the lesson it is at."""
        if self._task is not None:
            self._task.cancel()
        if self._pool is not None:
            self._pool.submit(self._end)
            self._pool.shutdown(wait=True)

    def _queue(self, step: _Step) -> None:
        self._steps.append(step)
        if step.event is None or step.event.kind in AT_ONCE:
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._steps:
                await self._calm()
                steps, self._steps = self._steps, []
                fixed, rest, now, token = self._present()
                work = self._thread().submit(self._step, steps, list(fixed), rest, now, token)
                try:
                    order = await asyncio.wrap_future(work)
                except Exception as error:
                    self._failed(error)
                    continue
                if order is not None:
                    self._apply(order)
        finally:
            self._task = None

    async def _calm(self) -> None:
        """Wait until something is urgent, or nothing came for a while."""
        waiting = 0
        while not self._hurry.is_set() and waiting < len(self._steps) < MOST_WAITING:
            waiting = len(self._steps)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CALM):  # wait_for of Python 3.11 can lose a cancellation
                    await self._hurry.wait()
        self._hurry.clear()

    # -- in the thread
    def _step(
        self, steps: Sequence[_Step], fixed: list[int], rest: Sequence[int], now: float, token: object
    ) -> Order | None:
        first, began = self._session is None, time.thread_time()
        session = self._loaded()
        wanted = first or any(step.anew for step in steps)
        for step in steps:
            changed = False
            if step.event is not None:
                changed = bool(session.learn(step.event))
            elif step.undone:
                changed = bool(session.undo(step.undone)) or True
            elif step.refresh and not first:
                changed = bool(session.refresh())
            wanted = wanted or (changed and step.order)
        if not wanted:
            return None
        order = self._order(session, fixed, rest, now, token, steps)
        if not first and any(step.refresh for step in steps):
            self._took = time.thread_time() - began
        return order

    def _order(
        self, session: RankSession, fixed: list[int], rest: Sequence[int], now: float, token: object,
        steps: Sequence[_Step],
    ) -> Order:  # fmt: skip
        ranked = session.order(fixed, now)
        self.head_version = getattr(session, "head_version", None)
        decisive = any(step.event is not None and step.event.kind in UNDOABLE for step in steps)
        probability = {entry.item_id: entry.probability for entry in ranked}
        standing = Standing(ranked.stories, ranked.notes, ranked.people)
        ids = mixed(session.store, merge(fixed, probability, rest, standing.folded), len(fixed))
        drafts = session.store.drafts.item_ids()
        probability = {item: number for item, number in probability.items() if item not in drafts}
        return Order(len(fixed), len(rest), ids, probability, decisive, token, standing)

    def _loaded(self) -> RankSession:
        if self._session is None:
            from penchant.app.ranking import RankSession

            session = RankSession(
                self._archive, seed=self._seed, candidates=CANDIDATES, explore=self._explore
            )
            session.load()
            self._session = session
        return self._session

    def _end(self) -> None:
        if self._session is not None:
            self._session.close()

    def _thread(self) -> Any:
        if self._pool is None:
            self._pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="penchant-rank")
        return self._pool
