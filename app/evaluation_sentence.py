"""Sentence vectors of a data set's texts, kept in a cache so that the minutes they take are spent once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .backfill import chosen
from .config import Models
from .embed.runner import Runner
from .errors import PenchantError, UsageError

#: Texts in one request to the model, and bytes of a text's key.
AT_ONCE, KEY = 32, 16
Say = Callable[[str], None]


class SentenceVectors:
    """Calls give vectors float32[n, d] of n texts, or None where there is no model (`why` says the reason).

    `wanted` is "auto" (all-MiniLM where it is installed), "minilm", "none" or a path to a GGUF file. `models` keeps
    a model file that is made here, `cache` the vectors: one file for each model, each record a key and a
    vector. A record that a crash cut short is written over.
    """

    def __init__(self, wanted: str, *, models: Path, cache: Path, progress: Say | None = None) -> None:
        if wanted not in ("auto", "minilm", "none", "") and not Path(wanted).expanduser().is_file():
            raise UsageError(f"no model file {wanted}", hint="Give a path to a .gguf file, minilm, auto or none.")
        self.model = chosen(Models(sentence="" if wanted == "none" else wanted), models)
        self.space = ""
        self.why = "" if self.model else "sentence vectors were asked to be left out" if wanted == "none" else (
            "no sentence vectors: pip install 'penchant[sentence]' adds a model"
        )
        self._cache, self._progress = cache, progress or (lambda line: None)

    def __call__(self, texts: Sequence[str]) -> np.ndarray | None:
        """Raises `PenchantError` where the model cannot be loaded or the cache not written."""
        if self.model is None:
            return None
        try:
            return asyncio.run(self._vectors(texts))
        except OSError as error:
            raise PenchantError(
                f"the vectors cannot be kept in {self._cache}: {error.strerror or error}",
                hint="Name another folder with --cache, or leave them out with --sentence none.",
            ) from error

    async def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        async with Runner(self.model or "") as runner:
            ready = await runner.ready()
            self.space = ready.name
            file = Records(self._cache / f"{ready.name.replace(':', '-')}.vectors", ready.dim)
            keys = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=KEY).digest() for text in texts]
            known = file.read()
            missing = [i for i, key in enumerate(keys) if key not in known]
            for at in range(0, len(missing), AT_ONCE):
                block = missing[at : at + AT_ONCE]
                made = await runner.embed([texts[i] for i in block])
                rows = {
                    keys[i]: np.zeros(ready.dim, np.float32) if row is None else np.frombuffer(row, "<f4")
                    for i, row in zip(block, made, strict=True)
                }
                file.append(rows)
                known |= rows
                self._progress(f"sentence vectors: {at + len(block)} of {len(missing)} texts")
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, ready.dim), np.float32)


class Records:
    """A file of (key, float32[dim]) records that only grows."""

    def __init__(self, path: Path, dim: int) -> None:
        self.path, self.dim = path, dim
        self.size = KEY + 4 * dim

    def read(self) -> dict[bytes, np.ndarray]:
        """Every whole record; those with numbers that are none are left out, to be made again."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        out = {}
        for at in range(0, len(data) - self.size + 1, self.size):
            vector = np.frombuffer(data, "<f4", self.dim, at + KEY)
            if np.all(np.isfinite(vector)) and float(vector @ vector) < 2.0:
                out[data[at : at + KEY]] = vector
        return out

    def append(self, rows: dict[bytes, np.ndarray]) -> None:
        """Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            whole = file.tell() // self.size * self.size
            if whole != file.tell():
                file.truncate(whole)
            file.write(b"".join(key + row.astype("<f4").tobytes() for key, row in rows.items()))
