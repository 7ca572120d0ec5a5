"""The whole model of one reader: experts, head, and the labels they have learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from .batch import (
    ORIGIN_BUCKETS,
    PEOPLE_BUCKETS,
    POPULAR_DIMS,
    RECENCY_DIMS,
    SHAPE_DIMS,
    TAG_BUCKETS,
    Batch,
    recency_rows,
)
from .dials import Dials
from .experts import DenseExpert, Expert, SparseExpert
from .head import HeadWeights, Pairs, fit_head
from .lessons import restricted
from .prior import NAMES, Prior
from .recipe import BESIDE, PRIORS, Recipe
from .scalar import ScalarExpert
from .stats import SPACE_DIMS, WORD_BUCKETS
from .types import Label, Scores

#: The head looks at this many latest labels: enough to tell experts apart, and it follows a changing taste.
WINDOW = 512
#: Experts that read a vector space, and those that hear a judge: there only where the archive has something for them.
SPACES = ("static", "sentence", "picture", "caption", "hidden")
OPINIONS = ("judge", "asked")
GIVEN = (*SPACES, *OPINIONS)
#: What a model knows nothing of unless it is told.
UNKNOWN = GIVEN[1:]
#: How much freer than of others the head's belief is of an expert that only some readers have: it may be the best of
#: all, or worth nothing.
LOOSE = {"picture": 3.0, "caption": 3.0, "hidden": 3.0}
_SIZES = {
    "words": WORD_BUCKETS,
    "origin": ORIGIN_BUCKETS,
    "tags": TAG_BUCKETS,
    "people": PEOPLE_BUCKETS,
    "popular": POPULAR_DIMS,
    "shape": SHAPE_DIMS,
    "recency": RECENCY_DIMS,
}
_DENSE = (*SPACES, "popular", "shape", "recency")


class ExpertFailed(RuntimeError):
    """One expert raised or returned a value that is no number; `name` says which."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the expert {name!r} failed: {reason}")
        self.name = name


def make_experts(recipe: Recipe, without: Iterable[str] = UNKNOWN) -> dict[str, Expert]:
    """Every expert as it starts, in their fixed order, but those of `without`."""
    out: dict[str, Expert] = {}
    absent = set(without)
    for name in PRIORS:
        if name not in absent:
            kind = ScalarExpert if name in OPINIONS else DenseExpert if name in _DENSE else SparseExpert
            better, share = BESIDE.get(name, ("", 1.0))
            scale = recipe.prior[name] * (share if better and better not in absent else 1.0)
            out[name] = kind(1 if name in OPINIONS else _SIZES.get(name, SPACE_DIMS), scale, WINDOW)
    return out


def loose(names: Iterable[str]) -> np.ndarray:
    """float64[E]: what `fit_head` multiplies the standard deviation of each expert's trust by."""
    return np.array([LOOSE.get(name, 1.0) for name in names])


@dataclass
class Model:
    """Learns labels one by one; the head is fitted when it is asked for.

    State depends only on the labels and rows learned, in their order. `y`, `weight` and `paired` are of the latest
    `WINDOW` labels, `duels` sums up the weight of all that were pairs. `prior` and `dials` are the
    reader's own words: they change scores and are never learned.
    """

    recipe: Recipe = field(default_factory=Recipe)
    without: tuple[str, ...] = UNKNOWN
    experts: dict[str, Expert] = field(default_factory=dict)
    y: np.ndarray = field(default_factory=lambda: np.zeros(0))
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))
    paired: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    counts: tuple[float, float] = (0.0, 0.0)
    duels: float = 0.0
    learned: int = 0
    prior: Prior = field(default_factory=Prior)
    dials: Dials = field(default_factory=Dials)
    _head: HeadWeights | None = None

    def __post_init__(self) -> None:
        self.experts = self.experts or make_experts(self.recipe, self.without)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of `Scores.parts`."""
        return (*self.experts, *NAMES, "dials", "base")

    def learn(self, label: Label, batch: Batch, i: int = 0) -> None:
        """Learn one label of the item at row i; of a duel that row is a difference (`pairs.difference`)."""
        for name, expert in self.experts.items():
            if label.part and label.part != name:
                continue
            try:
                if label.part:
                    expert.nudge(restricted(name, self._row(name, label, batch, i), label.key), label.y, label.weight)
                else:
                    row = self._row(name, label, batch, i)
                    expert.learn(row, label.y, label.weight, paired=bool(label.other))
            except Exception as error:
                raise ExpertFailed(name, str(error)) from error
        if not label.part:
            self.y = np.append(self.y, float(label.y))[-WINDOW:]
            self.weight = np.append(self.weight, label.weight)[-WINDOW:]
            self.paired = np.append(self.paired, bool(label.other))[-WINDOW:]
            liked, against = self.counts
            if label.other:
                self.duels += label.weight
            else:
                self.counts = (liked + label.weight * label.y, against + label.weight * (1 - label.y))
        self.learned += 1
        self._head = None

    def _row(self, name: str, label: Label, batch: Batch, i: int) -> object:
        if name == "recency":
            return recency_rows(_ages(batch.at[i : i + 1], label.at))[0]
        return batch.row(name, i)

    def head(self) -> HeadWeights:
        """How far each expert is believed now."""
        if self._head is None:
            opinions = np.column_stack([self._checked(n, e.left_out()) for n, e in self.experts.items()])
            apart = loose(self.experts)
            pairs = Pairs(self.paired, self.duels)
            self._head = fit_head(opinions, self.y, self.weight, self.counts, self.recipe.head, apart, pairs)
        return self._head

    def opinions(self, batch: Batch, now: float = 0.0) -> np.ndarray:
        """float64[n, E]: each expert's own logits, before the head; at time `now` (0: ages unknown)."""
        columns = []
        for name, expert in self.experts.items():
            try:
                columns.append(self._checked(name, expert.opinion(self._block(name, batch, now))))
            except ExpertFailed:
                raise
            except Exception as error:
                raise ExpertFailed(name, str(error)) from error
        return np.column_stack(columns) if len(batch) else np.zeros((0, len(columns)))

    def score(self, batch: Batch, *, now: float = 0.0, variance: bool = False) -> Scores:
        """Logits of a batch with their parts; `variance` costs as much again (else zeros)."""
        head = self.head()
        trust = head.weight * self.dials.experts(tuple(self.experts))
        parts = self.opinions(batch, now) * trust
        prior = self.prior.parts(batch, sum(self.counts))
        base = np.full(len(batch), head.base + head.offset)
        parts = np.column_stack([parts, prior, self.dials.odds(batch), base])
        spread = np.zeros(len(batch))
        if variance:
            for (name, expert), w in zip(self.experts.items(), trust, strict=True):
                spread += w * w * self._checked(name, expert.variance(self._block(name, batch, now)))
        return Scores(parts.sum(axis=1), parts, spread, self.names)

    def belief(self, scores: Scores) -> np.ndarray:
        """float64[n]: what orders items: the experts' opinions without the caution that numbers need."""
        aloud = max(self.head().said, 1e-3)
        known = len(self.experts)
        return scores.parts[:, :known].sum(axis=1) / aloud + scores.parts[:, known:-1].sum(axis=1)

    def draw(self, batch: Batch, seed: int, now: float = 0.0) -> np.ndarray:
        """float64[n]: `belief` under one draw from what the experts are unsure of (Thompson 1933)."""
        head = self.head()
        out = self.prior.parts(batch, sum(self.counts)).sum(axis=1) + self.dials.odds(batch)
        trust = head.weight / head.said if head.said else np.full(len(head.weight), self.recipe.head.trust)
        trust = trust * self.dials.experts(tuple(self.experts))
        for (name, expert), w in zip(self.experts.items(), trust, strict=True):
            if w:
                out += w * self._checked(name, expert.draw(self._block(name, batch, now), seed))
        return out

    def heard(self, name: str) -> int:
        """On how many of the remembered labels an expert of `GIVEN` had anything to go by; 0 if it is not there."""
        rows = getattr(self.experts.get(name), "rows", None)
        if rows is None:
            return 0
        own = rows[:, :1] if name in OPINIONS else rows[:, :-1]  # the rest is the label, or the offset's one
        return int(np.count_nonzero(np.any(own != 0, axis=1)))

    def blank(self) -> Model:
        """The same model before its first label."""
        return Model(self.recipe, self.without, prior=self.prior, dials=self.dials)

    def copy(self) -> Model:
        """A checkpoint: learning in one never shows in the other."""
        return replace(self, experts={name: expert.copy() for name, expert in self.experts.items()})

    @staticmethod
    def _block(name: str, batch: Batch, now: float) -> object:
        return recency_rows(_ages(batch.at, now)) if name == "recency" else batch.block(name)

    @staticmethod
    def _checked(name: str, values: np.ndarray) -> np.ndarray:
        if not np.all(np.isfinite(values)):
            raise ExpertFailed(name, "an opinion is not a finite number")
        return values


def _ages(at: np.ndarray, now: float) -> np.ndarray:
    """float64[n] seconds; NaN where either time is unknown."""
    return np.where((at > 0) & (now > 0), now - at, np.nan)
