"""Works of keys, one after another: each begins when the one before is on disk, so that none is lost however fast
they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from penchant.app.errors import PenchantError

Work = Callable[[], Awaitable[None]]


class Turns:
    """`spawn` begins a task; `refused` hears of a work that failed in words, `idle` when no work waits any more."""

    def __init__(
        self, spawn: Callable[[Any], object], refused: Callable[[PenchantError], None],
        idle: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._spawn, self._refused, self._idle = spawn, refused, idle
        self._turn = asyncio.Lock()
        #: Works that are not done.
        self.waiting = 0

    def do(self, work: Work) -> None:
        self.waiting += 1
        self._spawn(self._one(work))

    async def _one(self, work: Work) -> None:
        try:
            async with self._turn:
                await work()
        except PenchantError as error:
            self._refused(error)
        finally:
            self.waiting -= 1
            if not self.waiting:
                self._idle()
