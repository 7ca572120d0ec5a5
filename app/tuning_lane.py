"""When the worker lets a self-tuning pass run: at night's pace, or when somebody asked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import StoreError
from .tuning_state import last

if TYPE_CHECKING:
    from .store import Store
    from .sync import Call

log = logging.getLogger(__name__)

#: Setting that says that the reader asked for a pass.
WANTED = "tuning.wanted"
#: Seconds between passes, and between looks whether one is called for.
EVERY, LOOK = 20 * 3600.0, 2.0
#: New events that make another pass worthwhile.
FRESH = 40
#: Seconds without an event before a pass begins by itself: not while the reader reads.
CALM = 600.0
#: Seconds after which a child that should have ended is ended.
PATIENCE = 3_600.0


def called_for(store: Store, now: float) -> bool:
    """Whether the reader asked, or has done enough since the last pass and rests now."""
    if store.control.setting(WANTED) is not None:
        store.control.forget(WANTED)
        return True
    seq = store.events.last_seq()
    if not seq:
        return False
    found = last(store)
    if seq - int(found.get("through", 0)) < FRESH or 0.0 <= now - float(found.get("at", 0.0)) < EVERY:
        return False
    newest = store.events.since(seq - 1, 1)
    return bool(newest) and abs(now - newest[0][1].at) > CALM  # one from the future was made by a wrong clock


async def lane(archive: Path, call: Call) -> None:
    """Run passes for as long as the worker runs."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            if await call(lambda store: called_for(store, time.time())):
                await _pass(archive)
        except StoreError as error:
            log.error("self-tuning: %s", error)


async def _pass(archive: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "penchant.app.tuning", str(archive),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        code = await asyncio.wait_for(child.wait(), PATIENCE)
        log.info("self-tuning ended", extra={"fields": {"code": code}})
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
