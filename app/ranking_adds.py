"""What each model adds to the ranking for this reader: the head's forecasts with its experts and without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .rank.head import fit_head
from .rank.metrics import auc
from .rank.model import ExpertFailed, loose
from .rank.prequential import opinions_before
from .rank.report import ENOUGH, STRETCHES

if TYPE_CHECKING:
    from .rank.model import Model
    from .ranking import RankSession

#: Role of a model -> the experts that it feeds.
EXPERTS: Mapping[str, tuple[str, ...]] = {
    "sentence": ("sentence",),
    "picture": ("picture", "caption"),
    "judge": ("judge", "hidden", "asked"),
}
#: Resamplings of the labels for the interval of the difference.
DRAWS = 300


@dataclass(frozen=True, slots=True)
class Adds:
    """AUC of the head over the last `labels`, each forecast from what came before it: as it is, and `without` the
    model's experts. `gain` is their difference and `half` half its 95 % interval (paired bootstrap over labels).
    """

    with_it: float
    without: float
    half: float
    labels: int

    @property
    def gain(self) -> float:
        return self.with_it - self.without

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance."""
        return abs(self.gain) > self.half


def adds(session: RankSession) -> dict[str, Adds]:
    """By role; a role is left out while it has no expert, or while there are too few labels to say anything."""
    model, _ = session.learned
    return measure(model, tuple(session.failed))


def measure(model: Model, failed: Sequence[str] = ()) -> dict[str, Adds]:
    """The same of a model; `failed` experts count as absent."""
    y, weight = model.y, model.weight
    if len(y) < ENOUGH or not 0 < float(weight @ y) < float(weight.sum()):
        return {}
    try:
        columns = {name: opinions_before(e) for name, e in model.experts.items() if name not in failed}
    except (ExpertFailed, TypeError):
        return {}
    columns = {name: column for name, column in columns.items() if len(column) == len(y)}
    whole = _forecast(model, columns)
    found = {}
    for role, names in EXPERTS.items():
        rest = {name: column for name, column in columns.items() if name not in names}
        if len(rest) < len(columns) and rest and any(np.any(columns[n]) for n in names if n in columns):
            found[role] = _compared(whole, _forecast(model, rest), y, weight)
    return found


def _forecast(model: Model, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Logits float64[n]: the head is fitted anew for each stretch of labels, on those before it."""
    opinions, n = np.column_stack(list(columns.values())), len(model.y)
    logit = np.zeros(n)
    for part in np.array_split(np.arange(n), min(STRETCHES, n)):
        at = int(part[0])
        liked = float(model.weight[:at] @ model.y[:at])
        counts = liked, float(model.weight[:at].sum()) - liked
        known = opinions[:at], model.y[:at], model.weight[:at]
        head = fit_head(*known, counts, model.recipe.head, loose(columns))
        logit[part] = head.base + head.offset + opinions[part] @ head.weight
    return logit


def _compared(one: np.ndarray, other: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Adds:
    """Both are resampled together: what is hard for one is hard for the other too."""
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(DRAWS):
        some = rng.integers(0, len(y), len(y))
        gains.append(auc(one[some], y[some], weight[some]) - auc(other[some], y[some], weight[some]))
    half = 1.96 * float(np.nanstd(gains))
    return Adds(float(auc(one, y, weight)), float(auc(other, y, weight)), half, len(y))
