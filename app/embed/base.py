"""The seam between a model of texts and the rest of penchant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors; the same text always gives the same vector, whatever stands beside it.

    The static embedder to the last bit, a model in a GGUF file to a cosine of 1 - 1e-6 (see `gguf`).
    """

    #: Names the model and its version: vectors of different names never mix.
    name: str
    #: Length of a vector.
    dim: int

    def embed_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape [len(texts), dim], float32, each of length 1 (also for an empty text)."""
        ...


def item_text(title: str, text: str) -> str:
    """What an embedder reads of an item."""
    return f"{title}\n{text}" if title and text else title or text
