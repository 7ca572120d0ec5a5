"""How much a first guess still says beside what was learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .batch import Batch
from .model import Model
from .prior import HALF, NAMES, Prior


def left(labels: float) -> float:
    """The share in 0..1 of the prior's first voice that is left after labels of this summed weight."""
    return HALF / (HALF + labels)


def influence(model: Model, batch: Batch, now: float = 0.0) -> tuple[float, float]:
    """(share of the spread of what the order believes that the prior explains, one less the rank correlation
    (Spearman 1904) of the orders with and without it), each in 0..1, over the items of `batch`.

    The share is the covariance of prior and belief over the belief's variance; 0 where nothing is believed.
    """
    scores = model.score(batch, now=now)
    belief = model.belief(scores)
    columns = [model.names.index(name) for name in NAMES]
    said = scores.parts[:, columns].sum(axis=1)
    if len(belief) < 2 or belief.std() < 1e-12 or said.std() < 1e-12:
        return 0.0, 0.0
    share = float(np.cov(said, belief)[0, 1] / belief.var(ddof=1))
    bare = replace(model, prior=Prior())
    without = bare.belief(bare.score(batch, now=now))
    return min(1.0, max(0.0, share)), 1.0 - _agreement(belief, without)


def _agreement(a: np.ndarray, b: np.ndarray) -> float:
    x, y = _ranks(a), _ranks(b)
    if x.std() < 1e-12 or y.std() < 1e-12:
        return 0.0
    return max(0.0, float(np.corrcoef(x, y)[0, 1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks with ties at their mean, float64[n]."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[place])
