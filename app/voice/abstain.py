"""A judge that may say nothing (pure): a calibrated head with a likelihood ratio, and how sure it must be to speak.

Opinions are float64[n, E], NaN where an expert has none: usually the logit of the head and the likelihood ratio in
nats a token, each made without knowing the answer; y is int[n] in {0, 1}. A verdict is 1 (would like), 0 (would not)
or `SILENT`.

How sure it must be is chosen by selective guaranteed risk (Geifman and El-Yaniv 2017, algorithm 1): the largest share
of labels such that the exact upper bound of the share of errors among them stays below what is promised. Where no share
allows the promise it says nothing at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from penchant.app.rank.head import HeadOptions, HeadWeights, fit_head

SILENT = -1
#: The share of wrong verdicts that is promised, and how often such a promise may break.
RISK, DELTA = 0.2, 0.1
#: Labels below which nothing is promised; folds of the probabilities that the threshold is chosen on.
FEWEST, FOLDS = 24, 5
#: Verdicts are forecasts of single texts: the head's usual reserve while labels are few is left to the threshold.
OPTIONS = HeadOptions(apart=1.0, together=1.0, offset=1.0, pseudo=2.0, caution=4.0, drift=1e-3, fading=1e9)


@dataclass(frozen=True, slots=True)
class Judge:
    """`centre` and `scale` float64[E] bring opinions into one unit; `sure`: the least |p - 1/2| of a verdict,
    infinity where nothing can be promised; `labels` that it learned from."""

    weights: HeadWeights
    centre: np.ndarray
    scale: np.ndarray
    sure: float
    labels: int

    def probability(self, opinions: np.ndarray) -> np.ndarray:
        """float64[n]: how likely each is liked."""
        return _sigmoid(self.weights.base + self.weights.offset + self._unit(opinions) @ self.weights.weight)

    def verdicts(self, opinions: np.ndarray) -> np.ndarray:
        """int8[n]; `SILENT` where it is not sure enough, or no expert says anything."""
        p = self.probability(opinions)
        known = np.isfinite(np.asarray(opinions, np.float64)).any(axis=1)
        return np.where(known & (np.abs(p - 0.5) >= self.sure), p >= 0.5, SILENT).astype(np.int8)

    def _unit(self, opinions: np.ndarray) -> np.ndarray:
        return np.nan_to_num((np.asarray(opinions, np.float64) - self.centre) / self.scale)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a coverage curve: it speaks of a share of texts and is wrong in a share of those; `high`: the
    upper bound of that (95 %, one-sided); `sure` as in `Judge`."""

    coverage: float
    error: float
    high: float
    sure: float


@dataclass(frozen=True, slots=True)
class Audit:
    """What was said before each later label came: p float64[n] and verdicts int8[n], both NaN or `SILENT` at first."""

    p: np.ndarray
    verdicts: np.ndarray
    y: np.ndarray
    risk: float

    @property
    def coverage(self) -> float:
        """The share of audited labels that it spoke of; NaN without any."""
        seen = np.isfinite(self.p)
        return float(np.mean(self.verdicts[seen] != SILENT)) if seen.any() else math.nan

    @property
    def error(self) -> float:
        """The share of its verdicts that came out wrong; NaN where it said nothing."""
        spoke = self.verdicts != SILENT
        return float(np.mean(self.verdicts[spoke] != self.y[spoke])) if spoke.any() else math.nan

    @property
    def spoken(self) -> int:
        """Verdicts."""
        return int(np.sum(self.verdicts != SILENT))


def fit(opinions: np.ndarray, y: np.ndarray, risk: float = RISK, delta: float = DELTA) -> Judge:
    """Learn how far to believe each expert, and when to speak. Labels stand in their order of time."""
    opinions, y = np.asarray(opinions, np.float64), np.asarray(y, np.int64)
    sure = math.inf
    if len(y) >= FEWEST:
        p = np.full(len(y), np.nan)
        for fold in range(FOLDS):
            mine = np.arange(len(y)) % FOLDS == fold
            p[mine] = _weighed(opinions[~mine], y[~mine]).probability(opinions[mine])
        sure = threshold(p, y, risk, delta)
    made = _weighed(opinions, y)
    return Judge(made.weights, made.centre, made.scale, sure, len(y))


def _weighed(opinions: np.ndarray, y: np.ndarray) -> Judge:
    known = np.isfinite(opinions)
    counts = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, opinions, 0.0)
    centre = filled.sum(axis=0) / counts
    spread = np.sqrt((np.where(known, opinions - centre, 0.0) ** 2).sum(axis=0) / counts)
    scale = np.where(spread > 1e-9, spread, 1.0)
    unit = np.nan_to_num((opinions - centre) / scale)
    liked = float(np.sum(y > 0))
    weights = fit_head(unit, (y > 0).astype(np.float64), np.ones(len(y)), (liked, len(y) - liked), OPTIONS)
    return Judge(weights, centre, scale, 0.0, len(y))


def threshold(p: np.ndarray, y: np.ndarray, risk: float = RISK, delta: float = DELTA) -> float:
    """The least |p - 1/2| at which at most `risk` of verdicts are wrong, but for a chance of `delta`.

    Infinity where there is none; p are out-of-sample probabilities float64[n].
    """
    sure = np.sort(np.abs(np.asarray(p, np.float64) - 0.5))[::-1]
    wrong = (p >= 0.5) != (np.asarray(y) > 0)
    low, high, found = 1, len(sure), math.inf
    tries = max(1, math.ceil(math.log2(max(len(sure), 2))))
    while low <= high:
        count = (low + high) // 2
        bar = float(sure[count - 1])
        spoken = np.abs(p - 0.5) >= bar
        if upper(int(wrong[spoken].sum()), int(spoken.sum()), delta / tries) <= risk:
            found, low = bar, count + 1
        else:
            high = count - 1
    return found


def upper(wrong: int, of: int, delta: float) -> float:
    """The exact upper bound of a share of which `wrong` in `of` were seen (Clopper and Pearson 1934, one-sided)."""
    if wrong >= of:
        return 1.0
    low, high = wrong / of, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, of, middle) > delta else (low, middle)
    return high


def _at_most(count: int, of: int, chance: float) -> float:
    """The probability of at most `count` in `of`."""
    logs = [
        math.lgamma(of + 1) - math.lgamma(i + 1) - math.lgamma(of - i + 1)
        + i * math.log(chance) + (of - i) * math.log1p(-chance)
        for i in range(count + 1)
    ] if 0.0 < chance < 1.0 else [0.0 if chance <= 0.0 else -math.inf]  # fmt: skip
    return math.fsum(map(math.exp, logs))


def curve(p: np.ndarray, y: np.ndarray, points: int = 10) -> list[Point]:
    """Error against coverage, the surest first, at `points` evenly spaced shares; equal probabilities go together."""
    p, y = np.asarray(p, np.float64), np.asarray(y)
    seen = np.isfinite(p)
    p, wrong = p[seen], (p[seen] >= 0.5) != (y[seen] > 0)
    sure = np.sort(np.abs(p - 0.5))[::-1]
    found: list[Point] = []
    for step in range(1, points + 1):
        if not len(sure):
            break
        bar = float(sure[max(0, math.ceil(step * len(sure) / points) - 1)])
        spoken = np.abs(p - 0.5) >= bar
        count, bad = int(spoken.sum()), int(wrong[spoken].sum())
        point = Point(count / len(p), bad / count, upper(bad, count, 0.05), bar)
        if not found or point.coverage > found[-1].coverage:
            found.append(point)
    return found


def audit(opinions: np.ndarray, y: np.ndarray, risk: float = RISK, block: int = 16, first: int = FEWEST) -> Audit:
    """Foretell labels in their order of time, `block` at a time, each by what was known before (prequentially)."""
    opinions, y = np.asarray(opinions, np.float64), np.asarray(y, np.int64)
    p, said = np.full(len(y), np.nan), np.full(len(y), SILENT, np.int8)
    for start in range(first, len(y), block):
        later = slice(start, start + block)
        judge = fit(opinions[:start], y[:start], risk)
        p[later], said[later] = judge.probability(opinions[later]), judge.verdicts(opinions[later])
    return Audit(p, said, y, risk)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))))
