"""Posts that show the same picture tell one story: which do, and how they join the stories that are known. Pure.

Precision comes first, since joining hides one behind the other. So only short posts take part, of which the picture is
the matter: an article's photo is often an agency's and stands beside other articles too. A picture that one source
shows again and again is its emblem.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .stories import SPAN, TITLES, Sets

#: Characters of text beside the picture, at most.
SHORT = 200
#: Pictures of one post, at most: of an album two posts may share a page and be about others.
MOST_PICTURES = 4
#: Differing bits of two difference hashes of the same picture, at most; bits that one must have and lack at least,
#: or it is a mere slope from light to dark.
DISTANCE, FEWEST = 4, 8
#: Least cosine of the two pictures' vectors, where a model has read both.
COSINE = 0.95
#: A picture that a source has shown in more items than this is no news.
EMBLEM = 5
#: With so many of the posts behind it a post is compared: a picture that all show must not cost their square.
PARTNERS = 8
_BLOCK = 512
_MASK = (1 << 64) - 1


class Shown(NamedTuple):
    """A picture of a short post. `fingerprint` is its signed 64-bit difference hash, `vector` float[d] of length 1."""

    item_id: int
    picture: bytes
    fingerprint: int
    vector: np.ndarray | None = None


def alike(shown: Sequence[Shown]) -> list[tuple[Shown, Shown]]:
    """Pairs of different posts with the same picture, each with at most PARTNERS of those behind it.

    As rows of +1 and -1, hashes have the product 64 - 2 x (differing bits).
    """
    if len(shown) < 2:
        return []
    raw = np.array([each.fingerprint for each in shown], "<i8").view(np.uint8).reshape(-1, 8)
    bits = np.unpackbits(raw, axis=1)
    ones = bits.sum(axis=1)
    rows = np.flatnonzero((ones >= FEWEST) & (ones <= 64 - FEWEST))
    signs = 2.0 * bits[rows].astype(np.float32) - 1.0
    found: list[tuple[Shown, Shown]] = []
    for start in range(0, len(rows), _BLOCK):
        near = np.triu(signs[start : start + _BLOCK] @ signs.T >= 63.5 - 2 * DISTANCE, start + 1)
        near &= np.cumsum(near, axis=1) <= PARTNERS
        found += [(shown[rows[start + i]], shown[rows[j]]) for i, j in zip(*near.nonzero(), strict=True)]
    return [(one, other) for one, other in found if _same(one, other)]


def _same(one: Shown, other: Shown) -> bool:
    if one.item_id == other.item_id:
        return False
    if one.picture == other.picture:
        return True
    if ((one.fingerprint ^ other.fingerprint) & _MASK).bit_count() > DISTANCE:
        return False
    return one.vector is None or other.vector is None or float(one.vector @ other.vector) >= COSINE


def join(
    lead: np.ndarray,
    ids: np.ndarray,
    at: np.ndarray,
    told_by: np.ndarray,
    titles: Sets,
    pairs: Iterable[tuple[int, int]],
) -> np.ndarray:
    """int64[n] leaders after posts of `pairs` (item ids) that stood alone have joined the oldest with their picture.

    `lead`, `ids` int64[n] and `at` float64[n] are of all n items, `told_by` int64[n, 2] codes of author and source.
    Whoever posts a picture twice said something twice, which is no story of several; two titles without a common word
    are about different things. What was joined before stays.
    """
    place = {item_id: row for row, item_id in enumerate(ids.tolist())}
    lead = lead.copy()
    taken = set(lead[lead != ids].tolist())
    near: dict[int, set[int]] = {}
    for one, other in pairs:
        if one in place and other in place:
            near.setdefault(place[one], set()).add(place[other])
            near.setdefault(place[other], set()).add(place[one])
    for row in sorted(near, key=lambda row: (at[row], ids[row])):
        if lead[row] != ids[row] or int(ids[row]) in taken:
            continue
        for other in sorted(near[row], key=lambda other: (at[other], ids[other])):
            head = place.get(int(lead[other]), other)
            older = (at[other], ids[other]) < (at[row], ids[row])
            close = max(abs(at[row] - at[other]), abs(at[row] - at[head])) <= SPAN
            if older and close and (told_by[row] != told_by[other]).any() and _titled_alike(titles, row, other):
                lead[row] = lead[other]
                taken.add(int(lead[other]))
                break
    return lead


def _titled_alike(titles: Sets, row: int, other: int) -> bool:
    a, b = titles.of(row), titles.of(other)
    return not a or not b or len(a & b) >= TITLES * len(a | b)
