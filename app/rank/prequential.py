"""What an expert said of each remembered item before it had learned it, recovered from the expert itself.

The honest measure of an expert is its forecast (Dawid 1984). Leave-one-out opinions are none: taking out an item's
own label tips the rest against it, so that an expert which knows nothing orders only 27 of 100 pairs right.
"""

from __future__ import annotations

import numpy as np

from .experts import DenseExpert, Expert, SparseExpert
from .scalar import ScalarExpert


def opinions_before(expert: Expert) -> np.ndarray:
    """float64[w]: the opinion of each remembered label's item just before that label came, oldest first.

    Every label is kept as a Gaussian site, so walking back and taking out one after the other gives
    the belief at each moment again, to rounding. Raises TypeError for an expert of another kind.
    """
    if isinstance(expert, DenseExpert):
        return _dense(expert)
    if isinstance(expert, SparseExpert):
        return _sparse(expert)
    if isinstance(expert, ScalarExpert):
        return expert.before()
    raise TypeError(f"no sites in {type(expert).__name__}")


def _dense(expert: DenseExpert) -> np.ndarray:
    x = expert.rows.astype(np.float64)
    mean, cov = expert.mean.copy(), expert.cov.copy()
    out = np.zeros(len(x))
    for i in range(len(x) - 1, -1, -1):
        row = x[i]
        precision, target = expert.sites[i]
        direction = cov @ row
        v = float(row @ direction)
        step = precision / max(1.0 - precision * v, 1e-9)
        mean += direction * (step * (float(row @ mean) - target))
        cov += np.outer(direction, direction * step)
        out[i] = row[:-1] @ mean[:-1]
    return out


def _sparse(expert: SparseExpert) -> np.ndarray:
    precision = 1.0 / expert.var.astype(np.float64)
    natural = expert.mean * precision
    out = np.zeros(len(expert.sites))
    for i in range(len(expert.sites) - 1, -1, -1):
        entry = expert.sites[i]
        index, x, added, moved = (entry[name] for name in ("index", "x", "precision", "natural"))
        precision[index] = np.maximum(precision[index] - added, 1e-9)
        natural[index] -= moved
        out[i] = x @ (natural[index] / precision[index])
    return out
