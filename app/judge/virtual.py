"""Virtual tokens: embeddings that a model reads in place of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .library import library
from .likelihood import log_softmax
from .tap import GIVEN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge

#: Virtual tokens at most; a reader is carried in a few.
MOST = 128
#: A token and its own embedding must say the same of what comes next, in nats.
_SAME = 0.05
_TRIED = "- a garden in the rain"


class Virtual:
    """Reads embeddings into the context of a judge.

    They are in the unit in which the model's first layer is given them (Gemma's are scaled by the square root of the
    width), which is the unit of `of`.
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.width = int(library().llama_model_n_embd_inp(judge.model.pointer))
        self._batch = library().llama_batch_init(judge.batch_tokens, self.width, 1)
        self._sound: bool | None = None

    def of(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The embeddings of tokens [n, width]; empties the context. At most `batch_tokens`. Raises `PenchantError`."""
        judge = self.judge
        judge.forget()
        with judge.tap.open(*GIVEN):
            judge.decode([(token, at, 0, True) for at, token in enumerate(ids)])
            rows = judge.tap.rows(*GIVEN)
        judge.forget()
        return rows.copy()

    def feed(self, rows: NDArray[np.float32], begin: int) -> None:
        """Read embeddings [n, width] as sequence 0 from place `begin` on, with logits of the last."""
        import numpy as np

        last = len(rows) - 1
        for start in range(0, len(rows), self.judge.batch_tokens):
            part = np.ascontiguousarray(rows[start : start + self.judge.batch_tokens], np.float32)
            self.put(part, [(begin + start + at, 0, start + at == last) for at in range(len(part))])

    def put(self, rows: NDArray[np.float32], places: Sequence[tuple[int, int, bool]]) -> None:
        """One call with embeddings [n, width] at (position, sequence, whether its logits are wanted)."""
        import ctypes

        batch = self._batch
        ctypes.memmove(batch.embd, rows.ctypes.data, rows.nbytes)
        for at, (position, sequence, wanted) in enumerate(places):
            batch.pos[at] = position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = wanted
        batch.n_tokens = len(places)
        self.judge.run(batch)

    def check(self) -> None:
        """Whether the model reads embeddings as it reads words: tried once. Raises `PenchantError`."""
        if self._sound is None:
            self._sound = self.width == self.judge.model.width and self._tried()
        if not self._sound:
            raise PenchantError(
                "this kind of model takes no virtual tokens",
                hint="Another way to carry a reader works with it: `penchant voice` names them.",
            )

    def _tried(self) -> bool:
        judge = self.judge
        ids = [*judge.model.opening(), *judge.model.tokens(_TRIED)]
        try:
            rows = self.of(ids)
        except PenchantError:
            return False
        said = []
        for read in (lambda: judge.feed(ids), lambda: self.feed(rows, 0)):
            judge.forget()
            read()
            said.append(log_softmax(judge.logits(1)[0]))
        judge.forget()
        return bool(abs(said[0] - said[1]).max() < _SAME)
