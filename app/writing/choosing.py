"""Which candidates are offered, and in which order: worth, and not the same thing twice. Pure functions of arrays.

More is written than is offered. Of all sets that are nearly as good as the best one, the most varied is offered: the
exchange algorithm of experimental design (Fedorov 1972) finds it, since a set of four out of sixteen is small.
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
#: What a set may lose for being more varied: of its mean probability; of its mean worth where that is not known.
POINTS, GIVE = 0.03, 0.25


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


def offering(worth: Sequence[float], probability: Sequence[float | None], vectors: np.ndarray, count: int) -> list[int]:
    """Places of up to `count` candidates (unit vectors float[n, d]): the most varied set that is nearly as good as the
    best one, ordered by worth. How good: by probability (`POINTS`), by worth (`GIVE`) where one has none.
    """
    known = [each for each in probability if each is not None]
    value, give = (known, POINTS) if len(known) == len(worth) else (list(worth), GIVE)
    return sorted(varied(value, vectors, count, give), key=lambda n: (-worth[n], n))


def varied(value: Sequence[float], vectors: np.ndarray, count: int, give: float) -> list[int]:
    """The set of up to `count` places whose mean value is at most `give` below the best set's, and whose unit vectors
    float[n, d] add up to the least: always that exchange of one inside for one outside that gains most.
    """
    import numpy as np

    worths = np.asarray(value, np.float64)
    chosen = [int(n) for n in np.argsort(-worths, kind="stable")[:count]]
    floor = worths[chosen].sum() - give * len(chosen) - 1e-9
    while True:
        total, best = vectors[chosen].sum(axis=0), (1e-6, -1, -1)
        others = [n for n in range(len(worths)) if n not in chosen]
        for place, inside in enumerate(chosen):
            for outside in others:
                if worths[chosen].sum() - worths[inside] + worths[outside] >= floor:
                    changed = total - vectors[inside] + vectors[outside]
                    best = max(best, (float(total @ total - changed @ changed), place, outside))
        if best[1] < 0:
            return chosen
        chosen[best[1]] = best[2]


def scattered(vectors: np.ndarray, count: int, seed: int) -> list[int]:
    """Places of up to `count` rows (unit vectors float[n, d]) that lie apart, drawn anew for every seed.

    k-means++ (Arthur and Vassilvitskii 2007): the first by lot, then each with a chance that goes with the square of
    its distance to the nearest drawn: apart, and yet the more often the more there is of a kind.
    """
    import numpy as np

    draw = np.random.default_rng(seed)
    left, found = np.full(len(vectors), 2.0), list[int]()
    while len(found) < min(count, len(vectors)):
        chances = left / left.sum() if left.sum() > 0 else np.isin(np.arange(len(left)), found, invert=True) * 1.0
        found.append(int(draw.choice(len(vectors), p=chances / chances.sum())))
        apart = np.clip(2.0 - 2.0 * (vectors @ vectors[found[-1]]), 0.0, None)
        left = np.minimum(left, np.where(apart < 1e-6, 0.0, apart))
        left[found] = 0.0
    return found


def variance(vectors: np.ndarray) -> float:
    """How varied texts are: 1 - |mean of their unit vectors|, 0 (all the same) to 1. Fewer than two have 0."""
    import numpy as np

    return float(1.0 - np.linalg.norm(vectors.mean(axis=0))) if len(vectors) > 1 else 0.0
