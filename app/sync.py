"""Fetch sources: pages into the archive, success and failure into the subscription.

One source's failure is that source's alone; it is stored in words and shown
by `penchant sources` and the sources screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from penchant.adapters import load
from penchant.adapters.base import Gone, Page, SourceError, TimedOut, Unreachable

from . import decide
from .errors import NoSuchSource, StoreError
from .places import Gate
from .types import Subscription

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .store import Store

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds one visit to a source may take in all; what came until then is kept and the next visit goes on.
VISIT_SECONDS = 300.0
#: Items taken from one visit: a source that never ends is left after so many.
VISIT_ITEMS = 20_000


class Call(Protocol):
    """Runs a piece of work where the store lives: `StoreThread`, or `inline(store)`."""

    def __call__(self, work: Callable[[Store], T]) -> Awaitable[T]: ...


def inline(store: Store) -> Call:
    """Run work on `store` at once, in the thread of the event loop (tests, small jobs)."""

    async def call(work: Callable[[Store], Any]) -> Any:
        return work(store)

    return call


@dataclass(frozen=True, slots=True)
class Intervals:
    """Bounds of polling, in seconds; `stretch` lengthens it for a source that tells by itself when to come."""

    shortest: float = 600.0
    longest: float = 86_400.0
    stretch: float = 1.0


@dataclass(slots=True)
class Visit:
    """What one visit to a source brought. `error` is empty where it succeeded."""

    subscription: Subscription
    new: int = 0
    changed: int = 0
    joined: int = 0
    deleted: int = 0
    done: int = 0
    total: int | None = None
    error: str = ""
    hint: str = ""
    finished: bool = False
    out_of_reach: bool = False


OnProgress = Callable[[Visit], None]


async def sync_once(
    store: Store | Call,
    client: Client,
    subscriptions: Iterable[Subscription],
    on_progress: OnProgress | None = None,
    *,
    concurrency: int = 8,
    intervals: Intervals | None = None,
) -> list[Visit]:
    """Visit sources, `concurrency` at once (see `places`); never raises because of a source. Raises `StoreError`."""
    call = inline(store) if hasattr(store, "subscriptions") else store  # type: ignore[arg-type]
    gate = Gate(concurrency)
    turns: dict[str, asyncio.Lock] = {}

    async def one(subscription: Subscription) -> Visit:
        queue = queue_of(subscription)
        turn = turns.setdefault(queue, asyncio.Lock()) if queue else contextlib.nullcontext()
        async with turn, gate.enter() as moved:  # in this order: who waits for a turn takes nobody's place

            def tell(result: Visit) -> None:
                moved()
                if on_progress is not None:
                    on_progress(result)

            return await visit(call, client, subscription, tell, intervals or Intervals())

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(subscription)) for subscription in subscriptions]
    except BaseExceptionGroup as errors:  # the archive failed; the other visits were cancelled
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def queue_of(subscription: Subscription) -> str:
    """The queue in which this source is visited, one after another; "" for one that need not wait.

    Built-in adapters of services that want one request at a time have `queue(settings) -> str`. Without it their
    visits would wait inside, each with a place that another source could use and with its time running.
    """
    try:
        queue = getattr(load(subscription.kind), "queue", None)
        name = queue(subscription.settings) if queue is not None else ""
    except Exception:  # wrong settings, or a stranger's adapter: its visit says what is wrong
        return ""
    return f"{subscription.kind} {name}" if isinstance(name, str) and name else ""


def next_visits(due: Iterable[Subscription], free: int, busy: Iterable[str]) -> list[Subscription]:
    """The sources to visit now: `free` at most, of each queue one, of the queues in `busy` none. Keeps the order."""
    taken = set(busy)
    chosen: list[Subscription] = []
    for subscription in due:
        if len(chosen) >= free:
            break
        queue = queue_of(subscription)
        if queue not in taken or not queue:
            taken.add(queue)
            chosen.append(subscription)
    return chosen


async def visit(
    call: Call,
    client: Client,
    subscription: Subscription,
    on_progress: OnProgress | None = None,
    intervals: Intervals | None = None,
    *,
    marked: bool = False,
) -> Visit:
    """Fetch one source and store the outcome; `marked` as being fetched already by who chose it.

    Raises `StoreError` and `CancelledError` only.
    """
    result = Visit(subscription)
    tell = on_progress or (lambda _: None)
    if not marked:
        await call(lambda store: store.subscriptions.mark_fetching(subscription.id))
    tell(result)
    bounds = intervals or Intervals()
    try:
        async with asyncio.timeout(VISIT_SECONDS):
            last = await _pages(call, client, subscription, result, tell)
        await _succeeded(call, result, last, bounds)
    except SourceError as error:
        await _failed(call, result, error, bounds)
    except TimeoutError:
        late = TimedOut(
            f"the visit took longer than {VISIT_SECONDS:.0f} seconds",
            hint="What came until then is kept; penchant goes on from there later.",
        )
        await _failed(call, result, late, bounds)
    except (StoreError, asyncio.CancelledError):
        raise
    except NoSuchSource:
        log.info("removed meanwhile", extra={"fields": {"subscription": subscription.id}})
    except Exception as error:
        log.exception("a fault in the adapter %s", subscription.kind)
        fault = SourceError(
            f"a fault of penchant's own while reading this source ({type(error).__name__})",
            hint="The log says where; please report it. The other sources are not affected.",
        )
        await _failed(call, result, fault, bounds)
    result.finished = True
    tell(result)
    return result


async def _pages(
    call: Call, client: Client, subscription: Subscription, result: Visit, tell: OnProgress
) -> Page | None:
    """Store page after page; returns the last one. Raises `SourceError`."""
    last = None
    pages = _adapter(subscription.kind).fetch(client, subscription.settings, dict(subscription.cursor))
    async with contextlib.aclosing(pages) as stream:
        async for page in stream:
            last = page
            await call(partial(_store_page, page=page, result=result))
            tell(result)
            if result.done >= VISIT_ITEMS:
                log.warning("visit ended early", extra={"fields": {"subscription": subscription.id}})
                break
    return last


def _store_page(store: Store, page: Page, result: Visit) -> None:
    subscription = result.subscription
    total = page.total or result.total
    stored = store.items.put_page(subscription.id, page, time.time(), (result.done + len(page.items), total))
    result.new += stored.new
    result.changed += stored.changed
    result.joined += stored.joined
    result.deleted += stored.deleted
    result.done += len(page.items)
    result.total = total
    if page.items and not stored.told:
        store.subscriptions.progress(subscription.id, result.done, total)
    if page.moved_to and page.moved_to != subscription.address:
        store.subscriptions.move(subscription.id, page.moved_to)
        log.info("moved", extra={"fields": {"subscription": subscription.id}})


def _adapter(kind: str) -> Any:
    try:
        return load(kind)
    except KeyError as error:
        raise SourceError(
            f"no adapter for sources of the kind {kind!r} is installed",
            hint="Install the package that brings it, or remove the source.",
        ) from error


async def _succeeded(call: Call, result: Visit, last: Page | None, bounds: Intervals) -> None:
    subscription, now = result.subscription, time.time()
    declared = last.interval if last is not None else None
    minimum = max(_adapter(subscription.kind).min_interval, bounds.shortest)
    ended = last is not None and last.gone

    def record(store: Store) -> None:
        published = store.items.recent_times(subscription.id)
        usual = decide.poll_interval(published, now, minimum=minimum, declared=declared)
        interval = min(usual * bounds.stretch, bounds.longest)
        due = decide.next_due(now, interval, random.random())
        store.subscriptions.succeeded(
            subscription.id, next_due=due, interval=interval, title=last.title if last else ""
        )
        if ended:
            store.subscriptions.pause(subscription.id, True)

    await call(record)
    fields = {"subscription": subscription.id, "new": result.new, "items": result.done}
    log.info("fetched", extra={"fields": fields})


async def _failed(call: Call, result: Visit, error: SourceError, bounds: Intervals) -> None:
    subscription = result.subscription
    result.error, result.hint = str(error), error.hint
    result.out_of_reach = isinstance(error, Unreachable)
    minimum = getattr(_adapter_or_none(subscription.kind), "min_interval", 0.0)
    due = decide.retry_at(
        time.time(),
        subscription.failures + 1,
        random.random(),
        minimum=min(minimum, bounds.longest),
        retry_after=error.retry_after,
    )

    def record(store: Store) -> None:
        gone = isinstance(error, Gone)
        store.subscriptions.failed(subscription.id, result.error, result.hint, next_due=due, pause=gone)

    await call(record)
    fields = {
        "subscription": subscription.id,
        "kind": type(error).__name__,
        "failures": subscription.failures + 1,
    }
    log.warning("not fetched", extra={"fields": fields})


def _adapter_or_none(kind: str) -> Any:
    try:
        return load(kind)
    except KeyError:
        return None


def summary(visits: Sequence[Visit]) -> str:
    """One line for a person."""
    failed = sum(bool(v.error) for v in visits)
    sources = "1 source" if len(visits) == 1 else f"{len(visits)} sources"
    words = f"{sources}: {sum(v.new for v in visits)} new, {sum(v.changed for v in visits)} changed"
    return words + (f", {failed} failed" if failed else "")
