"""How well the ranking foretells duels, duel after duel, from the log alone (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penchant.app.types import Event

#: Duels of which the running share is made.
SPAN = 20


@dataclass(frozen=True, slots=True)
class Curve:
    """`said` holds, for each duel in order, the probability given beforehand to what was then chosen.

    `hits`: the share foretold among the latest `SPAN` at each duel (a half for a toss-up); `loss` is the mean log loss
    in nats of the latest `SPAN` (0.693: a coin).
    """

    said: tuple[float, ...]
    hits: tuple[float, ...]
    loss: float | None = None

    @property
    def share(self) -> float | None:
        """The share foretold among all."""
        return sum(map(hit, self.said)) / len(self.said) if self.said else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the share among the latest `SPAN` (Wilson 1927)."""
        last = self.said[-SPAN:]
        return wilson(sum(map(hit, last)), len(last))


def hit(said: float) -> float:
    """1 for foretold, 0 for not, a half for no opinion."""
    return 0.5 if abs(said - 0.5) < 1e-9 else float(said > 0.5)


def curve(events: Iterable[Event]) -> Curve:
    """Of live events in their order; duels made without a number count as no opinion."""
    said = [0.5 if e.shown_score is None else min(max(e.shown_score, 0.0), 1.0) for e in events if e.kind == "duel"]
    marks = [hit(each) for each in said]
    running = tuple(sum(marks[max(0, n + 1 - SPAN) : n + 1]) / min(n + 1, SPAN) for n in range(len(marks)))
    last = said[-SPAN:]
    loss = sum(-math.log(max(each, 1e-6)) for each in last) / len(last) if last else None
    return Curve(tuple(said), running, loss)


def wilson(hits: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share of n; (0, 1) of none."""
    if not n:
        return 0.0, 1.0
    p, zz = hits / n, z * z
    centre, half = p + zz / (2 * n), z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return max(0.0, (centre - half) / (1 + zz / n)), min(1.0, (centre + half) / (1 + zz / n))


#: Eighths of a cell.
_BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int) -> str:
    """Values in 0..1 as one line of at most `width` cells; more of them are thinned out."""
    if not values or width < 1:
        return ""
    step = max(1.0, len(values) / width)
    picked = [values[min(len(values) - 1, int((n + 1) * step) - 1)] for n in range(min(width, len(values)))]
    return "".join(_BARS[min(7, max(0, int(value * 8)))] for value in picked)
