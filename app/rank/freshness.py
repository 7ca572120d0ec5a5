"""How fast each source goes stale for this reader. Pure.

Suppose that items of a source come before the reader at exponential ages, rate theta0, and that age
halves the odds of a like every h days. Then liked items have exponential ages too, at rate
theta0 + ln 2 / h: what is liked is compared with what was shown, so that somebody who looks in once a week
does not seem to love old news. Each rate has its conjugate Gamma prior (Gelman et al., Bayesian
Data Analysis, 3rd ed., 2.6) worth PSEUDO observations: a source is drawn to the reader's overall habit, and that
to the recipe's half-life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: Observations that each prior is worth.
PSEUDO = 20.0
#: Bounds of a half-life, days: 6 hours and 60 days.
SHORTEST, LONGEST = 0.25, 60.0
#: Ages above count as this (days): one old archive fetched at once must not decide.
OLD = 60.0
#: Rate (1 / days) at which items are shown where nothing is known.
_SHOWN = 0.3


@dataclass(frozen=True, slots=True)
class Freshness:
    """Half-lives in days: `overall`, and by source code."""

    overall: float
    sources: Mapping[int, float] = field(default_factory=dict)

    def of(self, source: np.ndarray) -> np.ndarray:
        """float64[n]: the half-life of each item, by the code of its source int64[n]."""
        out = np.full(len(source), self.overall)
        for code, days in self.sources.items():
            out[source == code] = days
        return out


def fit_freshness(
    age: np.ndarray, liked: np.ndarray, weight: np.ndarray, source: np.ndarray, half_life: float
) -> Freshness:
    """From n judgements: `age` seconds of the item when it was judged, `liked` 1 or 0, `weight` in (0, 1],
    `source` int64 codes. `half_life` (days) is what holds without any.
    """
    known = np.isfinite(age) & (age >= 0)
    days, liked, weight, source = np.minimum(age[known] / 86400.0, OLD), liked[known], weight[known], source[known]
    shown, fading = _rates(days, liked, weight, _SHOWN, np.log(2.0) / half_life)
    found = {}
    for code in np.unique(source).tolist():
        mine = source == code
        found[code] = _half_life(_rates(days[mine], liked[mine], weight[mine], shown, fading)[1])
    return Freshness(_half_life(fading), found)


def _rates(
    days: np.ndarray, liked: np.ndarray, weight: np.ndarray, shown: float, fading: float
) -> tuple[float, float]:
    """(rate of the ages shown, rate at which interest fades), per day, drawn to the two given."""
    exposed = (PSEUDO + len(days)) / (PSEUDO / shown + float(days.sum()))
    for_ = weight * liked
    rate = (PSEUDO + float(for_.sum())) / (PSEUDO / (exposed + fading) + float((for_ * days).sum()))
    low, high = np.log(2.0) / LONGEST, np.log(2.0) / SHORTEST
    return exposed, float(np.clip(rate - exposed, low, high))


def _half_life(rate: float) -> float:
    return float(np.log(2.0) / rate)
