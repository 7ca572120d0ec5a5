"""Virtual tokens: embeddings that a model reads in place of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .likelihood import log_softmax
from .tap import GIVEN
from .vectors import Vectors

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

    They are in the unit of `of`: what is in the table, or what the first layer is given, where the model scales only
    words (Gemma 3 scales those by the square root of the width; the first Gemma scales whatever it is given).
    """

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._vectors = Vectors(judge.model, judge.batch_tokens)
        self.width = self._vectors.width
        self._sound: bool | None = None
        self._given: tuple[bytes, ...] = GIVEN  # the name under which the tap finds them

    def of(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The embeddings of tokens [n, width]; empties the context. At most `batch_tokens`. Raises `PenchantError`."""
        self.check()
        return self._seen(ids)

    def _seen(self, ids: Sequence[int]) -> NDArray[np.float32]:
        judge = self.judge
        judge.forget()
        with judge.tap.open(*GIVEN):
            judge.decode([(token, at, 0, True) for at, token in enumerate(ids)])
            rows = judge.tap.rows(*self._given)
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
        self.judge.run(self._vectors.filled(rows, places))

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
        """Find under which name the embeddings of words are seen that say what the words say."""
        judge = self.judge
        ids = [*judge.model.opening(), *judge.model.tokens(_TRIED)]
        judge.forget()
        judge.feed(ids)
        wanted = log_softmax(judge.logits(1)[0])
        for name in reversed(GIVEN):
            self._given = (name,)
            try:
                rows = self._seen(ids)
            except PenchantError:
                continue
            self.feed(rows, 0)
            found = log_softmax(judge.logits(1)[0])
            judge.forget()
            if abs(found - wanted).max() < _SAME:
                return True
        judge.forget()
        return False
