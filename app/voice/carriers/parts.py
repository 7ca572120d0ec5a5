"""The several tastes in one reader's likes, found without being told how many. Pure functions of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Likes for each part, and parts at most; fewer likes than two parts take are one taste. Four parts of 32 likes wrote
#: what is likelier and less varied: each knows too few texts.
EACH, MOST = 8, 2
_ROUNDS = 30


def parted(vectors: NDArray[np.floating]) -> NDArray[np.intp]:
    """Which part each row (unit vectors float[n, d]) belongs to, int[n], from 0 without a gap.

    Spherical k-means from rows that lie apart: the first is the one nearest to all, each other one the farthest from
    those before. No lot is drawn, so the same likes make the same parts.
    """
    import numpy as np

    count = min(MOST, len(vectors) // EACH)
    if count < 2:
        return np.zeros(len(vectors), np.intp)
    rows = vectors.astype(np.float64)
    chosen = [int(np.argmax(rows @ rows.mean(axis=0)))]
    while len(chosen) < count:
        chosen.append(int(np.argmin((rows @ rows[chosen].T).max(axis=1))))
    centres = rows[chosen]
    labels = np.zeros(len(rows), np.intp)
    for _ in range(_ROUNDS):
        labels = (rows @ centres.T).argmax(axis=1)
        sums = np.stack([rows[labels == part].sum(axis=0) for part in range(count)])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), centres)
    return np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.intp)
