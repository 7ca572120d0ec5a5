"""How many different things somebody sees, as numbers with known bounds.

Effective numbers (Hill, "Diversity and Evenness", Ecology 54, 1973): exp of Shannon's entropy ("A Mathematical Theory
of Communication", 1948) and the inverse of Simpson's concentration ("Measurement of Diversity", Nature 163, 1949). Both
lie between 1 (all from one) and the number of sources that are not empty (the same from each).
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def shannon(counts: Iterable[float]) -> float:
    """exp(entropy): so many sources, equally shown, would be as varied. 0.0 where there is nothing."""
    kept = [count for count in counts if count > 0]
    whole = math.fsum(kept)
    if not kept or whole <= 0:
        return 0.0
    entropy = -math.fsum(count / whole * math.log(count / whole) for count in kept)
    return min(max(math.exp(entropy), 1.0), float(len(kept)))


def simpson(counts: Iterable[float]) -> float:
    """1 / the chance that two draws are of the same source. 0.0 where there is nothing."""
    kept = [count for count in counts if count > 0]
    whole = math.fsum(kept)
    if not kept or whole <= 0:
        return 0.0
    return min(max(1.0 / math.fsum((count / whole) ** 2 for count in kept), 1.0), float(len(kept)))


def wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of a rate (Wilson, "Probable Inference", JASA 22, 1927), 95 % by default; (0, 1) without trials.

    It stays within 0 and 1, holds hits / trials, and says something at small numbers, where p +- z sigma is wrong.
    """
    if trials <= 0:
        return 0.0, 1.0
    rate, square = hits / trials, z * z / trials
    middle = (rate + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials))
    return min(max(0.0, middle - half), rate), max(min(1.0, middle + half), rate)
