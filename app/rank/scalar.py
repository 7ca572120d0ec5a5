"""An expert over one number whose sign is known: the more of it, the more liked. How much more is learned.

A judge's opinion is already a forecast. A Gaussian belief about its slope would spend labels on finding the sign, and
would take long to see that a judge knows nothing. So the slope is one of a few values from 0 up, with a lump of
belief at 0 ("useless"; a spike and slab, Mitchell and Beauchamp 1988), and each label is weighed exactly, over all
slopes and offsets at once. While labels are few it speaks under its breath, since chance makes good judges of bad ones:
without that a judge that tosses coins cost 0.02 AUC at 16 labels; with a lump of 0.95 instead it was as harmless, but
of a good judge 0.03 were lost at 32 (the RSS reader of bench/judge.py).
"""

from __future__ import annotations

import numpy as np

#: Belief before any label that the number tells nothing.
USELESS = 0.6
SLOPES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.35, 1.75, 2.25, 3.0])
OFFSETS = np.linspace(-2.0, 2.0, 9)
#: Labels (their summed weight) at which it says half of what it believes, and how sharply that comes.
CAUTION, POWER = 24.0, 4.0
#: What stands for y where a label is of two items: the first was preferred, and there is no offset.
PAIR = 2
#: Standard deviation of the expert's own offset, which soaks up the like rate and is left out of opinions.
_SHIFT = 1.0


class ScalarExpert:
    """Exact belief over a grid of slopes and offsets; rows are float[n, 1], 0 where nothing is known.

    A row of 0 says nothing of the slope and is not learned from.
    """

    def __init__(self, d: int, scale: float, window: int) -> None:
        if d != 1:
            raise ValueError(f"one number is expected, not {d}")
        self.d, self.window = d, window
        self.belief = _start(scale)
        self.rows = np.zeros((0, 3))
        self.heard = np.zeros(1)

    def learn(self, row: np.ndarray, y: int, weight: float, *, paired: bool = False) -> None:
        z, y = float(row[0]), PAIR if paired else y
        if z != 0.0:
            self.belief = self.belief + _said(np.array([[z, y, weight]]))[0]
            self.heard = self.heard + weight
        self.rows = np.vstack([self.rows, [[z, y, weight]]])[-self.window :]

    def nudge(self, row: np.ndarray, y: int, weight: float) -> None:
        self.belief = self.belief + _said(np.array([[float(row[0]), y, weight]]))[0]

    def opinion(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows, np.float64)[:, 0] * float(_slope(self.belief)[0] * _aloud(self.heard[0]))

    def variance(self, rows: np.ndarray) -> np.ndarray:
        _, spread = _slope(self.belief)
        return np.asarray(rows, np.float64)[:, 0] ** 2 * float(spread * _aloud(self.heard[0]) ** 2)

    def draw(self, rows: np.ndarray, seed: int) -> np.ndarray:
        chance = np.cumsum(_chances(self.belief))
        slope = SLOPES[min(int(np.searchsorted(chance, np.random.default_rng([seed, 1]).random())), len(SLOPES) - 1)]
        return np.asarray(rows, np.float64)[:, 0] * float(slope * _aloud(self.heard[0]))

    def left_out(self) -> np.ndarray:
        if not len(self.rows):
            return np.zeros(0)
        rest = np.maximum(self.heard[0] - self.rows[:, 2], 0.0)
        return self.rows[:, 0] * _slope(self.belief - _told(self.rows))[0] * _aloud(rest)

    def before(self) -> np.ndarray:
        """float64[w]: the opinion of each remembered label's item just before that label came, oldest first."""
        if not len(self.rows):
            return np.zeros(0)
        told = _told(self.rows)
        weight = np.where(self.rows[:, 0] != 0.0, self.rows[:, 2], 0.0)
        then = np.maximum(self.heard[0] - np.cumsum(weight[::-1])[::-1], 0.0)
        return self.rows[:, 0] * _slope(self.belief - np.cumsum(told[::-1], axis=0)[::-1])[0] * _aloud(then)

    def copy(self) -> ScalarExpert:
        twin = object.__new__(ScalarExpert)
        twin.__dict__.update(self.__dict__)  # learn() replaces arrays and never writes into them
        return twin

    def state(self) -> dict[str, np.ndarray]:
        return {"belief": self.belief, "rows": self.rows, "heard": self.heard}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if state["belief"].shape != self.belief.shape or state["rows"].shape[1:] != (3,):
            raise ValueError(f"expected {self.belief.shape} slopes and offsets, found {state['belief'].shape}")
        self.belief, self.rows, self.heard = state["belief"], state["rows"], state["heard"]


def _start(scale: float) -> np.ndarray:
    """float64[slopes, offsets]: log belief before any label; `scale` is the variance of a useful judge's slope."""
    width = np.gradient(SLOPES)[1:]
    useful = width * np.exp(-(SLOPES[1:] ** 2) / (2.0 * scale))
    slope = np.append(USELESS, (1.0 - USELESS) * useful / useful.sum())
    return np.asarray(np.log(slope)[:, None] - OFFSETS[None, :] ** 2 / (2.0 * _SHIFT**2))


def _said(rows: np.ndarray) -> np.ndarray:
    """float64[n, slopes, offsets]: log likelihood of labels (number, y, weight)."""
    offsets = OFFSETS[None, None, :] * (rows[:, 1] != PAIR)[:, None, None]
    logit = rows[:, :1, None] * SLOPES[None, :, None] + offsets
    sign = np.where(rows[:, 1] > 0, -1.0, 1.0)[:, None, None]
    return -rows[:, 2][:, None, None] * np.logaddexp(0.0, sign * logit)


def _told(rows: np.ndarray) -> np.ndarray:
    """The same, 0 for what was not learned from."""
    return np.where((rows[:, 0] != 0.0)[:, None, None], _said(rows), 0.0)


def _chances(belief: np.ndarray) -> np.ndarray:
    """float64[..., slopes] that sum to 1."""
    p = np.exp(belief - belief.max(axis=(-2, -1), keepdims=True)).sum(axis=-1)
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def _aloud(heard: np.ndarray | float) -> np.ndarray:
    """Share in 0..1 of what is believed that is said after so many labels."""
    loud = np.asarray(heard, np.float64) ** POWER
    return np.asarray(loud / (loud + CAUTION**POWER))


def _slope(belief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the slope."""
    p = _chances(belief)
    mean = p @ SLOPES
    return mean, np.maximum(p @ SLOPES**2 - mean**2, 0.0)
