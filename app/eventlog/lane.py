"""The worker's lane that keeps several machines together through a folder, where the configuration names one."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .folder import exchange, machine_of

if TYPE_CHECKING:
    from penchant.app.config import MachinesOptions
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call

log = logging.getLogger(__name__)

#: Seconds before the first exchange, between two, and after a failure.
BEGIN, EVERY, AGAIN = 5.0, 60.0, 600.0
#: What the last exchange said, for `penchant machines`.
STATUS = "events.status"


async def lane(options: MachinesOptions, paths: Paths, call: Call) -> None:
    """Exchange once a minute for as long as the worker runs; a failure is told and tried again."""
    if not options.folder:
        return
    folder, pause = Path(options.folder).expanduser(), BEGIN
    while True:
        await asyncio.sleep(pause)
        pause = EVERY
        try:
            await call(partial(_once, folder, paths))
        except PenchantError as error:
            log.error("machines: %s", error)
            pause = AGAIN


def _once(folder: Path, paths: Paths, store: Store) -> None:
    try:
        done = exchange(store, folder, machine_of(paths))
    except PenchantError as error:
        _tell(store, str(error))
        raise
    for trouble in done.troubles:
        log.warning("machines: %s", trouble)
    _tell(store, done.troubles[0] if done.troubles else "")


def _tell(store: Store, trouble: str) -> None:
    if store.control.setting(STATUS, "") != trouble:
        store.control.remember(STATUS, trouble)
