"""The whole model of one reader: experts, head, and the labels they have learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .batch import ORIGIN_BUCKETS, PEOPLE_BUCKETS, POPULAR_DIMS, SHAPE_DIMS, Batch
from .experts import DenseExpert, Expert, SparseExpert
from .head import HeadOptions, HeadWeights, fit_head
from .stats import STATIC_DIMS, WORD_BUCKETS
from .topics import Topics
from .types import Label, Scores

#: The head looks at this many latest labels: enough to tell experts apart, and it follows a changing taste.
WINDOW = 512


class ExpertFailed(RuntimeError):
    """One expert raised or returned a value that is no number; `name` says which."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the expert {name!r} failed: {reason}")
        self.name = name


#: Name of each expert and how it starts. The second number is the prior variance of a weight.
EXPERTS: dict[str, Callable[[], Expert]] = {
    "words": lambda: SparseExpert(WORD_BUCKETS, 32.0, WINDOW),
    "static": lambda: DenseExpert(STATIC_DIMS, 1.5, WINDOW),
    "origin": lambda: SparseExpert(ORIGIN_BUCKETS, 1.0, WINDOW),
    "people": lambda: SparseExpert(PEOPLE_BUCKETS, 1.0, WINDOW),
    "popular": lambda: DenseExpert(POPULAR_DIMS, 0.15, WINDOW),
    "shape": lambda: DenseExpert(SHAPE_DIMS, 0.1, WINDOW),
}


@dataclass
class Model:
    """Learns labels one by one; the head is fitted when it is asked for.

    State depends only on the labels and rows learned, in their order.
    """

    options: HeadOptions = field(default_factory=HeadOptions)
    experts: dict[str, Expert] = field(default_factory=lambda: {k: make() for k, make in EXPERTS.items()})
    y: np.ndarray = field(default_factory=lambda: np.zeros(0))
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))
    counts: tuple[float, float] = (0.0, 0.0)
    learned: int = 0
    topics: Topics | None = None
    _head: HeadWeights | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of `Scores.parts`."""
        return (*self.experts, "topics", "base")

    def learn(self, label: Label, batch: Batch, i: int = 0) -> None:
        """Learn one label of the item at row i."""
        for name, expert in self.experts.items():
            try:
                expert.learn(batch.row(name, i), label.y, label.weight)
            except Exception as error:
                raise ExpertFailed(name, str(error)) from error
        self.y = np.append(self.y, float(label.y))[-WINDOW:]
        self.weight = np.append(self.weight, label.weight)[-WINDOW:]
        liked, against = self.counts
        self.counts = (liked + label.weight * label.y, against + label.weight * (1 - label.y))
        self.learned += 1
        self._head = None

    def head(self) -> HeadWeights:
        """How far each expert is believed now."""
        if self._head is None:
            opinions = np.column_stack([self._checked(n, e.left_out()) for n, e in self.experts.items()])
            self._head = fit_head(opinions, self.y, self.weight, self.counts, self.options)
        return self._head

    def opinions(self, batch: Batch) -> np.ndarray:
        """float64[n, E]: each expert's own logits, before the head."""
        columns = []
        for name, expert in self.experts.items():
            try:
                columns.append(self._checked(name, expert.opinion(batch.block(name))))
            except ExpertFailed:
                raise
            except Exception as error:
                raise ExpertFailed(name, str(error)) from error
        return np.column_stack(columns) if len(batch) else np.zeros((0, len(columns)))

    def score(self, batch: Batch, *, variance: bool = False) -> Scores:
        """Logits of a batch with their parts; `variance` costs as much again (else zeros)."""
        head = self.head()
        parts = self.opinions(batch) * head.weight
        topics = self._topics(batch)
        parts = np.column_stack([parts, topics, np.full(len(batch), head.base + head.offset)])
        spread = np.zeros(len(batch))
        if variance:
            for (name, expert), w in zip(self.experts.items(), head.weight, strict=True):
                spread += w * w * self._checked(name, expert.variance(batch.block(name)))
        return Scores(parts.sum(axis=1), parts, spread, self.names)

    def belief(self, scores: Scores) -> np.ndarray:
        """float64[n]: what orders items: the experts' opinions without the caution that numbers need."""
        aloud = max(self.head().said, 1e-3)
        return scores.parts[:, :-2].sum(axis=1) / aloud + scores.parts[:, -2]

    def draw(self, batch: Batch, seed: int) -> np.ndarray:
        """float64[n]: `belief` under one draw from what the experts are unsure of (Thompson 1933)."""
        head = self.head()
        out = self._topics(batch)
        trust = head.weight / head.said if head.said else np.full(len(head.weight), self.options.trust)
        for (name, expert), w in zip(self.experts.items(), trust, strict=True):
            out += w * self._checked(name, expert.draw(batch.block(name), seed))
        return out

    def _topics(self, batch: Batch) -> np.ndarray:
        if self.topics is None:
            return np.zeros(len(batch))
        return self.topics.logit(batch, sum(self.counts))

    def copy(self) -> Model:
        """A checkpoint: learning in one never shows in the other."""
        experts = {name: expert.copy() for name, expert in self.experts.items()}
        return Model(
            self.options, experts, self.y, self.weight, self.counts, self.learned, self.topics, self._head
        )

    @staticmethod
    def _checked(name: str, values: np.ndarray) -> np.ndarray:
        if not np.all(np.isfinite(values)):
            raise ExpertFailed(name, "an opinion is not a finite number")
        return values
