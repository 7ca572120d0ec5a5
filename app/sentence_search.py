"""Words of a query to a sentence vector, for a process that searches once: a child is started, asked and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from .embed.runner import Limits, Runner
from .errors import PenchantError
from .models.choice import chosen

if TYPE_CHECKING:
    import numpy as np

    from .config import Models
    from .paths import Paths
    from .store import Store

#: Seconds for loading the model and reading the query together; half a second is usual.
PATIENCE = 6.0


def asker(store: Store, models: Models, paths: Paths) -> Callable[[str], np.ndarray] | None:
    """Texts to float32[d] of the active sentence space; None where none is active or no model is chosen.

    The function raises `PenchantError` in words: no answer in time, or the vectors are another model's.
    """
    active, model = store.vectors.sentence(), chosen("sentence", models, paths)
    if active is None or model is None:
        return None
    name = active.name

    def ask(text: str) -> np.ndarray:
        import numpy as np

        try:
            return np.frombuffer(asyncio.run(_once(model, models.threads, name, text)), "<f4")
        except TimeoutError:
            raise PenchantError(f"the model gave no answer within {PATIENCE:g} seconds") from None

    return ask


async def _once(model: str, threads: int, space: str, text: str) -> bytes:
    async with (
        asyncio.timeout(PATIENCE),
        Runner(model, threads=threads, limits=Limits(start=PATIENCE, batch=PATIENCE), urgent=True) as runner,
    ):
        ready = await runner.ready()
        if ready.name != space:
            raise PenchantError(
                "the model of sentences was replaced, and its vectors are still to be made",
                hint="`penchant models` says how far the worker is.",
            )
        [vector] = await runner.embed([text])
    if vector is None:
        raise PenchantError("the model of sentences has no idea of these words")
    return vector
