"""A llama.cpp context for prompts of text and pictures, which keeps what the last prompt began with.

Pieces are computed one by one, each in batches of its own, so that a prompt gives the same logits whether its
beginning was kept or not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .eyes_sight import Piece, Seen, size
from .library import DAMAGED, Model, library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .eyes_library import Projector

#: Tokens in one call; a picture whose tokens look at one another in both directions must fit.
BATCH = 512


class PictureContext:
    """Sequence 0 of a context of its own beside a loaded model, which must outlive it. One thread.

    `computed` counts the tokens that went through the model; `room` is how many a prompt may take.
    """

    def __init__(self, model: Model, *, n_ctx: int = 2048, threads: int = 1) -> None:
        self._llama = llama = library()
        self.model, self.threads, self.n_batch = model, threads, BATCH
        settings = llama.llama_context_default_params()
        settings.n_ctx = min(n_ctx, model.trained) if model.trained > 0 else n_ctx
        settings.n_batch = settings.n_ubatch = BATCH
        settings.n_seq_max = 1
        settings.n_threads = settings.n_threads_batch = threads
        settings.no_perf = True
        self._context = llama.llama_init_from_model(model.pointer, settings)
        if not self._context:
            raise PenchantError("there is no memory for the judge's eyes", hint="A smaller model will do.")
        self.room = int(llama.llama_n_ctx(self._context))
        self.computed = 0
        self._batch = llama.llama_batch_init(BATCH, 0, 1)
        self._kept: list[tuple[object, int]] = []  # what each piece was, the position after it

    def close(self) -> None:
        if self._context:
            self._llama.llama_batch_free(self._batch)
            self._llama.llama_free(self._context)
            self._context = None

    def run(self, pieces: Sequence[Piece], projector: Projector | None) -> NDArray[np.float32]:
        """Logits [vocabulary] after a prompt, which must end with text. Raises `PenchantError`."""
        pieces = [piece for piece in pieces if isinstance(piece, Seen) or piece]
        if not pieces or isinstance(pieces[-1], Seen):
            raise ValueError("a prompt ends with text")
        if size(pieces) > self.room:
            raise PenchantError(f"a prompt takes more than {self.room:,} tokens", hint="Fewer pictures will do.")
        names = [_name(piece) for piece in pieces]
        self._give_way()
        same = 0
        while same < min(len(self._kept), len(names) - 1) and self._kept[same][0] == names[same]:
            same += 1
        past = self._cut(same)
        for name, piece in list(zip(names, pieces, strict=True))[len(self._kept) :]:
            past = self._add(piece, past, projector)
            self._kept.append((name, past))
        return self._logits()

    def more(self, token: int) -> NDArray[np.float32]:
        """Logits after one more token of an answer."""
        past = self._kept[-1][1]
        self._kept.append((("token", token), self._add((token,), past, None)))
        return self._logits()

    def forget(self) -> None:
        """Keep nothing of the last prompt."""
        self._cut(0)

    @property
    def used(self) -> int:
        """Positions taken."""
        return self._kept[-1][1] if self._kept else 0

    def _cut(self, same: int) -> int:
        """Forget what comes after the first `same` pieces; where a model cannot forget a part, everything."""
        past = self._kept[same - 1][1] if same else 0
        memory = self._llama.llama_get_memory(self._context)
        if same == 0 or not self._llama.llama_memory_seq_rm(memory, 0, past, -1):
            self._llama.llama_memory_clear(memory, True)
            self._kept = []
            return 0
        del self._kept[same:]
        return past

    def _add(self, piece: Piece, past: int, projector: Projector | None) -> int:
        try:
            if not isinstance(piece, Seen):
                return self._add_text(piece, past)
            if projector is None:
                raise ValueError("a picture without a vision part")
            self.computed += piece.tokens
            return projector.feed(self._context, piece, past, self.n_batch)
        except BaseException:
            self.forget()  # a half-computed piece must not pass for a whole one
            raise

    def _add_text(self, ids: Sequence[int], past: int) -> int:
        batch = self._batch
        for start in range(0, len(ids), self.n_batch):
            part = ids[start : start + self.n_batch]
            for place, token in enumerate(part):
                batch.token[place] = token
                batch.pos[place] = past + place
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = 0
                batch.logits[place] = place == len(part) - 1
            batch.n_tokens = len(part)
            code = self._llama.llama_decode(self._context, batch)
            if code:
                raise PenchantError(f"llama.cpp answers with the code {code}", hint=DAMAGED)
            past += len(part)
            self.computed += len(part)
        return past

    def _give_way(self) -> None:
        """One thread while others want the processors: two that wait for each other are slower than one."""
        busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > 1
        now = 1 if busy else self.threads
        self._llama.llama_set_n_threads(self._context, now, now)

    def _logits(self) -> NDArray[np.float32]:
        import numpy as np

        found = self._llama.llama_get_logits_ith(self._context, -1)
        if not found:
            raise PenchantError("the judge's model gives no answer", hint=DAMAGED)
        logits = np.ctypeslib.as_array(found, (self.model.words,)).copy()
        if np.isnan(logits).any():
            self.forget()
            raise PenchantError("the judge's model answers nonsense", hint=DAMAGED)
        return logits


def _name(piece: Piece) -> object:
    """Equal for pieces of equal content."""
    return (piece.chunk, hashlib.blake2b(piece.embd.tobytes()).digest()) if isinstance(piece, Seen) else piece
