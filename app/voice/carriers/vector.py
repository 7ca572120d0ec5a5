"""(e) A control vector: the mean of the model's states at liked texts less that at skipped ones, added to its layers.

It takes no place in the context and costs the same after ten likes and after a thousand. How loud it is, is the
reader's dial: 0 is not at all, -2 to 2 either way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.judge import carried as files
from penchant.app.voice import words
from penchant.app.voice.shelf import Kept, file_of
from penchant.app.voice.values import STATES, STEER, Carried, Reader, Taste, Voice

from .base import CannotCarry, Inside, Tools, inside, liked_enough
from .rows import WAITING, Rows, keep, lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Likes below which a mean says nothing; texts of the world where nothing was skipped.
FEW, WORLD = 3, 32
#: How long the vector is that a text is scored under, either way, where the dial stands at 1 or more: this share of
#: how far texts of one kind lie apart in a layer. A reader whose likes differ little is heard as well as any other.
LOUD = 0.58
#: Times the difference itself at most.
LOUDEST = 3.0
#: Layers that it is taken from, evenly apart, all of which score; those that are not the first or last of them write.
LAYERS = 5
#: The share of texts that have to be read; some a model cannot read.
MOST_READ = 0.95


class Vector:
    """See above."""

    name = "vector"
    needs = frozenset({STATES, STEER})

    def __init__(self, tools: Tools) -> None:
        self._shelf, self._making = tools.shelf, tools.making

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The vector of the likes and skips of now. Raises `CannotCarry`."""
        model = inside(voice, self.needs, self.name)
        liked_enough(reader, FEW, self.name)
        liked, skipped = (lines([text.text for text in side]) for side in (reader.liked, reader.skipped))
        if len(skipped) < FEW:
            skipped = lines(await self._shelf.world(WORLD))
        path, scoring = (file_of(self._shelf, name, model.key) for name in (self.name, f"{self.name}-score"))
        note = await self._made(model, path, scoring, liked, skipped, reader.upto)
        if not reader.dial:
            note = "the dial stands at 0: your taste is not heard"
        heard = max(-1.0, min(reader.dial, 1.0))  # louder than this it tells less, however loud it writes
        toward, away, more, less = (
            Carried(history=words.PLAIN, steer=file, strength=strength)
            for file, loud in ((path, reader.dial), (scoring, heard))
            for strength in (loud, -loud)
        )
        return Taste(toward, away, 0, note, ((more, less),))

    async def _made(
        self, model: Inside, path: Path, scoring: Path, liked: list[str], skipped: list[str], upto: int
    ) -> str:
        """Write the files; returns what is still missing, in words."""
        layers, width = layers_of(model.ready.layers), model.ready.width
        rows = await self._rows(model, layers, width, liked, skipped)
        sides = [rows.of(side) for side in (liked, skipped)]
        if min(map(len, sides)) < FEW:
            raise CannotCarry("there is nothing to compare what you liked with", hint="Skip some items (x), or sync.")
        made = steering(sides[0], sides[1], layers, model.ready.layers, width)
        loud = made * loudness(sides[0], sides[1], layers, model.ready.layers)[:, None]
        await asyncio.to_thread(keep, scoring, model.key, loud, files.STEER)
        made[[layer for layer in layers if layer not in inner(layers)]] = 0.0
        await asyncio.to_thread(keep, path, model.key, made, files.STEER)
        read, of = len(sides[0]) + len(sides[1]), len(liked) + len(skipped)
        facts = {
            "liked": len(sides[0]),
            "skipped": len(sides[1]),
            "more": read < MOST_READ * of,
            "layers": list(layers),
        }
        await self._shelf.put(Kept(self.name, model.key, upto, facts))
        return f"it has read {read} of {of} of your likes and skips so far" if facts["more"] else ""

    async def _rows(
        self, model: Inside, layers: Sequence[int], width: int, liked: list[str], skipped: list[str]
    ) -> Rows:
        path, maker = file_of(self._shelf, "states", model.key), f"{model.key} {list(layers)}"
        rows = await asyncio.to_thread(Rows, path, maker, len(layers) * width)

        async def read(texts: Sequence[str]) -> list[bytes | None]:
            return await model.states(texts, layers)

        await rows.forget_others([*liked, *skipped])
        # in turn, so that whenever it stops there are as many of either
        mixed = [text for pair in zip(liked, skipped, strict=False) for text in pair]
        await rows.fill([*mixed, *liked, *skipped], read, None if self._making else WAITING)
        return rows


def layers_of(count: int) -> tuple[int, ...]:
    """The layers that it is taken from and added to: from a sixth of the way to five sixths, never the first."""
    found = {max(1, count * (n + 1) // (LAYERS + 1)) for n in range(LAYERS)}
    return tuple(sorted(found & set(range(1, max(count, 2)))))


def inner(layers: Sequence[int]) -> Sequence[int]:
    """Those of the layers that it is added to where it writes: early and late ones break sentences sooner."""
    return layers[1:-1] or layers


def steering(
    liked: NDArray[np.float64], skipped: NDArray[np.float64], layers: Sequence[int], count: int, width: int
) -> NDArray[np.float32]:
    """[count, width]: the difference of the means of rows [n, len(layers) * width] at its layers, 0 elsewhere."""
    import numpy as np

    made = np.zeros((count, width), np.float32)
    made[list(layers)] = (liked.mean(axis=0) - skipped.mean(axis=0)).reshape(len(layers), width)
    return made


def loudness(
    liked: NDArray[np.float64], skipped: NDArray[np.float64], layers: Sequence[int], count: int
) -> NDArray[np.float32]:
    """[count]: what makes the difference of `steering` as long as `LOUD` times the spread within both kinds."""
    import numpy as np

    one, other = (side.reshape(len(side), len(layers), -1) for side in (liked, skipped))
    spread = np.sqrt((one.var(axis=0) + other.var(axis=0)).sum(axis=1) / 2.0)
    length = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0), axis=1)
    found = np.zeros(count, np.float32)
    found[list(layers)] = LOUD * spread / np.maximum(length, 1e-6)
    return np.minimum(found, LOUDEST)
