"""How likely a reader is to look at a place of the list at all, from what they did at each place.

What stands low is judged less because it is seen less. Weighting each judgement by the inverse of the chance
that its place was looked at makes up for that (Joachims, Swaminathan and Schnabel 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: No judgement counts more than so many of the first place.
MOST = 10.0
#: Imaginary showings behind the rate of each group of places.
CAUTION = 5.0
#: Showings below which nothing is estimated.
ENOUGH = 50
_ROUNDS = 20
_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Propensity:
    """Chance in (0, 1] of looking at each group of places, falling, 1 at the first; `shown` counts showings.

    Group g holds the places from 2**g - 1 to 2**(g+1) - 2.
    """

    chance: np.ndarray
    shown: np.ndarray

    def weight(self, position: np.ndarray) -> np.ndarray:
        """float64[n]: inverse chances of places int[n], at most MOST; 1 for a place below 0 (unknown)."""
        if not len(self.chance):
            return np.ones(len(position))
        group = np.minimum(group_of(position), len(self.chance) - 1)
        return np.where(position < 0, 1.0, np.minimum(1.0 / self.chance[group], MOST))


def group_of(position: np.ndarray) -> np.ndarray:
    """int64[n]: 0, 1-2, 3-6, 7-14, ...: deeper places have fewer showings each."""
    return np.floor(np.log2(np.maximum(position, 0) + 1.0)).astype(np.int64)


def estimate(position: np.ndarray, acted: np.ndarray, shown_score: np.ndarray) -> Propensity:
    """From showings: place int[n], whether anything was done bool[n], probability on screen float[n] (NaN unknown).

    The ranking puts what the reader wants on top, so a plain share by place would call good items well placed.
    Rates are therefore fitted as chance of the place times rate of the score's class (five equally
    filled ones), in turns, as in the position model of Wang et al. 2018. Then made falling by pooling
    adjacent violators (Ayer et al. 1955). Below ENOUGH showings every place counts alike.
    """
    if len(position) < ENOUGH or not np.any(acted):
        return Propensity(np.zeros(0), np.zeros(0))
    group = group_of(position)
    kind = _classes(shown_score)
    shown = np.bincount(group).astype(float)
    done = np.bincount(group, acted.astype(float), len(shown))
    place, worth = np.ones(len(shown)), np.full(kind.max() + 1, acted.mean())
    usual = float(acted.mean())
    for _ in range(_ROUNDS):
        expected = np.bincount(group, worth[kind], len(shown))
        place = (done + CAUTION * usual) / (expected + CAUTION * usual)
        looked = np.bincount(kind, place[group], len(worth))
        worth = (np.bincount(kind, acted.astype(float), len(worth)) + usual) / (looked + 1.0)
    place = falling(place, shown + CAUTION)
    return Propensity(np.clip(place / place[0], 1.0 / MOST, 1.0), shown)


def _classes(score: np.ndarray) -> np.ndarray:
    """Equally filled classes of the known scores; the unknown are one of their own."""
    known = np.isfinite(score)
    edges: np.ndarray = np.zeros(0)
    if known.any():
        edges = np.unique(np.quantile(score[known], np.linspace(0, 1, _CLASSES + 1)[1:-1]))
    return np.where(known, np.searchsorted(edges, np.nan_to_num(score), "right") + 1, 0)


def falling(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The falling sequence nearest to `values` in weighted least squares (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []
    for value, w in zip(values.tolist(), weight.tolist(), strict=True):
        blocks.append((value, w, 1))
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return np.concatenate([np.full(n, value) for value, _, n in blocks])
