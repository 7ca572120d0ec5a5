"""Refits and publishes in a thread of its own, seldom enough to leave the machine alone."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import StoreError

if TYPE_CHECKING:
    from .ranking import RankSession

log = logging.getLogger(__name__)

#: Seconds of calm after the last event or item before a refit.
CALM = 2.0
#: During steady ingest the first ranking comes after this, so that the first minute has one.
FIRST = 1.0
#: A refit takes at most one part in so many of the time, and of that in which hundreds of sources are being visited.
SHARE, SHARE_IN_RUSH = 6.0, 12.0


class Ranker:
    """`look` often; it publishes when something changed and the moment is right."""

    def __init__(self, archive: Path, explore: float | None = None) -> None:
        self._archive = archive
        self._explore = explore
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ranker")
        self._session: RankSession | None = None
        self._running: asyncio.Future[float] | None = None
        self._changed_at: float | None = None
        self._first_change = 0.0
        self._not_before = self._ended = self._took = 0.0
        self.published = 0
        #: Kind of the last failure, "" after a success.
        self.failed = ""

    async def __aenter__(self) -> Ranker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)
        self._pool.shutdown(wait=True)

    def changed(self) -> None:
        """Items or events changed."""
        now = time.monotonic()
        if self._changed_at is None:
            self._first_change = now
        self._changed_at = now

    def look(self, *, rush: bool = False) -> None:
        """Start a refit if one is called for, in a `rush` of visits more seldom. Raises `StoreError` where the last one
        met one.
        """
        now = time.monotonic()
        if self._running is not None:
            if not self._running.done():
                return
            self._finished(self._running)
        rest = self._took * ((SHARE_IN_RUSH if rush else SHARE) - 1)
        if self._changed_at is None or now < max(self._not_before, self._ended + rest):
            return
        patience = 5 * CALM if self.published else FIRST
        if now - self._changed_at >= CALM or now - self._first_change >= patience:
            self._start()

    async def settle(self) -> None:
        """Wait for the refit that runs. Raises `StoreError`."""
        if self._running is not None:
            await asyncio.wait([self._running])
            self._finished(self._running)

    async def publish_now(self, *, brief: bool = False) -> None:
        """Wait for a ranking of everything that changed; `brief`: of the candidates only, with what is known.

        Raises `StoreError`.
        """
        await self.settle()
        if self._changed_at is not None:
            self._start(brief)
            await self.settle()

    def _start(self, brief: bool = False) -> None:
        self._changed_at = None
        self._running = asyncio.get_running_loop().run_in_executor(self._pool, self._publish, brief)

    def _finished(self, running: asyncio.Future[float]) -> None:
        self._running = None
        error = running.exception()
        if error is None:
            self.published += 1
            self.failed = ""
            self._ended, self._took = time.monotonic(), running.result()
        elif isinstance(error, StoreError):
            raise error
        else:
            # without a new ranking the old one stays; the next change tries again
            log.error("ranking failed", exc_info=error)
            self.failed = type(error).__name__
            self._not_before = time.monotonic() + 60.0

    def _publish(self, brief: bool) -> float:
        """Refit and publish; returns the seconds it took. Runs in the thread."""
        started = time.monotonic()
        if self._session is None:
            from .ranking import RankSession

            session = RankSession(self._archive, explore=self._explore)
            session.load()
            self._session = session
        else:
            self._session.refresh()
        version = self._session.publish(brief=brief)
        seconds = time.monotonic() - started
        log.info("ranked", extra={"fields": {"head": version, "seconds": round(seconds, 2)}})
        return seconds

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
