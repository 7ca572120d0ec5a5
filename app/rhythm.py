"""When to look at the sources again, on machines that sleep, change their clock and lose their network."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Wall clock and monotonic clock drifting apart by more than this is a suspend or a changed clock.
JUMP = 60.0
#: Seconds after a jump in which nothing is fetched: the network needs a moment to come back.
GRACE = 10.0
#: Nothing is planned further ahead than this (Retry-After is capped at 7 days): more is a wrong clock.
FURTHEST = 8 * 86_400.0
#: So many sources in a row out of reach, and it is our network that is down.
OFFLINE = 3


class Rhythm:
    """Clocks and the state of the network; the clocks are parameters for tests."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()
        self._quiet_until = 0.0
        self._unreachable: dict[int, None] = {}
        self._given: set[int] = set()

    def jumped(self) -> bool:
        """Whether the clock jumped since the last call; then nothing should be fetched for a moment."""
        offset = self._wall() - self._steady()
        jump = abs(offset - self._offset) > JUMP
        self._offset = offset
        if jump:
            self._quiet_until = self._steady() + GRACE
        return jump

    @property
    def quiet(self) -> bool:
        """Whether fetching should wait."""
        return self._steady() < self._quiet_until

    def misplanned(self, next_due: float, made_at: float | None = None) -> bool:
        """Whether a plan was made by a clock that was wrong: too far ahead, or in what is the future now."""
        now = self._wall()
        return next_due > now + FURTHEST or (made_at or 0.0) > now + JUMP

    def unreachable(self, subscription_id: int) -> None:
        """A source could not be reached at all."""
        self._unreachable[subscription_id] = None

    def reached(self, subscription_id: int) -> list[int]:
        """A source was reached: returns those to try again at once because the network was down before.

        Each only once until it was reached itself: three dead servers that come together would otherwise be asked for
        ever, one round after another.
        """
        self._given.discard(subscription_id)
        waiting, self._unreachable = list(self._unreachable), {}
        again = [id_ for id_ in waiting if id_ not in self._given] if len(waiting) >= OFFLINE else []
        self._given.update(again)
        return again
