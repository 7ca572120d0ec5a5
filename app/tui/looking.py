"""Searching pictures by words from the panel: the model starts on first use, in a child, and nothing waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from penchant.app.picture_search import Eye
    from penchant.app.store import Store

    from .app import PenchantApp
    from .bridge import Desk


class Looking:
    """Owned by the search panel. One thread waits for the model; what nobody waits for any more is not asked."""

    def __init__(self, app: PenchantApp) -> None:
        self.app = app
        self._eye: Eye | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def for_words(self, look: str, desk: Desk) -> Callable[[str], Any] | None:
        """What `Search.search` takes as `see`; it raises where the model failed. None: there is no model to ask."""
        self._eye = self._eye or await desk.do(self._open)
        eye = self._eye
        if eye is None:
            return None
        if (known := eye.knows(look)) is not None:
            return lambda _: known
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="looking")
        try:
            vector = await asyncio.get_running_loop().run_in_executor(self._thread, partial(eye, look))
        except PenchantError as error:
            self._forget()
            return partial(_raise, error)
        return lambda _: vector

    def close(self) -> None:
        """End the model, without waiting for it."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self._forget()

    def _forget(self) -> None:
        """The next search asks anew which model there is."""
        eye, self._eye = self._eye, None
        if eye is not None:
            threading.Thread(target=eye.close, daemon=True).start()

    def _open(self, store: Store) -> Eye | None:
        from penchant.app.picture_search import eye

        return eye(store, self.app.config.models, self.app.paths)


def _raise(error: PenchantError, _: str) -> Any:
    raise error
