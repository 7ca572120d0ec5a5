"""(f) A few virtual tokens that a closed-form map makes of the reader's mean sentence vector.

The map is a ridge regression over texts of the archive, from a text's sentence vector to the mean embeddings of its
parts; it knows nothing of the reader and is made once for a model. A reader is then one matrix product: it costs the
same whatever they liked. (A user embedding as soft tokens: User-LLM, arXiv 2402.13598; here without training.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.voice import words
from penchant.app.voice.shelf import Kept, file_of
from penchant.app.voice.values import SOFT, STATES, Carried, Reader, Taste, Voice

from .base import CannotCarry, Inside, Tools, inside, liked_enough
from .rows import WAITING, Rows, keep, lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Virtual tokens; texts that the map is made from, at most and at least; likes of a reader at least.
TOKENS, WORLD, LEAST, FEW = 4, 384, 32, 3
#: Strength of the ridge, beside vectors of length 1.
RIDGE = 1.0


class Mapped:
    """See above."""

    name = "map"
    needs = frozenset({STATES, SOFT})

    def __init__(self, tools: Tools) -> None:
        self._shelf, self._making = tools.shelf, tools.making

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """Virtual tokens of what is liked, against those of what is skipped. Raises `CannotCarry`."""
        from penchant.app import embed

        model = inside(voice, self.needs, self.name)
        liked_enough(reader, FEW, self.name)
        world = lines(await self._shelf.world(WORLD))
        liked, skipped = (lines([text.text for text in side]) for side in (reader.liked, reader.skipped))
        # what the reader decided is of the world too; both sides alike, or the map would lean
        even = min(len(liked), len(skipped), WORLD // 4)
        world = list(dict.fromkeys([*world, *liked[:even], *skipped[:even]]))[:WORLD]
        width = model.ready.width
        rows = await self._rows(model, world, width)
        known = [text for text in world if rows.has(text)]
        if len(known) < LEAST or not skipped:
            raise CannotCarry(
                f"the carrier map needs {LEAST} texts in the archive, and some that you did not like",
                hint="Follow more sources, or wait until more has come.",
            )
        vectors = embed.load().embed_batch
        x = await asyncio.to_thread(vectors, known)
        sides = [(await asyncio.to_thread(vectors, side)).mean(axis=0) for side in (liked, skipped)]
        made = await asyncio.to_thread(virtual, x, rows.of(known), sides, TOKENS)
        paths = [file_of(self._shelf, name, model.key) for name in ("map", "map-away")]
        for path, tokens in zip(paths, made, strict=True):
            await asyncio.to_thread(keep, path, model.key, tokens)
        await self._shelf.put(
            Kept(self.name, model.key, reader.upto, {"texts": len(known), "liked": len(liked), "takes": TOKENS})
        )
        toward, away = (Carried(history=words.PLAIN, soft=path) for path in paths)
        return Taste(toward, away, TOKENS)

    async def _rows(self, model: Inside, world: list[str], width: int) -> Rows:
        path = file_of(self._shelf, "embeddings", model.key)
        rows = await asyncio.to_thread(Rows, path, f"{model.key} {TOKENS}", TOKENS * width)

        async def read(texts: Sequence[str]) -> list[bytes | None]:
            return await model.embeddings(texts, TOKENS)

        await rows.forget_others(world)
        await rows.fill(world, read, None if self._making else WAITING)
        return rows


def virtual(
    x: NDArray[np.floating], y: NDArray[np.float64], readers: Sequence[NDArray[np.floating]], tokens: int
) -> list[NDArray[np.float32]]:
    """Virtual tokens [tokens, width] of each mean vector [d], by ridge from x [n, d] to y [n, tokens * width].

    A mean of many vectors lies near the middle of all: what tells readers apart is stretched to the length that one
    text has, in the units of the texts that the map was made from.
    """
    import numpy as np

    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    xc = x - x_mean
    middle = np.mean([np.asarray(each, np.float64) for each in readers], axis=0)
    usual = float(np.linalg.norm(xc, axis=1).mean())
    gram = xc.T @ xc + RIDGE * np.eye(x.shape[1])
    found = []
    for each in readers:
        off = np.asarray(each, np.float64) - middle
        off *= usual / max(float(np.linalg.norm(off)), 1e-9)
        made = y_mean + np.linalg.solve(gram, off) @ (xc.T @ (y - y_mean))
        found.append(made.reshape(tokens, -1).astype(np.float32))
    return found
