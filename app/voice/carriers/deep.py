"""(h) A deep prefix: what the model remembers of the beginnings of liked texts, averaged, as a block of its own memory.

No token of the reader's texts is read again: the mean stands where a prefix would have been evaluated. It works where
llama.cpp shows its memory in a layout that is known (`Runner.memories`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.judge import carried as files
from penchant.app.voice import words
from penchant.app.voice.shelf import Kept, file_of
from penchant.app.voice.values import DEEP, Carried, Reader, Taste, Text, Voice

from .base import CannotCarry, Inside, Tools, inside, liked_enough
from .rows import keep, lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Texts of either side at least and at most; tokens remembered of each.
FEW, MOST, TOKENS = 3, 48, 8


class Deep:
    """See above."""

    name = "deep"
    needs = frozenset({DEEP})

    def __init__(self, tools: Tools) -> None:
        self._shelf = tools.shelf

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The mean memory of what was liked last, against that of what was skipped. Raises `CannotCarry`."""
        model = inside(voice, self.needs, self.name)
        liked_enough(reader, FEW, self.name)
        paths = [file_of(self._shelf, name, model.key) for name in ("deep", "deep-away")]
        kept = await self._shelf.get(self.name, model.key)
        items = [[text.item_id for text in side[:MOST]] for side in (reader.liked, reader.skipped)]
        if kept is None or kept.facts.get("items") != items or not all(path.is_file() for path in paths):
            counts = []
            for path, side in zip(paths, (reader.liked, reader.skipped), strict=True):
                made, count = await _mean(model, side)
                counts.append(count)
                await asyncio.to_thread(keep, path, model.key, made, files.DEEP)
            facts = {"items": items, "liked": counts[0], "skipped": counts[1], "takes": TOKENS}
            await self._shelf.put(Kept(self.name, model.key, reader.upto, facts))
        toward, away = (Carried(history=words.PLAIN, deep=path) for path in paths)
        return Taste(toward, away, TOKENS)


async def _mean(model: Inside, side: Sequence[Text]) -> tuple[NDArray[np.float32], int]:
    """The mean memory [TOKENS, numbers] of texts that are long enough, and of how many."""
    import numpy as np

    try:
        found = await model.memories([f" {text}" for text in lines([text.text for text in side[:MOST]])], TOKENS)
    except PenchantError as error:
        raise CannotCarry(f"{model.name} shows nothing of its memory: {error}", hint=error.hint) from error
    rows = [np.frombuffer(row, "<f4") for row in found if row is not None]
    if len(rows) < FEW:
        raise CannotCarry(f"the carrier deep needs {FEW} texts of either kind that are long enough")
    return np.mean(rows, axis=0, dtype=np.float64).astype(np.float32).reshape(TOKENS, -1), len(rows)
