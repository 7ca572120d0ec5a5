"""The worker's lane that keeps reader servers in step: soon after something happened here, now and then otherwise."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penchant.adapters.base import SourceError

from .errors import StoreError
from .readsync import exchange, followed

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .store import Store
    from .sync import Call
    from .types import Subscription

log = logging.getLogger(__name__)

#: Seconds between looks at the archive, between exchanges while keys are pressed, and between those when none are.
LOOK, BRIEF, EVERY = 1.0, 20.0, 300.0
#: Seconds to wait after a failure, doubled at each one in a row up to the last.
FIRST_RETRY, LAST_RETRY = 30.0, 3600.0


@dataclass(slots=True)
class Turn:
    """When an account is due. `seen` is what the archive looked like at its last exchange."""

    seen: tuple[object, ...] = ()
    tried: float = -1e9
    wait: float = 0.0
    failures: int = 0

    def due(self, now: float, looks: tuple[object, ...]) -> bool:
        if now - self.tried < self.wait:
            return False
        return self.failures > 0 or looks != self.seen or now - self.tried >= EVERY

    def succeeded(self, looks: tuple[object, ...]) -> None:
        self.seen, self.wait, self.failures = looks, BRIEF, 0

    def failed(self, retry_after: float | None) -> None:
        self.failures += 1
        self.wait = max(min(FIRST_RETRY * 2.0 ** (self.failures - 1), LAST_RETRY), retry_after or 0.0)


async def lane(call: Call, client: Client) -> None:
    """Exchange for as long as the worker runs; accounts wait for nobody but themselves."""
    turns: dict[int, Turn] = {}
    running: dict[int, asyncio.Task[None]] = {}
    try:
        while True:
            pause = LOOK
            try:
                for source, looks in await call(_look):
                    turn = turns.setdefault(source.id, Turn())
                    if (task := running.get(source.id)) is not None and not task.done():
                        continue
                    if turn.due(time.monotonic(), looks):
                        turn.tried = time.monotonic()
                        running[source.id] = asyncio.create_task(_take(turn, call, client, source, looks))
            except StoreError as error:
                log.error("the archive refuses: %s", error)
                pause = FIRST_RETRY
            await asyncio.sleep(pause)
    finally:
        for task in running.values():
            task.cancel()


def _look(store: Store) -> list[tuple[Subscription, tuple[object, ...]]]:
    """The accounts, each with what may give a reason for an exchange: keys pressed, entries that came, consent."""
    sources = followed(store)
    last = store.events.last_seq() if sources else 0
    return [(s, (last, s.last_success, s.settings.get("sync"))) for s in sources]


async def _take(turn: Turn, call: Call, client: Client, source: Subscription, looks: tuple[object, ...]) -> None:
    try:
        done = await exchange(call, client, source)
    except SourceError as error:
        turn.failed(error.retry_after)
        fields = {"subscription": source.id, "kind": type(error).__name__, "failures": turn.failures}
        log.warning("reading not kept in step: %s", error, extra={"fields": fields})
    except StoreError as error:
        turn.failed(None)
        log.error("the archive refuses: %s", error)
    except Exception:
        turn.failed(None)
        log.exception("keeping in step failed")
    else:
        turn.succeeded(() if done.more else looks)
        if done.here or done.there:
            fields = {"subscription": source.id, "here": done.here, "there": done.there}
            log.info("reading kept in step", extra={"fields": fields})
