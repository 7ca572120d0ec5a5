"""What is believed before the first label, and fades as labels come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .batch import Batch
from .picks import Picks
from .topics import Topics

#: Labels at which half of it is left: 5 leaves 9 % at 50.
HALF = 5.0
#: Columns of `Prior.parts`.
NAMES = ("topics", "picks")


@dataclass(frozen=True, slots=True)
class Prior:
    """Typed topics, and profiles of items chosen among twelve or liked in an export."""

    topics: Topics | None = None
    picks: tuple[Picks, ...] = ()

    def parts(self, batch: Batch, labels: float) -> np.ndarray:
        """float64[n, 2]: what `NAMES` add when labels of this summed weight have been learned."""
        out = np.zeros((len(batch), len(NAMES)))
        if self.topics is not None:
            out[:, 0] = self.topics.logit(batch)
        for each in self.picks:
            out[:, 1] += each.logit(batch)
        return out * (HALF / (HALF + labels))
