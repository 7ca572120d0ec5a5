"""After a jump of the clock: plans that a wrong one made are made anew, without asking anybody sooner than planned."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .rhythm import FURTHEST, Rhythm
from .store import clock_mend

if TYPE_CHECKING:
    from .store import Store
    from .types import Subscription

log = logging.getLogger(__name__)


def replan(store: Store, rhythm: Rhythm, now: float, *, jumped: bool) -> None:
    """Put the archive right for the present clock. `jumped` reads every item, otherwise only where one looks wrong."""
    sources = [s for s in store.subscriptions.all(counted=False) if rhythm.misplanned(s.next_due, s.last_attempt)]
    if sources:
        store.subscriptions.replan([(s.id, due(s, now)) for s in sources], now)
    if jumped or clock_mend.suspicious(store, now):
        clock_mend.pictures(store, now)
        if changed := clock_mend.items(store, now):
            log.info("times put right", extra={"fields": {"items": changed}})


def due(source: Subscription, now: float) -> float:
    """When a source comes whose plan was made by a wrong clock: after the wait that was planned, counted from now.

    So a server that asked for patience is given it, and a thousand sources are not asked all at once because a clock
    was put right.
    """
    wait = source.next_due - (source.last_attempt or 0.0)
    return now + wait if 0.0 < wait <= FURTHEST else now
