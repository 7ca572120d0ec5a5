"""A batch of embeddings for llama.cpp."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .library import Model, library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Models that turn by time, height and width (M-RoPE) read so many positions of each embedding; a word has one.
SECTIONS = 4


class Vectors:
    """Room for so many embeddings of a model; to be closed."""

    def __init__(self, model: Model, room: int) -> None:
        llama = library()
        self.width = int(llama.llama_model_n_embd_inp(model.pointer))
        self._batch = llama.llama_batch_init(room, self.width, 1)
        self._pos, self._own = self._batch.pos, None
        if llama.llama_model_rope_type(model.pointer) in (llama.LLAMA_ROPE_TYPE_MROPE, llama.LLAMA_ROPE_TYPE_IMROPE):
            self._own = (llama.llama_pos * (SECTIONS * room))()
            self._batch.pos = ctypes.cast(self._own, type(self._pos))

    def close(self) -> None:
        """Give the room back."""
        self._batch.pos = self._pos
        library().llama_batch_free(self._batch)

    def filled(self, rows: NDArray[np.float32], places: Sequence[tuple[int, int, bool]]) -> Any:
        """The batch with embeddings [n, width] at (position, sequence, whether its logits are wanted)."""
        batch, count = self._batch, len(places)
        if rows.shape != (count, self.width) or not rows.flags.c_contiguous or rows.dtype != "float32":
            raise ValueError(f"{rows.shape} embeddings at {count} places")
        ctypes.memmove(batch.embd, rows.ctypes.data, rows.nbytes)
        for at, (position, sequence, wanted) in enumerate(places):
            batch.pos[at] = position
            if self._own is not None:
                for section in range(1, SECTIONS):
                    batch.pos[section * count + at] = position if section < SECTIONS - 1 else 0
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = wanted
        batch.n_tokens = count
        return batch
