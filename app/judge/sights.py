"""Which pictures a model that sees describes next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

#: Pictures of one item that are worth a description: further ones say little more and cost as much.
EACH = 3
#: CPU seconds of a description before the first one was timed.
GUESS = 20.0


class Shown(NamedTuple):
    """An item and its pictures (16-byte hashes), as they stand in it."""

    item_id: int
    pictures: tuple[bytes, ...]


def next_pictures(items: Iterable[Shown], described: Collection[bytes], most: int) -> list[bytes]:
    """Up to `most` pictures that lack a description: first pictures of all items before second ones, items in the
    order given (what matters most first), a picture once however many items show it."""
    rows = [item.pictures[:EACH] for item in items]
    turns = chain.from_iterable(zip_longest(*rows)) if rows else iter(())
    found = dict.fromkeys(each for each in turns if each is not None and each not in described)
    return list(found)[: max(0, most)]


def affordable(seconds: float, spent: Sequence[float]) -> int:
    """How many descriptions `seconds` of computing pay for, after what the latest ones took; 1 where any is left."""
    latest = spent[-8:]
    each = sum(latest) / len(latest) if latest else GUESS
    return max(1, int(seconds / max(each, 0.01))) if seconds > 0 else 0
