"""Topics typed at the first start: a weak prior that fades as labels come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .batch import Batch
from .features import SparseRows, named_features
from .stats import WORD_BUCKETS

#: Logit that naming a topic outright adds before the first label, and what being near such items adds.
NAMED, NEAR = 0.5, 0.6


@dataclass(frozen=True, slots=True)
class Topics:
    """What the reader typed, as hashed words; `centres` float32[t, SPACE_DIMS] are unit or zero rows."""

    names: tuple[str, ...]
    buckets: tuple[np.ndarray, ...]
    centres: np.ndarray

    def match(self, batch: Batch) -> np.ndarray:
        """float64[n, t], 1 where an item has all the words of a topic."""
        out = np.zeros((len(batch), len(self.names)))
        for t, buckets in enumerate(self.buckets):
            out[:, t] = _share(batch.words, buckets) >= 1.0 - 1e-6
        return out

    def near(self, batch: Batch) -> np.ndarray:
        """float64[n, t] in 0..1: how near an item is to those that name the topic."""
        if batch.meaning.shape[1] != self.centres.shape[1]:
            return np.zeros((len(batch), len(self.names)))
        return np.clip((batch.meaning @ self.centres.T).astype(np.float64), 0.0, 1.0)

    def logit(self, batch: Batch) -> np.ndarray:
        """float64[n]: what topics add, before fading."""
        if not self.names:
            return np.zeros(len(batch))
        return NAMED * self.match(batch).max(axis=1) + NEAR * self.near(batch).max(axis=1)


def _share(words: SparseRows, buckets: np.ndarray) -> np.ndarray:
    weight = np.zeros(WORD_BUCKETS, np.float32)
    weight[buckets] = 1.0 / len(buckets)
    return SparseRows(words.start, words.index, np.ones_like(words.value)).dot(weight)


def fit_topics(names: Iterable[str], batch: Batch) -> Topics:
    """Topics with their centres among the items of `batch`."""
    kept: list[str] = []
    buckets: list[np.ndarray] = []
    for name in dict.fromkeys(n.strip() for n in names):
        words = [h for h, text in named_features(name, "") if " " not in text]
        if words:
            kept.append(name)
            buckets.append(np.unique(np.array(words, np.int64) & (WORD_BUCKETS - 1)))
    topics = Topics(tuple(kept), tuple(buckets), np.zeros((len(kept), batch.meaning.shape[1]), np.float32))
    if not kept or not len(batch):
        return topics
    sums = topics.match(batch).T @ batch.meaning
    norm = np.linalg.norm(sums, axis=1, keepdims=True)
    centres = np.where(norm > 1e-9, sums / np.maximum(norm, 1e-9), 0.0).astype(np.float32)
    return Topics(topics.names, topics.buckets, centres)
