"""One request to arXiv every three seconds, one at a time, whatever asks: its API's terms of use.

https://info.arxiv.org/help/api/tou.html
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

SECONDS = 3.0
#: While another request is under way, look again after this time (seconds).
LOOK_AGAIN = 0.1


class Pace:
    """Shared by every loop and thread of the process; `now` and `sleep` are there for tests."""

    def __init__(
        self,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.seconds, self._now, self._sleep = seconds, now, sleep
        self._lock = threading.Lock()
        self._busy = False
        self._free_at = float("-inf")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn, and hold it for one request."""
        while (wait := self._take()) > 0:
            await self._sleep(wait)
        try:
            yield
        finally:
            with self._lock:
                self._busy, self._free_at = False, self._now() + self.seconds

    def _take(self) -> float:
        """0.0 when the turn was taken, else how long to wait before the next try (seconds)."""
        with self._lock:
            left = self._free_at - self._now()
            if self._busy or left > 0:
                return max(left, LOOK_AGAIN)
            self._busy = True
            return 0.0


#: arXiv's own: all its hosts count as one.
PACE = Pace()
