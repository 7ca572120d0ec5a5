"""Which candidates are offered, and in which order: worth, and not the same thing twice. Pure functions of arrays.

The order of offering is maximal marginal relevance (Carbonell and Goldstein 1998): the best first, then always the one
whose worth, less what it shares with those before it, is highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .overlap import plain_runs

if TYPE_CHECKING:
    import numpy as np

#: A candidate whose vector is as near as this (cosine) to another says the same; so does one that shares so many of
#: its runs of three words (Jaccard index).
NEAR, SHARED, RUN = 0.88, 0.4, 3
#: What a unit of cosine to one before costs, in standard deviations of worth.
VARIETY = 1.5


def alike(text: str, other: str) -> float:
    """Jaccard index of two texts' runs of three words; equal short texts have 1."""
    first, second = plain_runs(text, RUN), plain_runs(other, RUN)
    if not first or not second:
        return float(" ".join(text.casefold().split()) == " ".join(other.casefold().split()))
    return len(first & second) / len(first | second)


def nearest(vector: np.ndarray, others: np.ndarray) -> float:
    """The largest cosine of a unit vector float[d] to rows of float[n, d]; 0 without rows."""
    return float((others @ vector).max()) if len(others) else 0.0


def same(text: str, vector: np.ndarray, texts: Sequence[str], vectors: np.ndarray, near: float = NEAR) -> bool:
    """Whether a text says what one of `texts` (with their unit vectors) says already."""
    return nearest(vector, vectors) >= near or any(alike(text, other) >= SHARED for other in texts)


def worths(probability: Sequence[float | None], ratio: Sequence[float | None]) -> list[float]:
    """One number for each candidate, in standard deviations: the mean of the head's log odds and the model's ratio,
    each taken from its mean among the candidates. What is not known of a candidate counts as the mean.
    """
    from math import log

    odds = [
        None if p is None else log(min(max(p, 1e-6), 1 - 1e-6) / (1 - min(max(p, 1e-6), 1 - 1e-6))) for p in probability
    ]
    sides = [_standard(odds), _standard(list(ratio))]
    known = [side for side in sides if any(side)]
    if not known:
        return [0.0] * len(probability)
    return [sum(side[n] for side in known) / len(known) for n in range(len(probability))]


def _standard(values: Sequence[float | None]) -> list[float]:
    found = [value for value in values if value is not None]
    if len(found) < 2:
        return [0.0] * len(values)
    mean = sum(found) / len(found)
    spread = (sum((value - mean) ** 2 for value in found) / len(found)) ** 0.5
    if spread < 1e-9:
        return [0.0] * len(values)
    return [0.0 if value is None else (value - mean) / spread for value in values]


def offering(worth: Sequence[float], vectors: np.ndarray, count: int, variety: float = VARIETY) -> list[int]:
    """Places of up to `count` candidates (unit vectors float[n, d]) in the order in which they are offered."""
    left, chosen = list(range(len(worth))), list[int]()
    while left and len(chosen) < count:
        best = max(
            left, key=lambda n: (worth[n] - variety * (nearest(vectors[n], vectors[chosen]) if chosen else 0.0), -n)
        )
        chosen.append(best)
        left.remove(best)
    return chosen


def variance(vectors: np.ndarray) -> float:
    """How varied texts are: 1 - |mean of their unit vectors|, 0 (all the same) to 1. Fewer than two have 0."""
    import numpy as np

    return float(1.0 - np.linalg.norm(vectors.mean(axis=0))) if len(vectors) > 1 else 0.0
