"""The gate in the worker: a run a day while nothing else is to do, in a thread with a store of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import gate
from .errors import PenchantError
from .store_thread import StoreThread

if TYPE_CHECKING:
    from .config import GateOptions
    from .gate_run import Pieces
    from .store import Store
    from .sync import Call

log = logging.getLogger(__name__)

#: Seconds between looks whether a run is due, between runs, and after a failure.
LOOK, EVERY, AFTER_FAILURE = 60.0, 86_400.0, 3_600.0
#: A run takes at most one part in so many of the time, and waits so long while the worker is busy.
SHARE, BUSY = 3.0, 2.0


async def lane(options: GateOptions, archive: Path, call: Call, idle: Callable[[], bool]) -> None:
    """Run the gate when it is due, for as long as the worker lives. `idle`: nothing is being fetched."""
    while True:
        wait = LOOK
        try:
            if await call(lambda store: due(store, options, time.time())):
                await _run(options, archive, idle)
        except PenchantError as error:
            log.error("the gate stopped: %s", error)
            wait = AFTER_FAILURE
        except Exception:  # the worker goes on without it
            log.exception("the gate failed")
            wait = AFTER_FAILURE
        await asyncio.sleep(wait)


def due(store: Store, options: GateOptions, now: float) -> bool:
    """Whether it is time: just switched on, or no run in the last day (or one in the future)."""
    last = gate.found(store)
    if gate.chosen(store) == "on" and last.at and not last.acted:
        return True
    return gate.mode(store, options) != "off" and not 0.0 <= now - last.at < EVERY


async def _run(options: GateOptions, archive: Path, idle: Callable[[], bool]) -> None:
    async with StoreThread(archive) as own:
        pieces = await own(lambda store: _begin(store, options))
        more = True
        while more:
            while not idle():
                await asyncio.sleep(BUSY)
            started = time.monotonic()
            more = await own(lambda _: _step(pieces))
            await asyncio.sleep((time.monotonic() - started) * (SHARE - 1.0))


def _begin(store: Store, options: GateOptions) -> Pieces:
    from .gate_run import Run

    return Run(store, options, act=gate.mode(store, options) == "on").steps()


def _step(pieces: Pieces) -> bool:
    try:
        next(pieces)
    except StopIteration:
        return False
    return True
