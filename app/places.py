"""How many sources are visited at once: a few that are at work, and more while some of them only make us wait.

A server that says nothing for ten seconds must not keep one of eight places for so long: with three sources in a
hundred of that kind, ten thousand would wait an hour for one another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

#: Seconds without anything new after which a visit lends its place to another.
PATIENCE = 0.5
#: Most visits under way at once, those that wait included.
MOST = 64


class Places:
    """Counts for a loop that starts visits itself. `clock` is a parameter for tests."""

    def __init__(self, at_work: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_work, self._clock = at_work, clock
        self._moved: dict[int, float] = {}

    def moved(self, id_: int) -> None:
        """A visit began, or something came."""
        self._moved[id_] = self._clock()

    def ended(self, id_: int) -> None:
        self._moved.pop(id_, None)

    def free(self) -> int:
        """How many more visits may begin now."""
        since = self._clock() - PATIENCE
        lively = sum(moved > since for moved in self._moved.values())
        return max(0, min(self._at_work - lively, max(MOST, self._at_work) - len(self._moved)))


class Gate:
    """The same for tasks that were all begun at once and wait for their place."""

    def __init__(self, at_work: int) -> None:
        self._lively = asyncio.Semaphore(at_work)
        self._all = asyncio.Semaphore(max(MOST, at_work))

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[Callable[[], None]]:
        """Hold a place; call what is given whenever something comes."""
        loop = asyncio.get_running_loop()
        async with self._all:
            await self._lively.acquire()
            held, timer = True, loop.call_later(PATIENCE, lambda: lend())

            def lend() -> None:
                nonlocal held
                if held:
                    held = False
                    self._lively.release()

            def moved() -> None:
                nonlocal timer
                timer.cancel()
                if held:
                    timer = loop.call_later(PATIENCE, lend)

            try:
                yield moved
            finally:
                timer.cancel()
                lend()
