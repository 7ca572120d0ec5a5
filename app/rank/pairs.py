"""Two items compared: rows that are differences, and what a model says of which one is preferred.

A preference's logit is the difference of two items' logits (Bradley and Terry 1952), so a difference of rows is what
every expert needs. How old things are, the like rate and the reader's dials are the same for both, or beside the point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .batch import Batch
from .features import SparseRows, sparse_rows

if TYPE_CHECKING:
    from .model import Model


def difference(first: Batch, second: Batch) -> Batch:
    """Rows of `first` less those of `second`, place by place; their ages are unknown."""
    blocks: dict[str, SparseRows | np.ndarray] = {}
    for name, a in first.blocks.items():
        b = second.blocks[name]
        if isinstance(a, SparseRows) and isinstance(b, SparseRows):
            blocks[name] = sparse_rows([_less(a.row(i), b.row(i)) for i in range(len(first))])
        else:
            blocks[name] = np.asarray(a) - np.asarray(b)
    return Batch(first.item_ids, blocks, np.zeros(len(first)), first.source)


def _less(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """One sparse row less another; what they share is subtracted, not listed twice."""
    index, place = np.unique(np.concatenate([a[0], b[0]]), return_inverse=True)
    return index, np.bincount(place, np.concatenate([a[1], -b[1]]), len(index))


def preferred(model: Model, pairs: Batch) -> tuple[np.ndarray, np.ndarray]:
    """(logit float64[n] that the first of each pair is preferred, its variance float64[n]); `pairs` are differences.

    It is what orders items (`Model.belief`): without the caution that the number on a card needs.
    """
    head = model.head()
    trust = head.weight / head.said if head.said else np.full(len(head.weight), model.recipe.head.trust)
    trust = trust * model.dials.experts(tuple(model.experts))
    opinions = model.opinions(pairs)
    spread = np.zeros(len(pairs))
    for (name, expert), weight in zip(model.experts.items(), trust, strict=True):
        if weight and name != "recency":
            spread += weight * weight * expert.variance(pairs.block(name))
    return opinions @ trust, spread


def chance(logit: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """float64[n]: probability that the first is preferred, over all that the model thinks possible (MacKay 1992)."""
    return 1.0 / (1.0 + np.exp(-np.clip(logit / np.sqrt(1.0 + np.pi * variance / 8.0), -30.0, 30.0)))


def worth(logit: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """float64[n]: how much an answer would tell, as the share of its variance that one Laplace step takes away."""
    p = chance(logit, variance)
    curvature = p * (1.0 - p)
    return variance * curvature / (1.0 + variance * curvature)
