"""Keeps the list in step with what is muted: by this window, by a shell, or no longer because it ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.muting import in_force, mutes_of, next_end
from penchant.app.types import Event

if TYPE_CHECKING:
    from textual.timer import Timer

    from .app import PenchantApp

#: A clock may be set, a machine may sleep: look at least so often while something is muted for a while (seconds).
AT_LEAST = 600.0


def held_in(events: Sequence[Event], now: float) -> frozenset[tuple[str, str]]:
    """What live mute events keep out of For you at `now`, as (what, key)."""
    return frozenset((mute.what, mute.key) for mute in in_force(events, now))


class MuteWatch:
    """`look` whenever mutes may have changed; it looks by itself when the next of them ends."""

    def __init__(self, app: PenchantApp, held: frozenset[tuple[str, str]]) -> None:
        self._app = app
        #: What was muted when the list was last read.
        self._held = held
        self._alarm: Timer | None = None

    async def look(self) -> None:
        """See what is muted now; the list and the ranking hear of it if that is something else than before."""
        events = await self._app.bridge.reader.do(lambda store: store.events.mutes())
        now = time.time()
        held = held_in(events, now)
        before, self._held = self._held, held
        self._set(next_end(events, now), now)
        if before == held:
            return
        gone = [m for m in mutes_of(events) if (m.what, m.key) in before - held]
        await self._app.feed_screen.mutes_changed()
        for mute in gone:
            # Known already: it teaches nothing, but has the ranking look up anew what is to be ranked.
            self._app.lessons.learn(mute.events[-1])
        self._app.lessons.refresh()

    def _set(self, end: float | None, now: float) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        if end is not None and not self._app.leaving:
            wait = min(max(0.0, end - now) + 0.05, AT_LEAST)
            self._alarm = self._app.set_timer(wait, lambda: self._app.spawn(self.look()))
