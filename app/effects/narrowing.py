"""Whether what somebody sees becomes narrower: variety at equal sample sizes, and a trend that may be chance. Pure.

Weeks differ in how much was looked at, and a larger sample holds more sources by itself. So weeks are compared at one
size: the number of different sources that a random draw of so many items would hold (rarefaction: Hurlbert, "The
nonconcept of species diversity", Ecology 52, 1971). The trend is the median of all slopes between two weeks (Sen,
"Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968), beside how easily chance alone would
order the weeks as well (Mann, "Nonparametric tests against trend", Econometrica 13, 1945).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from statistics import median

#: Items that a week is drawn down to at most, and those of which it must have on screen to count at all.
DRAW, FEW = 30, 10
#: Weeks below which no order says anything: four can be in order by chance one time in twelve.
ENOUGH = 5
#: How easily chance may order the weeks as well, for a trend to be called one.
CHANCE = 0.05
#: Numbers of weeks up to which the chance is counted exactly.
EXACT = 60


def rarefied(counts: Iterable[int], size: int) -> float:
    """Expected number of different kinds among `size` things drawn without putting back; NaN where there are fewer.

    >>> rarefied([5, 5], 1), round(rarefied([9, 1], 5), 3)
    (1.0, 1.5)
    """
    kept = [count for count in counts if count > 0]
    whole = sum(kept)
    if size < 1 or whole < size:
        return math.nan
    everything = _log_choose(whole, size)
    missed = (math.exp(_log_choose(whole - n, size) - everything) if whole - n >= size else 0.0 for n in kept)
    return len(kept) - math.fsum(missed)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


@dataclass(frozen=True, slots=True)
class Variety:
    """A week: `size` items drawn of what came and of what was on screen hold so many sources (topics)."""

    monday: date
    size: int
    came: float
    shown: float

    @property
    def share(self) -> float:
        """How much of the variety that was there was on screen."""
        return self.shown / self.came if self.came > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope`: change of the share in a week; `chance`: how easily chance alone gives an order as clear."""

    weeks: int = 0
    slope: float = 0.0
    chance: float = 1.0

    @property
    def verdict(self) -> str:
        """"narrower", "wider", "steady" (no trend beyond chance), or "unknown" (too few weeks)."""
        if self.weeks < ENOUGH:
            return "unknown"
        if self.chance > CHANCE or self.slope == 0.0:
            return "steady"
        return "narrower" if self.slope < 0 else "wider"


def variety(monday: date, came: Iterable[int], shown: Iterable[int]) -> Variety | None:
    """A week from the counts of its sources; None where too little was on screen."""
    came, shown = list(came), list(shown)
    size = min(DRAW, sum(came), sum(shown))
    if size < FEW:
        return None
    return Variety(monday, size, rarefied(came, size), rarefied(shown, size))


def trend(values: Sequence[float]) -> Trend:
    """The trend of numbers in their order of time."""
    n = len(values)
    if n < 2:
        return Trend(n)
    pairs = [(j - i, values[j] - values[i]) for i in range(n) for j in range(i + 1, n)]
    slope = median(rise / run for run, rise in pairs)
    score = sum((rise > 1e-12) - (rise < -1e-12) for _, rise in pairs)
    return Trend(n, slope, _chance(abs(score), n))


def _chance(score: int, n: int) -> float:
    """Two-sided chance of a Kendall score at least so far from 0 (ties make it larger than it is, never smaller)."""
    if score <= 0:
        return 1.0
    if n > EXACT:
        spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        return min(1.0, math.erfc((score - 1) / spread / math.sqrt(2)))
    most = n * (n - 1) // 2
    orders = _orders(n)
    # a score of S is (most - S) / 2 pairs out of order
    return min(1.0, 2 * sum(orders[: (most - score) // 2 + 1]) / sum(orders))


@lru_cache(maxsize=EXACT)
def _orders(n: int) -> tuple[int, ...]:
    """How many orders of n things have 0, 1, 2 ... pairs out of order."""
    row = [1]
    for size in range(2, n + 1):
        sums, total, out = row, 0, []
        for k in range(len(row) + size - 1):
            total += sums[k] if k < len(sums) else 0
            total -= sums[k - size] if 0 <= k - size < len(sums) else 0
            out.append(total)
        row = out
    return tuple(row)
