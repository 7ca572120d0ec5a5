"""Sentence vectors for an experiment: all-MiniLM-L6-v2 where it is installed, kept in a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from penchant.app.embed.runner import Runner
from penchant.app.evaluation_sentence import AT_ONCE, KEY, Records

#: How the name of the model begins that the measures are defined by.
MEANT = "gguf:all-MiniLM-L6-v2"


class Vectors:
    """An async context manager around the child that makes them. `model`: as `app.embed.runner.Runner` takes it; None:
    the word vectors that penchant brings along, which are quick and coarse."""

    def __init__(self, model: str | None, cache: Path) -> None:
        self._runner = Runner(model) if model else None
        self._cache = cache
        self._file: Records | None = None
        self._known: dict[bytes, np.ndarray] = {}

    async def __aenter__(self) -> Vectors:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rest()

    async def name(self) -> str:
        """Which model it is. Raises `PenchantError` where it cannot be loaded."""
        if self._runner is None:
            return str(_static().name)
        return (await self._runner.ready()).name

    async def rest(self) -> None:
        """Give the memory of the model back; it is loaded again when it is needed."""
        if self._runner is not None:
            await self._runner.close()

    async def of(
        self, texts: Sequence[str], *, keep: bool = False, say: Callable[[int, int], object] | None = None
    ) -> np.ndarray:
        """float32[n, d], each of length 1 (0 where the model cannot read it); with `keep` they go into the cache.

        `say` is told how many of how many texts were read. Raises `PenchantError`, `OSError`.
        """
        if self._runner is None:
            return _static().embed_batch(texts)
        ready = await self._runner.ready()
        if self._file is None:
            self._file = Records(self._cache / f"{ready.name.replace(':', '-')}.vectors", ready.dim)
            self._known = self._file.read()
        keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=KEY).digest() for text in texts]
        missing = [at for at, key in enumerate(keys) if key not in self._known]
        for start in range(0, len(missing), AT_ONCE):
            block = missing[start : start + AT_ONCE]
            made = await self._runner.embed([texts[at] for at in block])
            rows = {
                keys[at]: np.zeros(ready.dim, np.float32) if row is None else np.frombuffer(row, "<f4")
                for at, row in zip(block, made, strict=True)
            }
            if keep:
                self._file.append(rows)
            self._known |= rows
            if say is not None:
                say(start + len(block), len(missing))
        return np.stack([self._known[key] for key in keys]) if keys else np.zeros((0, ready.dim), np.float32)


def _static():  # type: ignore[no-untyped-def]
    from penchant.app import embed

    return embed.load()
