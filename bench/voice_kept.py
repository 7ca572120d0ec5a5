"""A voice whose likelihoods and states are kept on the disk: what was computed once is never computed again."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from penchant.app.llm.local import Local
from penchant.app.voice.values import Carried


class Kept:
    """`Voice` over a local one, with a file of answers; what is not asked of texts goes to the voice itself."""

    def __init__(self, voice: Local, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.name, self.key, self.can, self.ready, self._voice = voice.name, voice.key, voice.can, voice.ready, voice
        self._db = sqlite3.connect(path)
        self._db.execute("CREATE TABLE IF NOT EXISTS answers(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")

    @property
    def cpu(self) -> float:
        """CPU seconds that the model has used."""
        return self._voice.cpu

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        """See `Voice`."""

        async def ask(some: Sequence[str]) -> list[bytes | None]:
            return [
                None if value is None else struct.pack("<d", value) for value in await self._voice.loglik(some, carried)
            ]

        rows = await self._known(["loglik", carried.history, _digest(carried)], texts, ask)
        return [None if row is None else struct.unpack("<d", row)[0] for row in rows]

    async def states(self, texts: Sequence[str], layers: Sequence[int] = ()) -> list[bytes | None]:
        """See `Runner.states`."""

        async def ask(some: Sequence[str]) -> list[bytes | None]:
            return await self._voice.states(some, layers)

        return await self._known(["states", *layers], texts, ask)

    async def embeddings(self, texts: Sequence[str], parts: int = 1) -> list[bytes | None]:
        """See `Runner.embeddings`."""

        async def ask(some: Sequence[str]) -> list[bytes | None]:
            return await self._voice.embeddings(some, parts)

        return await self._known(["embeddings", parts], texts, ask)

    def write(self, *asked: Any, **ways: Any) -> AsyncGenerator[str, None]:
        """See `Voice`: never kept."""
        return self._voice.write(*asked, **ways)

    async def _known(
        self, about: Sequence[Any], texts: Sequence[str], ask: Callable[[Sequence[str]], Awaitable[list[bytes | None]]]
    ) -> list[bytes | None]:
        """Answers from the file; the others are asked for, a few at a time, and put there."""
        keys = [hashlib.blake2b(repr([self.key, *about, text]).encode(), digest_size=16).digest() for text in texts]
        found = {key: self._of(key) for key in keys}
        missing = [at for at, key in enumerate(keys) if found[key] is None]
        for start in range(0, len(missing), 16):
            part = missing[start : start + 16]
            made = await ask([texts[at] for at in part])
            for at, value in zip(part, made, strict=True):
                found[keys[at]] = value
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?)",
                    [(keys[at], value) for at, value in zip(part, made, strict=True) if value is not None],
                )
        return [found[key] for key in keys]

    def _of(self, key: bytes) -> bytes | None:
        row = self._db.execute("SELECT value FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]


def _digest(carried: Carried) -> str:
    """What its files hold, and how strong."""
    files = [path for path in (carried.steer, carried.soft, carried.deep, carried.lora) if path is not None]
    held = hashlib.blake2b(digest_size=16)
    for path in files:
        held.update(path.read_bytes())
    return f"{held.hexdigest()} {carried.strength if files else 0.0}"
