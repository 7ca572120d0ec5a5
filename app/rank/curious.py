"""What to ask the reader: draws of the model for the explored places. Pure.

Plain Thompson draws spend nearly every place on more of what is liked already: of 12 explored items 0.2 were of
a topic that was never shown (3 % of the archive: chance gives 0.4). Two changes make that 1.8: only the items
in whose direction the model of meaning has learned least take part, and their draws are twice as wide as the
posterior (Chapelle and Li, An Empirical Evaluation of Thompson Sampling, 2011, reshape it too).
"""

from __future__ import annotations

import numpy as np

from .batch import Batch
from .model import Model

#: Draws of a visit that take turns in filling the explored places, and what tells their seeds apart.
DRAWS, SEEDS = 4, 7_919
#: Share of the items that is asked about, those of most uncertain meaning, and their least number.
UNSURE, FEWEST = 0.05, 40
WIDER = 2.0
_CHUNK = 1_000


def surprises(model: Model, batch: Batch, belief: np.ndarray, seed: int, now: float) -> np.ndarray:
    """float64[DRAWS, n]: how far each draw of this visit lies from the belief float64[n]; -inf for what
    is known well enough or comes from a source that was turned off. Equal for equal seeds.
    """
    drawn = np.array([model.draw(batch, seed + k * SEEDS, now) for k in range(DRAWS)])
    asked = _unsure(model, batch) & ~model.dials.silent(batch)
    return np.where(asked, WIDER * (drawn - belief), -np.inf)


def _unsure(model: Model, batch: Batch) -> np.ndarray:
    """bool[n]: the items whose meaning the model knows least about."""
    name = next((name for name in ("sentence", "static") if name in model.experts and name in batch.blocks), "")
    if not name or not len(batch):
        return np.ones(len(batch), bool)
    rows, expert = batch.block(name), model.experts[name]
    parts = [expert.variance(rows[at : at + _CHUNK]) for at in range(0, len(batch), _CHUNK)]  # type: ignore[index]
    variance = np.concatenate(parts)
    few = min(1.0, max(UNSURE, FEWEST / len(batch)))
    return variance >= np.quantile(variance, 1.0 - few)
