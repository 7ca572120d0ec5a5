"""Numbers from logits (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Tokens among which `sampled` draws.
_TOP = 40


def log_sum(logits: NDArray[np.float32]) -> float:
    """log of the sum of exponentials; the sum is in float64, in a fixed order."""
    import numpy as np

    top = float(logits.max())
    return top + float(np.log(np.exp(logits - np.float32(top)).sum(dtype=np.float64)))


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities of one row [words]."""
    import numpy as np

    found: NDArray[np.float32] = logits - np.float32(log_sum(logits))
    return found


def picked(logits: NDArray[np.float32], ids: Sequence[int]) -> NDArray[np.float64]:
    """log p of one token of each row [len(ids)]; row by row, because 200 KB stay in the cache."""
    import numpy as np

    return np.array([float(row[token]) - log_sum(row) for row, token in zip(logits, ids, strict=True)])


def sampled(logits: NDArray[np.float32], temperature: float, rng: np.random.Generator) -> int:
    """The likeliest token at temperature 0, else a draw from the likeliest ones. Raises `PenchantError`: no numbers."""
    import numpy as np

    if not np.isfinite(logits.max()):  # NaN as soon as one is
        raise PenchantError(
            "the model answers nothing that is a number",
            hint="What is put into it is too strong, or the file is damaged: turn the dial down, or get it again.",
        )
    if temperature <= 0:
        return int(logits.argmax())
    top = np.argpartition(logits, -min(_TOP, len(logits)))[-_TOP:]
    weights = np.exp(log_softmax(logits[top] / np.float32(temperature)).astype(np.float64))
    return int(rng.choice(top, p=weights / weights.sum()))
