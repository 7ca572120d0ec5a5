"""Runs the judge in a child process that may die at any text, and goes on without that text."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from typing import Any

from penchant.app.embed.runner import Died
from penchant.app.voice.values import Carried

from .carried import request as put_in
from .runner_child import Limits, Ready, number
from .runner_tune import TuningRunner

__all__ = ["Limits", "Ready", "Runner"]

log = logging.getLogger(__name__)

#: Texts asked at a time; between two such calls something more urgent may go first.
SLICE = 16
#: Bytes of one answer, where a text has many numbers.
TOGETHER = 32 << 20


class Runner(TuningRunner):
    """The child (see `runner_child.Child`), asked about many texts at once; it also writes (`Writing`) and learns."""

    async def loglik(self, history: str, texts: Sequence[str], carried: Carried | None = None) -> list[float | None]:
        """Mean log p (nats) of a token of each text as what goes on from a history, to the letter.

        `carried`: its files are put into the model first (its words are not: a history is told as such). None for an
        empty text and for those that kill the model. Raises `PenchantError` where it fails as such; so do the other
        questions.
        """
        rows = await self._asked({"do": "loglik", "history": history, "carried": put_in(carried)}, texts, 1)
        return [number(row) for row in rows]

    async def ratio(self, liked: str, skipped: str, texts: Sequence[str]) -> list[float | None]:
        """log p after what was liked less log p after what was skipped, nats a token; None as in `loglik`."""
        first = await self.loglik(liked, texts)
        # what killed it after the first history is not tried after the second
        known = [place for place, value in enumerate(first) if value is not None]
        second = dict(zip(known, await self.loglik(skipped, [texts[place] for place in known]), strict=True))
        return [
            None if value is None or (other := second[place]) is None else value - other
            for place, value in enumerate(first)
        ]

    async def hidden(self, texts: Sequence[str]) -> list[bytes | None]:
        """What the model makes of each text without a history: last token, then mean; float32[2 * width] as bytes."""
        width = 2 * (await self.ready()).width
        return _floats(await self._asked({"do": "hidden"}, texts, width))

    async def states(self, texts: Sequence[str], layers: Sequence[int] = ()) -> list[bytes | None]:
        """The mean state of each text's tokens behind some layers (none named: all), float32[layers, width] as bytes.

        Texts are read as `hidden` reads them, with nothing of the reader in the model. Layers count from 0.
        """
        ready = await self.ready()
        wanted = sorted({layer for layer in layers if 0 <= layer < ready.layers}) or range(ready.layers)
        asked = {"do": "states", "layers": list(wanted)}
        return _floats(await self._asked(asked, texts, len(wanted) * ready.width))

    async def embeddings(self, texts: Sequence[str], parts: int = 1) -> list[bytes | None]:
        """What the first layer is given for each text, float32[parts, width] as bytes: the means of equal parts of it.

        They are what virtual tokens are made of. Raises `PenchantError` where the model takes no virtual tokens.
        """
        width = parts * (await self.ready()).width
        return _floats(await self._asked({"do": "embeddings", "parts": parts}, texts, width))

    async def memories(self, texts: Sequence[str], tokens: int = 8) -> list[bytes | None]:
        """What the model remembers of the first `tokens` (up to 16) of each text, float32[tokens, numbers] as bytes.

        Their mean over texts is a deep prefix (`carried.save` with DEEP). None for a shorter text. Raises
        `PenchantError` where the kind of model or the version of llama.cpp does not show it.
        """
        size = int(number((await self._asked({"do": "memory"}, [""], 1))[0]) or 1)
        together, found = max(1, TOGETHER // (8 * size * tokens)), []
        for start in range(0, len(texts), together):
            part = texts[start : start + together]
            found += await self._asked({"do": "memories", "tokens": tokens}, part, tokens * size)
        return _floats(found)

    async def ask(self, system: str, history: str, questions: Sequence[str]) -> list[float | None]:
        """log p(yes) - log p(no) as the answer of a chat in which the user says the history, then the question."""
        rows = await self._asked({"do": "ask", "system": system, "history": history}, questions, 1)
        return [number(row) for row in rows]

    async def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text as a part of a prompt; their sum may exceed those of the joined text by a few.

        What the model cannot even divide counts as all of `Ready.context`.
        """
        rows = await self._asked({"do": "count"}, texts, 1)
        room = (await self.ready()).context
        return [room if (value := number(row)) is None else int(value) for row in rows]

    async def _asked(self, request: dict[str, Any], texts: Sequence[str], width: int) -> list[bytes | None]:
        """`width` numbers for each text, as bytes; None for those that kill the model."""
        found: list[bytes | None] = []
        for start in range(0, len(texts), SLICE):
            async with self._lock:
                found += await self._slice(request, texts[start : start + SLICE], width)
        return found

    async def _slice(self, request: dict[str, Any], texts: Sequence[str], width: int) -> list[bytes | None]:
        """What kills it twice is halved down to the one text."""
        for _ in range(2):
            try:
                return await self._once(request, texts, width)
            except Died as death:
                log.warning("the judge died", extra={"fields": {"texts": len(texts), "how": str(death)}})
        return await self._halves(request, texts, width)

    async def _halves(self, request: dict[str, Any], texts: Sequence[str], width: int) -> list[bytes | None]:
        if len(texts) == 1:
            return [None]
        found: list[bytes | None] = []
        for half in (texts[: len(texts) // 2], texts[len(texts) // 2 :]):
            try:
                found += await self._once(request, half, width)
            except Died:
                found += await self._halves(request, half, width)
        return found

    async def _once(self, request: dict[str, Any], texts: Sequence[str], width: int) -> list[bytes | None]:
        await self._started()
        answer = await self._exchange({**request, "texts": list(texts)}, self.limits.batch)
        body = self._values(answer, width * len(texts))
        self._pause = 0.0
        return [body[8 * width * row : 8 * width * (row + 1)] for row in range(len(texts))]


def _floats(rows: Sequence[bytes | None]) -> list[bytes | None]:
    """float64 to float32; None for what is no number."""
    return [
        None
        if row is None or number(row) is None
        else struct.pack(f"<{len(row) // 8}f", *struct.unpack(f"<{len(row) // 8}d", row))
        for row in rows
    ]
