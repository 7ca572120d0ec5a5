"""What one expert learns from "less like this": the named feature of an item, and nothing else of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .batch import ORIGIN_BUCKETS, PEOPLE_BUCKETS, TAG_BUCKETS, feature_index
from .features import named_hash
from .stats import WORD_BUCKETS

_BUCKETS = {"origin": ORIGIN_BUCKETS, "tags": TAG_BUCKETS, "people": PEOPLE_BUCKETS}


def bucket(name: str, key: str) -> int | None:
    """The column of an expert's named feature ("sqlite", "author:ada"); None for an expert without names."""
    if name == "words":
        return named_hash(key) & (WORD_BUCKETS - 1)
    return feature_index(key, _BUCKETS[name]) if name in _BUCKETS else None


def restricted(name: str, row: Any, key: str) -> Any:
    """`row` with the feature `key` alone; the whole row where there is no key or no such name.

    A feature that the item does not have counts as it would if it were all the item had.
    """
    column = bucket(name, key) if key else None
    if column is None:
        return row
    index, value = row
    kept = index == column
    if not np.any(kept):
        return np.array([column], index.dtype), np.ones(1)
    return index[kept], value[kept]
