"""The text half of the active model of pictures, for a search: a child started on first use and kept warm for a while.

The process that searches never loads the model itself, and needs no worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .embed.clip_files import weights_at
from .embed.clip_runner import ClipRunner
from .errors import PenchantError
from .models.choice import chosen
from .store.spaces import PICTURES_ACTIVE

if TYPE_CHECKING:
    import numpy as np

    from .config import Models
    from .paths import Paths
    from .store import Store

#: Seconds that an unused model is kept (some hundred MB), and answers remembered.
WARM, REMEMBERED = 60.0, 64


class Eye:
    """Words to vectors of the model `model` ("clip:NAME") at `path`. Any thread may ask; it waits for the answer."""

    def __init__(self, path: str, model: str, *, threads: int = 1) -> None:
        self.model = model
        self._runner = ClipRunner(path, threads=threads, urgent=True)
        self._known: dict[str, np.ndarray] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._cooling: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()

    def knows(self, text: str) -> np.ndarray | None:
        """The vector of words that were asked for before; never waits."""
        return self._known.get(text)

    def __call__(self, text: str) -> np.ndarray:
        """float32[d]. The first call takes the seconds of loading. Raises `PenchantError` in words."""
        if (found := self.knows(text)) is not None:
            return found
        vector: np.ndarray = self._do(self._ask(text))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[text] = vector
        return vector

    def close(self) -> None:
        """End the child and the thread."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._runner.close(), loop).result(5.0)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5.0)

    def __enter__(self) -> Eye:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="pictures", daemon=True)
                self._thread.start()
            waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        return waiting.result()

    async def _ask(self, text: str) -> np.ndarray:
        import numpy as np

        if self._cooling is not None:
            self._cooling.cancel()
        await asyncio.to_thread(weights_at, Path(self._runner.path))  # no torch to say that nothing is there
        if await self._runner.name() != self.model:
            await self._runner.close()
            raise PenchantError(
                "the model of pictures was replaced, and its vectors are still to be made",
                hint="`penchant models` says how far the worker is.",
            )
        [vector] = await self._runner.embed([text], "text")
        loop = asyncio.get_running_loop()
        self._cooling = loop.call_later(WARM, lambda: loop.create_task(self._runner.close()))
        if vector is None:
            raise PenchantError("the model of pictures has no idea of these words", hint="Try others.")
        return np.frombuffer(vector, "<f4")


def eye(store: Store, models: Models, paths: Paths) -> Eye | None:
    """For the vectors that the archive has; None where no model of pictures is active or chosen."""
    active, path = store.control.setting(PICTURES_ACTIVE), chosen("picture", models, paths)
    return Eye(path, str(active), threads=models.threads) if active and path else None
