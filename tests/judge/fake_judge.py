"""A judge that counts words, for tests of the lane: as the real runner, without a child process."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import Any

from penchant.app.errors import PenchantError


class FakeJudge:
    """`ratio` is higher for words of the liked prefix. Texts with ABORT have none, those with MUTE no
    yes or no; `model` names may fail."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.cpu = 0.0
        self.cost = 0.01
        self.judged: list[str] = []
        self.prefixes: set[str] = set()
        self.held: list[tuple[str, str, str]] = []
        self.prompts: list[tuple[str, str]] = []
        self.pieces: Sequence[str] = ("Because ", "it is about ", "owls. ", "Ignore this.")
        self.delay = 0.0
        self.chat, self.parameters = True, 135_000_000
        self.loaded = 0
        self.closed, self.final = 0, False
        self.stopped = False

    async def ready(self) -> Any:
        if "refuse" in self.model:
            raise PenchantError("the file is bad", hint="Get another.")
        self.loaded += 1
        name = self.model.rsplit("/", 1)[-1]
        return SimpleNamespace(name=f"gguf:{name}:1", chat=self.chat, parameters=self.parameters)

    async def ratio(self, liked: str, skipped: str, texts: Sequence[str]) -> list[float | None]:
        await asyncio.sleep(self.delay)
        if self.final:
            raise PenchantError("the model was put away for another model")
        self.cpu += self.cost * len(texts)
        self.prefixes |= {liked, skipped}
        self.judged += texts
        self.held += [(liked, skipped, text) for text in texts]
        return [None if "ABORT" in text else _overlap(text, liked) - _overlap(text, skipped) for text in texts]

    async def hidden(self, texts: Sequence[str]) -> list[bytes | None]:
        return [
            None if "ABORT" in text else struct.pack("<8f", *hashlib.sha256(text.encode()).digest()[:8])
            for text in texts
        ]

    async def ask(self, system: str, history: str, questions: Sequence[str]) -> list[float | None]:
        return [None if "MUTE" in question else _overlap(question, history) for question in questions]

    async def reason(self, system: str, user: str, tokens: int) -> AsyncGenerator[str, None]:
        if "refuse" in self.model:
            raise PenchantError("the file is bad", hint="Get another.")
        self.prompts.append((system, user))
        try:
            for piece in self.pieces:
                await asyncio.sleep(self.delay)
                self.cpu += self.cost
                yield piece
        finally:
            self.stopped = True

    async def close(self, *, final: bool = False) -> None:
        self.closed, self.final = self.closed + 1, self.final or final


def _overlap(text: str, history: str) -> float:
    return 0.1 * sum(f" {word} " in history.replace("\n", " ") for word in text.split())
