"""Is the true parent what a reply answers? Likelihoods of replies below their own and below other parents (pure).

log p(reply | parent) - log p(reply) says how much a parent explains a reply (pointwise mutual information a token);
compared with the same reply below somebody else's parent it asks whether a model has understood who answers what.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .mine import Example, spoken

#: Characters of a parent and of a reply that a model reads.
PARENT, REPLY = 600, 400


@dataclass(frozen=True, slots=True)
class Replies:
    """In how many of `pairs` comparisons the true parent won (a tie counts half), with a 95 % interval."""

    won: float
    pairs: int
    interval: tuple[float, float]
    gains: tuple[float, ...] = ()

    @property
    def share(self) -> float:
        return self.won / self.pairs if self.pairs else 0.5


def pairs(examples: Sequence[Example]) -> list[tuple[str, str]]:
    """(parent, reply) of the replies whose parent the archive has; the reply without the names it begins with."""
    found = [(e.parent.strip(), spoken(e.text)) for e in examples if e.kind in ("replied", "quoted") and e.parent]
    return [(parent, reply) for parent, reply in dict.fromkeys(found) if parent and len(reply) >= 10]


def told(parent: str) -> str:
    """What a model reads before a reply."""
    return f"Post: {' '.join(parent.split())[:PARENT]}\nReply:"


def said(reply: str) -> str:
    """A reply as what goes on."""
    return " " + " ".join(reply.split())[:REPLY]


def shifted(count: int, by: int) -> list[int]:
    """A false parent for each reply: that of the reply `by` places on."""
    return [(place + by) % count for place in range(count)]


def compare(true: Sequence[float | None], false: Sequence[float | None]) -> Replies:
    """The same replies below their own and below other parents; what a model could not tell is left out."""
    gains = [a - b for a, b in zip(true, false, strict=True) if a is not None and b is not None]
    won = sum(1.0 if gain > 0 else 0.5 if gain == 0 else 0.0 for gain in gains)
    return Replies(won, len(gains), _wilson(won, len(gains)), tuple(gains))


def by_words(found: Sequence[tuple[str, str]]) -> Callable[[str, str], float]:
    """How many rare words a parent and a reply share, as a measure without a model: a sum of idf."""
    from penchant.app.rank.features import tokens

    seen = Counter(word for parent, reply in found for word in {*tokens(parent), *tokens(reply)})
    total = 2 * len(found)

    def shared(parent: str, reply: str) -> float:
        both = {*tokens(parent)} & {*tokens(reply)}
        rare = sum(math.log((1 + total) / (1 + seen[word])) for word in both)
        return rare / math.sqrt(1 + len({*tokens(parent)}))

    return shared


def _wilson(won: float, n: int) -> tuple[float, float]:
    from penchant.app.duels.curve import wilson

    return wilson(won, n)
