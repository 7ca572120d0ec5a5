"""The sentences of the passages that come nearest to an answer: for a reader without a model. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .citations import Cited
from .passages import Passage, Source, sentences
from .terms import stems

#: Sentences shown.
MOST = 3


def extract(
    numbers: Sequence[tuple[Source, Sequence[Passage]]], weights: Mapping[str, float], most: int = MOST
) -> list[Cited]:
    """The sentences with most of the question's words (stem -> weight), each with its number, best first.

    A sentence counts the better, the better its passage fits; each word counts once, so that two say different things.
    """
    found: list[tuple[float, int, str, frozenset[str]]] = []
    for n, (_, passages) in enumerate(numbers, 1):
        for passage in passages:
            for sentence in sentences(passage.text):
                have = frozenset(stems((sentence,)) & weights.keys())
                found.append((passage.score, n, sentence, have))
    total = sum(weights.values()) or 1.0
    chosen: list[Cited] = []
    covered: set[str] = set()
    while found and len(chosen) < most:
        best = max(
            found, key=lambda each: (_worth(each[3] - covered, each[3], weights) / total + 0.5 * each[0], -each[1])
        )
        if chosen and not best[3] - covered:
            break
        found.remove(best)
        covered |= best[3]
        chosen.append(Cited(best[2], (best[1],)))
    return chosen


def _worth(new: frozenset[str], have: frozenset[str], weights: Mapping[str, float]) -> float:
    return sum(weights[each] for each in new) + 0.3 * sum(weights[each] for each in have - new)
