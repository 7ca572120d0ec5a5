"""Whether the passages can hold the answer at all, told before any model is asked. Pure.

A question whose weighty words no passage has, and to which none is near, has no answer here (`bench/ask.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .passages import Passage

#: What a passage must be worth: the share of the question's words that it has (by weight, 0 to 1), plus its cosine.
#: Of 46 questions, those with an answer began at 0.87, those without ended at 0.81.
ENOUGH = 0.85
#: Or the words alone, which is all there is for a language that the bundled vectors do not know.
ALONE = 0.75


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of the best passage: share of the question's words (0 to 1), cosine. `unknown`: words that no item has."""

    coverage: float = 0.0
    cosine: float = 0.0
    unknown: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether to look for an answer in them."""
        return self.coverage >= ALONE or self.coverage + max(0.0, self.cosine) >= ENOUGH


def weights(found_in: Mapping[str, int], items: int) -> dict[str, float]:
    """What each word (stem -> items that have it) says: log((N + 1) / (n + 1/2)), at least a little.

    Robertson and Sparck Jones's weight without relevance; a word that no item has weighs most.
    """
    return {word: max(0.1, math.log((items + 1.0) / (n + 0.5))) for word, n in found_in.items()}


def evidence(passages: Sequence[Passage], found_in: Mapping[str, int]) -> Evidence:
    """What the best of the passages is worth."""
    unknown = tuple(word for word, n in found_in.items() if not n)
    if not passages:
        return Evidence(unknown=unknown)
    best = max(passages, key=lambda each: each.score)
    return Evidence(best.coverage, best.cosine, unknown)
