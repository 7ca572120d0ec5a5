"""Texts that a model has read once, so that virtual tokens behind each of them cost nothing but themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .library import DAMAGED, Model, library
from .likelihood import log_softmax
from .tuning import Words
from .vectors import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Texts of one context at most (llama.cpp has 256 sequences), and tokens in a call.
TEXTS, BATCH = 256, 256


class Items:
    """Texts as sequences of a context of its own. `rows`: what is read of each, ids; `alive` is called as each
    was read.

    One thread, one shape of every call and the same places in memory: the same question has the same answer to the
    last bit, in another process too. To be closed.
    """

    def __init__(self, model: Model, rows: Sequence[Sequence[int]], alive: Callable[[], object]) -> None:
        if not 0 < len(rows) <= TEXTS:
            raise PenchantError(f"{len(rows)} texts cannot be tuned on", hint=f"From 1 to {TEXTS} can.")
        self.model, self.rows = model, rows
        llama = library()
        settings = llama.llama_context_default_params()
        settings.n_seq_max = len(rows)
        settings.n_ctx = sum(map(len, rows)) + 2 * BATCH
        settings.n_batch = settings.n_ubatch = BATCH
        settings.kv_unified = settings.no_perf = True
        settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        settings.n_threads = settings.n_threads_batch = 1
        self._context = llama.llama_init_from_model(model.pointer, settings)
        if not self._context:
            raise PenchantError("llama.cpp has no room to tune in", hint="Fewer texts, or a smaller model.")
        self._memory = llama.llama_get_memory(self._context)
        self._words = llama.llama_batch_init(BATCH, 0, 1)
        self._vectors = Vectors(model, BATCH)
        for sequence, ids in enumerate(rows):
            self._read(sequence, ids)
            alive()

    def close(self) -> None:
        """Give the memory back."""
        self._vectors.close()
        library().llama_batch_free(self._words)
        library().llama_free(self._context)
        self._context = None

    def answers(
        self, virtual: NDArray[np.float32], which: Sequence[int], words: Sequence[Words]
    ) -> NDArray[np.float64]:
        """What words say behind these texts and virtual tokens [k, width]; `words`: those for each of `which`.

        The mean of the logits of `yes` less that of `no`, times `scale` [len(which)].
        """
        import numpy as np

        found = np.empty(len(which))
        for start, logits in self._calls(virtual, which):
            for at, row in enumerate(logits, start):
                yes, no = (row[list(side)].mean(dtype=np.float64) for side in (words[at].yes, words[at].no))
                found[at] = words[at].scale * (yes - no)
        return found

    def words(self, virtual: NDArray[np.float32], which: Sequence[int]) -> NDArray[np.float32]:
        """log p of every word behind these texts and virtual tokens [len(which), words]."""
        import numpy as np

        return np.concatenate(
            [np.stack([log_softmax(row) for row in logits]) for _, logits in self._calls(virtual, which)]
        )

    def _calls(self, virtual: NDArray[np.float32], which: Sequence[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(place in `which`, logits [texts, words] from there on) of each call."""
        import numpy as np

        count = len(virtual)
        together = BATCH // count
        for start in range(0, len(which), together):
            part = which[start : start + together]
            self._put(np.tile(virtual, (len(part), 1)).astype(np.float32), part, count)
            yield start, np.ctypeslib.as_array(library().llama_get_logits(self._context), (len(part), self.model.words))
            for sequence in part:
                library().llama_memory_seq_rm(self._memory, sequence, len(self.rows[sequence]), -1)

    def _read(self, sequence: int, ids: Sequence[int]) -> None:
        batch = self._words
        for at, token in enumerate(ids):
            batch.token[at], batch.pos[at] = token, at
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = False
        batch.n_tokens = len(ids)
        self._run(batch)

    def _put(self, rows: NDArray[np.float32], part: Sequence[int], count: int) -> None:
        places = []
        for at in range(len(rows)):
            sequence, behind = part[at // count], at % count
            places.append((len(self.rows[sequence]) + behind, sequence, behind == count - 1))
        self._run(self._vectors.filled(rows, places))

    def _run(self, batch: Any) -> None:
        code = library().llama_decode(self._context, batch)
        if code:
            raise PenchantError(f"llama.cpp answers with the code {code}", hint=DAMAGED)
