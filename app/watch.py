"""Let the running worker fetch, and follow it through the archive."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PenchantError
from .lock import is_held
from .sync import Visit

if TYPE_CHECKING:
    from .store import Store
    from .types import Subscription

#: Seconds between looks.
LOOK = 0.2


def follow(
    store: Store, wanted: Sequence[Subscription], on_progress: Callable[[Visit], None], lock_file: Path
) -> list[Visit]:
    """Queue the sources, then wait until the worker has visited each. Raises `PenchantError` when it ends."""
    asked_at = time.time()
    before = {subscription.id: subscription.items for subscription in wanted}
    store.subscriptions.queue(list(before))
    store.control.request("refresh", {"ids": list(before)})
    visits: dict[int, Visit] = {}
    while len(visits) < len(before):
        time.sleep(LOOK)
        for subscription in store.subscriptions.all():
            if subscription.id not in before or subscription.id in visits:
                continue
            visit = Visit(subscription, done=subscription.done, total=subscription.total)
            if subscription.state == "idle" and (subscription.last_attempt or 0.0) >= asked_at:
                visit.finished = True
                visit.new = max(0, subscription.items - before[subscription.id])
                visit.error, visit.hint = subscription.error, subscription.hint
                visits[subscription.id] = visit
            on_progress(visit)
        if len(visits) < len(before) and not is_held(lock_file):
            raise PenchantError(
                "the worker ended before everything was fetched", hint="Run `penchant sync` again."
            )
    return list(visits.values())
