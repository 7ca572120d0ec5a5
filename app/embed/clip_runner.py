"""A CLIP model in its child process, and how its name is known without loading it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .clip_files import CONFIG, weights_at
from .runner import Limits, Runner

if TYPE_CHECKING:
    from penchant.app.store import Store

#: Name under which the archive remembers which file has which name: loading torch to ask takes seconds.
KEY = "picture.file"
PROGRAM = ("-m", "penchant.app.embed.clip_child")
LIMITS = Limits(start=300.0, batch=300.0)


class ClipRunner:
    """Vectors of pictures and texts by the model at `path`; the child starts on first use."""

    def __init__(self, path: str, *, threads: int = 1, urgent: bool = False) -> None:
        self.path = path
        self._runner = Runner(
            path, threads=threads, limits=LIMITS, program=PROGRAM, library="open_clip", urgent=urgent
        )

    async def name(self) -> str:
        """What the model's spaces begin with ("clip:..."). Raises `PenchantError` where it cannot be loaded."""
        return (await self._runner.ready()).name

    async def embed(self, rows: Sequence[str], kind: str) -> list[bytes | None]:
        """A vector (float32 bytes) for each; `kind` is "text", or "picture" for paths of our own JPEG files.

        None for what has no direction, cannot be read or kills the model. Raises `PenchantError`.
        """
        return await self._runner.embed(rows, kind)

    async def close(self) -> None:
        """End the child; the next call starts another."""
        await self._runner.close()

    @property
    def restarts(self) -> int:
        """How often the child died."""
        return self._runner.restarts

    def remember(self, store: Store) -> None:
        """Keep the loaded model's name beside what its files look like now."""
        ready = self._runner.loaded
        if ready is not None:
            known = json.dumps([_look(self.path), ready.name])
            if store.control.setting(KEY) != known:
                store.control.remember(KEY, known)


def remembered(path: str | None, store: Store) -> str | None:
    """The name of the model at `path` where its files look as they did when it was last loaded."""
    try:
        look, name = json.loads(store.control.setting(KEY, ""))
        return str(name) if path is not None and look == _look(path) else None
    except (ValueError, TypeError, PenchantError, OSError):
        return None


def _look(path: str) -> list[object]:
    """Path, size and time of the weights and of their configuration. Raises `PenchantError`, `OSError`."""
    weights = weights_at(Path(path))
    found: list[object] = []
    for file in (weights, weights.with_name(CONFIG), weights.with_suffix(".json")):
        if file.is_file():
            stat = file.stat()
            found.append([str(file), stat.st_size, stat.st_mtime_ns])
    return found
