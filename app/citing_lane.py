"""Citations in the worker: texts that are new or changed are read, a few at a time, when nothing waits."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from .errors import PenchantError

if TYPE_CHECKING:
    from .store import Store
    from .store.citations import Citations
    from .sync import Call

log = logging.getLogger(__name__)

#: Seconds: before the first look, between looks, between two batches, after a failure.
BEGIN, LOOK, PAUSE, AGAIN = 6.0, 10.0, 0.05, 600.0
BATCH = 50


async def lane(call: Call) -> None:
    """Keep the citations up to date for as long as the worker runs."""
    await asyncio.sleep(BEGIN)
    known: object = None
    read = _Reading()
    while True:
        wait = LOOK
        try:
            newest = await call(_newest)
            while newest != known and await call(read) == BATCH:
                await asyncio.sleep(PAUSE)
            known = newest
        except PenchantError as error:
            log.error("citations: %s", error)
            wait, read = AGAIN, _Reading()
        except Exception:  # the worker goes on without them
            log.exception("citations failed")
            wait, read = AGAIN, _Reading()
        await asyncio.sleep(wait)


def _newest(store: Store) -> object:
    """Moves on with every item that came, changed or went."""
    return store.db.value("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")


class _Reading:
    """Reads a few texts at each call; between them it remembers which are due."""

    def __init__(self) -> None:
        self._citations: Citations | None = None

    def __call__(self, store: Store) -> int:
        from .store.citations import Citations

        self._citations = self._citations or Citations(store.db)
        return self._citations.catch_up(BATCH)
