"""What is measured of written texts (pure). Vectors are float[n, d] of length 1, of all-MiniLM-L6-v2.

`variance` and `similarity` are those of the study that this follows (EinarBalan/slop, metrics of generated posts): how
far texts point apart, and whether on the whole they point where the reader's likes do.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np

#: Two texts with a cosine above this say the same.
SAME = 0.9
#: Words of a run, and the share of different ones below which a text goes round in circles.
RUN, CIRCLES = 3, 0.7
#: Words below which nothing is said of a text's coherence.
FEW = 5
#: The share of real texts that count as incoherent by definition of the threshold.
REAL = 0.05


def variance(vectors: np.ndarray) -> float:
    """1 - |mean of unit vectors|: 0 where all are the same, towards 1 where they point everywhere. NaN for none."""
    return float(1.0 - np.linalg.norm(vectors.mean(axis=0))) if len(vectors) else math.nan


def similarity(vectors: np.ndarray, others: np.ndarray) -> float:
    """Cosine of the two means; NaN where either has none."""
    if not len(vectors) or not len(others):
        return math.nan
    a, b = vectors.mean(axis=0), others.mean(axis=0)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else math.nan


def duplicates(vectors: np.ndarray, same: float = SAME) -> float:
    """The share of texts that say what an earlier one says; NaN for none."""
    if not len(vectors):
        return math.nan
    near = np.tril(vectors @ vectors.T, -1).max(axis=1, initial=-1.0)
    return float(np.mean(near >= same))


def nearest(vectors: np.ndarray, centres: np.ndarray, near: float) -> list[int | None]:
    """The topic of each text: the nearest centre; None where even that is farther than `near`."""
    if not len(vectors):
        return []
    cosines = vectors @ centres.T
    best = cosines.argmax(axis=1)
    return [int(b) if cosines[row, b] >= near else None for row, b in enumerate(best)]


def captured(found: Iterable[int | None], hidden: Collection[int]) -> float:
    """The share of the hidden topics that at least one text is about; NaN without hidden topics."""
    return len({topic for topic in found if topic in hidden}) / len(hidden) if hidden else math.nan


def within(found: Sequence[int | None], hidden: Collection[int]) -> float:
    """The share of texts about any of the hidden topics."""
    return sum(topic in hidden for topic in found) / len(found) if found and hidden else math.nan


def words(text: str) -> list[str]:
    """Its words, in lower case."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower())


def circling(text: str) -> bool:
    """Whether it says the same three words again and again."""
    said = words(text)
    runs = [tuple(said[at : at + RUN]) for at in range(len(said) - RUN + 1)]
    return bool(runs) and len(set(runs)) / len(runs) < CIRCLES


def shuffled(text: str, seed: int = 0) -> str:
    """The same words in another order, always the same one."""
    found = text.split()
    random.Random(f"{seed}:{text}").shuffle(found)
    return " ".join(found)


def least(real: Sequence[float]) -> float:
    """What all but `REAL` of real texts reach; NaN for none."""
    return float(np.quantile(np.asarray(real, np.float64), REAL)) if len(real) else math.nan


def coherent(text: str, gain: float | None, bar: float) -> bool | None:
    """Whether a text hangs together; None: too short to say, or the model cannot.

    `gain` is how much likelier it is than its own words `shuffled`, nats a token, by a model that carries nobody;
    `bar` is `least` of the gains of real texts. A text that goes in circles is likely and says nothing.
    """
    if len(words(text)) < FEW:
        return None
    if circling(text):
        return False
    return None if gain is None or not math.isfinite(bar) else gain >= bar


def typical(vectors: np.ndarray, real: np.ndarray, bar: float) -> np.ndarray:
    """bool[n]: whether each text lies as near some real text as real ones do to one another (`typical_bar`)."""
    return (vectors @ real.T).max(axis=1, initial=-1.0) >= bar


def typical_bar(real: np.ndarray) -> float:
    """The cosine to their nearest neighbour that all but `REAL` of real texts reach."""
    cosines = real @ real.T
    np.fill_diagonal(cosines, -1.0)
    return least(cosines.max(axis=1).tolist()) if len(real) > 1 else math.nan


def share(said: Iterable[bool | None]) -> tuple[float, float]:
    """(yes among those decided, decided among all); NaN for none."""
    found = list(said)
    decided = [one for one in found if one is not None]
    return (
        sum(decided) / len(decided) if decided else math.nan,
        len(decided) / len(found) if found else math.nan,
    )
