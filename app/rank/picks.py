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
MEANING, WORDS = 1.6, 1.2
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


def fit_picks(chosen: Batch, others: Batch, weight: float = 1.0) -> Picks | None:
    """The profile of `chosen` items against `others` (may be empty); None where nothing was chosen."""
    if not len(chosen):
        return None
    meaning = chosen.meaning.astype(np.float64).mean(axis=0)
    words = _mean_words(chosen.words)
    if len(others):
        meaning = meaning - 0.5 * others.meaning.astype(np.float64).mean(axis=0)
        words = words - 0.5 * _mean_words(others.words)
    voice = weight * len(chosen) / (len(chosen) + ENOUGH / 3.0)
    return Picks(_unit(meaning), _unit(words).astype(np.float32), voice)


def _mean_words(rows: SparseRows) -> np.ndarray:
    return np.bincount(rows.index, rows.value, WORD_BUCKETS) / max(1, len(rows))


def _unit(x: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(x))
    return x / norm if norm > 1e-9 else np.zeros_like(x)


def spread_out(meaning: np.ndarray, count: int, *, start: int = 0) -> list[int]:
    """Places of up to `count` rows chosen farthest-first (Gonzalez 1985) by cosine, from row `start` on.

    meaning float32[n, d] unit rows; rows of zeros (nothing known) are never chosen.
    """
    known = np.flatnonzero(np.any(meaning != 0, axis=1))
    if not len(known):
        return []
    first = start if start in known else int(known[0])
    chosen = [first]
    nearest = meaning[known] @ meaning[first]
    while len(chosen) < min(count, len(known)):
        best = int(known[int(np.argmin(nearest))])
        if best in chosen:
            break
        chosen.append(best)
        nearest = np.maximum(nearest, meaning[known] @ meaning[best])
    return chosen

