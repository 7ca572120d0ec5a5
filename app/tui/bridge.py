"""The way from the UI loop to everything that may wait: disk, ranking, worker process.

The loop never opens a database, never imports numpy, never waits. Each desk
is one thread with a `Store` of its own; answers come back as asyncio futures.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from penchant.app.types import Event

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.writer import EventWriter

T = TypeVar("T")
#: Observations (passing an item) wait this long for others to share their commit (seconds).
GATHER = 0.3


class Desk:
    """One thread and its store; `do` runs a function of the store there, in the order asked."""

    def __init__(self, path: Path, role: Literal["reader", "cli"]) -> None:
        self._path = path
        self._role: Literal["reader", "cli"] = role
        self._pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix=f"penchant-{role}")
        self._store: Store | None = None

    def _run(self, function: Callable[[Store], T]) -> T:
        if self._store is None:
            from penchant.app.store import Store

            self._store = Store.open(self._path, role=self._role)
        return function(self._store)

    def do(self, function: Callable[[Store], T]) -> asyncio.Future[T]:
        """Run in the thread; a `StoreError` comes out of the future."""
        return asyncio.wrap_future(self._pool.submit(self._run, function))

    def close(self, *, wait: bool = True) -> None:
        """Finish what was asked, close the store; `wait` for that."""
        self._pool.submit(self._close)
        self._pool.shutdown(wait=wait)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


class Bridge:
    """The desks of one window. Everything is opened on first use, after the first paint."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        self.reader = Desk(archive, "reader")
        self.clerk = Desk(archive, "cli")
        self._writer: EventWriter | None = None
        self._closed = threading.Event()
        self._seen: list[Event] = []
        self._gathering: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failed: Callable[[BaseException], None] = lambda _: None

    @property
    def writer(self) -> EventWriter:
        """The thread that makes events durable."""
        if self._writer is None:
            from penchant.app.store.writer import EventWriter

            self._writer = EventWriter(self.archive)
        return self._writer

    def observe(self, event: Event, failed: Callable[[BaseException], None]) -> None:
        """Keep an observation for the next commit, `GATHER` seconds away; `failed` hears on the loop."""
        self._seen.append(event)
        self._failed = failed
        if self._gathering is None:
            self._loop = asyncio.get_running_loop()
            self._gathering = self._loop.call_later(GATHER, self.hand_in)

    def hand_in(self) -> None:
        """Give what was observed to the writer."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        seen, self._seen = self._seen, []
        for event in seen:
            self.writer.submit(event).add_done_callback(self._observed)

    def _observed(self, future: concurrent.futures.Future[None]) -> None:
        error = future.exception()
        if error is not None and self._loop is not None and not self._closed.is_set():
            self._loop.call_soon_threadsafe(self._failed, error)

    def submit(self, event: Event) -> asyncio.Future[Any]:
        """Queue an event (5 microseconds); the future resolves once it is on disk."""
        self.hand_in()
        return asyncio.wrap_future(self.writer.submit(event))

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until every queued event is on disk; for the end and for signals, never while reading."""
        self.hand_in()
        if self._writer is not None:
            self._writer.flush(timeout)

    def close(self) -> None:
        """Flush, then end the threads. May be called twice."""
        if self._closed.is_set():
            return
        self.hand_in()
        self._closed.set()
        if self._writer is not None:
            self._writer.close()
        self.reader.close()
        self.clerk.close()
