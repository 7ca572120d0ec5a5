"""The reader's own hand on the ranking: factors that are 1 unless turned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .batch import Batch, code
from .steps import STEPS

if TYPE_CHECKING:
    from .interests import Sphere
    from .order import OrderOptions

#: What a dial can be for: an expert (multiplies its part), a source or an interest (multiplies
#: the odds of its items), or a part of the ordering ("people", "explore", "fresh", "diverse").
TARGETS = ("expert", "source", "order", "interest")
#: What a source at 0 costs in logits: below everything, yet still there.
SILENT = -8.0


@dataclass(frozen=True, slots=True)
class Dials:
    """Factors by (target, key); what is absent is 1. `spheres`: the interests among them that are known."""

    factors: Mapping[tuple[str, str], float] = field(default_factory=dict)
    spheres: tuple[Sphere, ...] = field(default=(), compare=False)

    def of(self, target: str, key: str) -> float:
        """The factor of one dial."""
        return self.factors.get((target, key), 1.0)

    def experts(self, names: Sequence[str]) -> np.ndarray:
        """float64[E]: factors of the experts' parts."""
        return np.array([self.of("expert", name) for name in names], np.float64)

    def sources(self, batch: Batch) -> np.ndarray:
        """float64[n]: logits that the dials of the items' sources add: a factor of 2 doubles the odds."""
        out = np.zeros(len(batch))
        for (target, key), value in self.factors.items():
            if target == "source" and value != 1.0:
                out[batch.source == code(key)] = SILENT if value <= 0 else float(np.log(value))
        return out

    def interests(self, batch: Batch) -> np.ndarray:
        """float64[n]: logits that the dials of interests add to the items within them; others stay as they are."""
        out = np.zeros(len(batch))
        for sphere in self.spheres:
            value = self.of("interest", sphere.key)
            if value != 1.0:
                out[sphere.holds(batch.meaning)] += SILENT if value <= 0 else float(np.log(value))
        return out

    def odds(self, batch: Batch) -> np.ndarray:
        """float64[n]: logits that all dials of sources and interests add."""
        return self.sources(batch) + self.interests(batch) if self.spheres else self.sources(batch)

    def silent(self, batch: Batch) -> np.ndarray:
        """bool[n]: what a dial at 0 puts below everything."""
        return np.asarray((self.sources(batch) <= SILENT) | (self.interests(batch) <= SILENT))

    @property
    def of_freshness(self) -> float:
        """What the half-lives are divided by."""
        return max(self.of("order", "fresh"), 0.02)

    def ordering(self, options: OrderOptions) -> OrderOptions:
        """The order's constants as its dials turn them: people, explore, fresh, diverse."""
        variety = self.of("order", "diverse")
        return replace(
            options,
            people=options.people * self.of("order", "people") * self.of("expert", "people"),
            explore=options.explore * self.of("order", "explore"),
            half_life=options.half_life / self.of_freshness,
            author=options.author * variety,
            source=options.source * variety,
            near=options.near * variety,
        )


def dials(settings: Iterable[tuple[str, str, float]]) -> Dials:
    """From (target, key, value) in the order they were set: the last counts, 1 and nonsense are left out."""
    factors: dict[tuple[str, str], float] = {}
    for target, key, value in settings:
        if target in TARGETS and 0.0 <= value <= STEPS[-1]:
            factors[target, key] = value
    return Dials({where: value for where, value in factors.items() if value != 1.0})
