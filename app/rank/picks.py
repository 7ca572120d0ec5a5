"""Items that stand for a taste before the first label: a choice among twelve, the likes of an export.

A Rocchio classifier (Rocchio 1971) in each vector space and over the words: the mean of what was
chosen less the mean of what was offered beside it, or of the archive, which is the origin of
centred vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .batch import Batch
from .features import SparseRows
from .stats import WORD_BUCKETS

#: Logit that being as near as can be to the chosen items adds before the first label: meaning, words.
MEANING, WORDS = 1.8, 1.35
#: Items of the first choice.
OFFERED = 12
#: Nearest items that make one typical, and the cosine from which on two are one story.
NEIGHBOURS = 5
SAME = 0.85
#: Items from which on a profile speaks with three quarters of its voice.
ENOUGH = 3.0


@dataclass(frozen=True, slots=True)
class Picks:
    """A profile: `meaning` float64[d] and `words` float32[65536] of unit length or zero; `voice` in 0..1."""

    meaning: np.ndarray
    words: np.ndarray
    voice: float

    def logit(self, batch: Batch) -> np.ndarray:
        """float64[n]: what the profile adds, before fading."""
        rows = batch.meaning
        near = rows @ self.meaning.astype(np.float32) if rows.shape[1] == len(self.meaning) else np.zeros(len(rows))
        return self.voice * (MEANING * near.astype(np.float64) + WORDS * batch.words.dot(self.words))


def fit_picks(
    chosen: Batch, others: Batch, weight: float = 1.0, shares: np.ndarray | None = None
) -> Picks | None:
    """The profile of `chosen` items against `others` (may be empty); None where nothing was chosen.

    shares float64[n]: how much each chosen item counts (1 where absent).
    """
    if not len(chosen):
        return None
    meaning = np.average(chosen.meaning.astype(np.float64), axis=0, weights=shares)
    words = _mean_words(chosen.words, shares)
    if len(others):
        meaning = meaning - 0.5 * others.meaning.astype(np.float64).mean(axis=0)
        words = words - 0.5 * _mean_words(others.words)
    count = len(chosen) if shares is None else float(shares.sum())
    voice = weight * count / (count + ENOUGH / 3.0)
    return Picks(_unit(meaning), _unit(words).astype(np.float32), voice)


def _mean_words(rows: SparseRows, shares: np.ndarray | None = None) -> np.ndarray:
    if shares is None:
        return np.bincount(rows.index, rows.value, WORD_BUCKETS) / max(1, len(rows))
    value = rows.value * np.repeat(shares, rows.start[1:] - rows.start[:-1])
    return np.bincount(rows.index, value, WORD_BUCKETS) / max(1e-9, float(shares.sum()))


def _unit(x: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(x))
    return x / norm if norm > 1e-9 else np.zeros_like(x)


def to_offer(meaning: np.ndarray, groups: np.ndarray | None = None, count: int = OFFERED) -> list[int]:
    """Places of up to `count` items that differ as much as can be and each stand for something.

    Farthest-first over all items finds oddities, whose likes say little of others (bench/cold_start.py:
    worse than chance); among the typical half it adds about as much as twice as many random items.
    """
    kept = typical(meaning)
    among = spread_out(meaning[kept], count, None if groups is None else groups[kept])
    return [int(kept[place]) for place in among]


def typical(meaning: np.ndarray) -> np.ndarray:
    """Places, ascending, of the half of the rows that have the nearest neighbours; copies are no neighbours.

    meaning float32[n, d] unit rows; rows of zeros (nothing known) are left out.
    """
    known = np.flatnonzero(np.any(meaning != 0, axis=1))
    if len(known) <= NEIGHBOURS:
        return known
    rows = meaning[known]
    near = np.empty(len(known), np.float32)
    for at in range(0, len(known), 256):  # 3,000 items: 3 MB at a time
        cosine = rows[at : at + 256] @ rows.T
        cosine[cosine > SAME] = -1.0
        near[at : at + 256] = np.partition(cosine, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    return known[np.sort(np.argsort(-near, kind="stable")[: (len(known) + 1) // 2])]


def spread_out(meaning: np.ndarray, count: int, groups: np.ndarray | None = None) -> list[int]:
    """Places of up to `count` rows chosen farthest-first (Gonzalez 1985) by cosine, from the first known row on.

    meaning float32[n, d] unit rows; rows of zeros (nothing known) are never chosen, and none that is the
    `SAME` story as one before. groups int64[n, g] are codes (0: none), the most important column first: a row whose
    codes were taken less often goes before, however near it is.
    """
    open_ = np.any(meaning != 0, axis=1)
    used = np.zeros(len(meaning), np.int64)
    nearest = np.full(len(meaning), -2.0, np.float32)
    chosen: list[int] = []
    while len(chosen) < count and np.any(open_):
        fewest = open_ & (used == used[open_].min())
        rows = np.flatnonzero(fewest)
        best = int(rows[int(np.argmin(nearest[rows]))])
        chosen.append(best)
        nearest = np.maximum(nearest, meaning @ meaning[best])
        open_ &= nearest < SAME
        open_[best] = False
        if groups is not None:
            for column in range(groups.shape[1]):
                same = (groups[:, column] == groups[best, column]) & (groups[best, column] != 0)
                used[same] += count ** (groups.shape[1] - 1 - column)
    return chosen
