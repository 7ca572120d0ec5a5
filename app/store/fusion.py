"""How the parts of a search (words, meaning, ...) vote together, and whom this reader's choices trust more. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

#: score = sum of weight / (RRF + rank): Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet
#: and individual Rank Learning Methods", SIGIR 2009. Their 60 is for lists that are about equally good: here it put
#: what both parts place tenth before what one places first (`bench/search_quality.py`: MRR 0.70 against 0.75).
RRF = 2
#: What meaning weighs beside words where items have all the words, and where they have but some of them.
BESIDE, INSTEAD = 0.2, 1.5
#: Choices that weigh as much as the belief that all parts are equally good.
PRIOR = 20.0
#: No part is ever heard less, or more, than this.
FLOOR, CEILING = 0.5, 2.0
#: Two models of the meaning of texts say much the same: together they weigh as much as one.
PAIR = ("meaning", "sentence")


def fuse(
    parts: Mapping[str, Sequence[int]], weights: Mapping[str, float] | None = None, *, certain: bool = False
) -> list[tuple[int, float]]:
    """Items with their scores, best first, then the newest id. A part without a weight has 1.

    `certain`: what was found by words has all of them, so that nearness in meaning only adds to it.
    """
    told = weights or {}
    near = (BESIDE if certain else INSTEAD) * (0.5 if all(parts.get(part) for part in PAIR) else 1.0)
    weights = {part: told.get(part, 1.0) * (near if part in PAIR else 1.0) for part, ranked in parts.items() if ranked}
    if len(weights) == 1:
        [(part, weight)] = weights.items()
        return [(item, weight / (RRF + rank)) for rank, item in enumerate(dict.fromkeys(parts[part]), 1)]
    scores: dict[int, float] = {}
    for part, weight in weights.items():
        for rank, item in enumerate(parts[part], 1):
            scores[item] = scores.get(item, 0.0) + weight / (RRF + rank)
    # as pairs rather than with a key: 2,000 items in half the time
    return [(-item, -score) for score, item in sorted((-score, -item) for item, score in scores.items())]


def learned(choices: Iterable[Mapping[str, int]]) -> dict[str, float]:
    """Weights of the parts, from the places (from 1) that each gave to what the reader then chose.

    As in interleaving (Radlinski, Kurup, Joachims, "How does clickthrough data reflect retrieval quality?", CIKM
    2008) a choice speaks for the part that had placed it higher; here each part gets its share of the sum of
    1 / place. A weight is the credit a part got over what it would have got among equals, both with PRIOR choices of
    equal credit added (the mean of a Dirichlet belief), within FLOOR and CEILING. What one part alone found says
    nothing: perhaps the others were not asked. The order of choices does not matter, to the last bit.
    """
    got: dict[str, list[float]] = {}
    fair: dict[str, list[float]] = {}
    for choice in choices:
        places = {part: place for part, place in choice.items() if place >= 1}
        if len(places) < 2:
            continue
        total = math.fsum(1.0 / place for place in places.values())
        for part, place in places.items():
            got.setdefault(part, []).append(1.0 / place / total)
            fair.setdefault(part, []).append(1.0 / len(places))
    prior = PRIOR / 2  # the share of one of two
    return {
        part: min(CEILING, max(FLOOR, (prior + math.fsum(got[part])) / (prior + math.fsum(fair[part]))))
        for part in sorted(got)
    }


def places(value: object) -> dict[str, int]:
    """The "ranks" of a "find" event as they can be used; {} for anything else. Events may come from elsewhere."""
    if not isinstance(value, Mapping):
        return {}
    return {
        part: int(place)
        for part, place in value.items()
        if isinstance(part, str) and isinstance(place, int | float) and 1 <= place < 1e9
    }
