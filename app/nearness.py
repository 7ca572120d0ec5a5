"""Which texts are nearly the same: 64-bit fingerprints of many texts at once, and an index of them.

Charikar's simhash ("Similarity estimation techniques from rounding
algorithms", 2002) over the distinct words of a text (their first eight
bytes): texts that share most words differ in few bits. Counting repeated
words, the common ones of a language alone brought 1 % of unrelated texts
within 6 bits; counted once, none of 4.5 million pairs. One word changed in
50, 100 or 200 is found in 90, 98 and 97 % of cases (pairs of words: 70, 90,
90). The index only nominates; `decide` compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

#: Characters of a text that are looked at.
HEAD = 1_200
#: Word starts counted per text: the counters below are 8 bits wide.
MAX_WORDS = 255
#: Texts with fewer words get no fingerprint: "lol" is nobody's copy.
MIN_WORDS = 14
#: Texts looked at in one go.
MOST = 5_000
#: Differing bits at which two texts are still worth comparing word by word.
NEAR_BITS = 6
#: One band more than NEAR_BITS: two fingerprints that near agree on at least one whole band.
_BANDS = ((0, 10), (10, 9), (19, 9), (28, 9), (37, 9), (46, 9), (55, 9))
_MERGE_AT = 1_024


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Bytes to themselves where they belong to a word (ASCII letters, digits, anything above), else 0."""
    import numpy as np

    table: np.ndarray = np.arange(256, dtype=np.uint8)
    word: np.ndarray = np.zeros(256, dtype=bool)
    for first, last in ((48, 57), (65, 90), (97, 122), (128, 255)):
        word[first : last + 1] = True
    table[65:91] += 32
    return np.where(word, table, 0).astype(np.uint8)


def fingerprints(texts: Sequence[str]) -> list[int | None]:
    """A signed 64-bit fingerprint for each text, None for those too short to tell apart.

    ASCII case, punctuation and white space do not count. About 10 microseconds a text.
    """
    import numpy as np

    if not texts:
        return []
    if len(texts) > MOST:
        return fingerprints(texts[:MOST]) + fingerprints(texts[MOST:])
    pieces = [text[:HEAD].encode("utf-8", "replace") + b"          " for text in texts]
    raw = _table()[np.frombuffer(b"".join(pieces), dtype=np.uint8)]
    owner_ends = np.cumsum(np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces)))
    # One separator between words; ten at the end of each text (its windows must not reach the next one).
    keep = raw != 0
    keep[1:] |= keep[:-1]
    for back in range(1, 9):
        keep[owner_ends - back] = True
    kept_ends = np.cumsum(keep)[owner_ends - 1]
    squeezed = raw[keep]
    windows = np.lib.stride_tricks.as_strided(
        squeezed.view(np.uint8), shape=(max(len(squeezed) - 7, 0), 8), strides=(1, 1)
    )
    word = squeezed != 0
    starts = word.copy()
    starts[1:] &= ~word[:-1]
    # Chinese, Japanese and Korean run without spaces: every character of theirs starts a word.
    starts |= (squeezed >= 0xE3) & (squeezed <= 0xED)
    at = np.flatnonzero(starts[: len(windows)])
    bounds: Any = np.searchsorted(at, np.concatenate(([0], kept_ends)))
    counts = np.diff(bounds)
    rank = np.arange(len(at)) - np.repeat(bounds[:-1], counts)
    inside = rank < MAX_WORDS
    at, counts = at[inside], np.minimum(counts, MAX_WORDS)
    words = _mix(_first_word(np.ascontiguousarray(windows[at]).view("<u8").ravel()))
    return _vote(*_distinct(words, counts), counts >= MIN_WORDS)


def _distinct(words: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each text's hashes once, and how many that leaves it. One sort: owner above, 48 bits of hash below."""
    import numpy as np

    owner: np.ndarray = np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    keys = np.sort((owner << np.uint64(48)) | (words >> np.uint64(16)))
    first: np.ndarray = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    keys = keys[first]
    left = np.bincount((keys >> np.uint64(48)).astype(np.int64), minlength=len(counts))
    return _mix(keys & np.uint64((1 << 48) - 1)), left


def _first_word(windows: np.ndarray) -> np.ndarray:
    """Eight bytes, little end first, without what follows the first zero byte (Mycroft's zero-byte test)."""
    import numpy as np

    zeros = (windows - np.uint64(0x0101010101010101)) & ~windows & np.uint64(0x8080808080808080)
    lowest = zeros & (~zeros + np.uint64(1))
    return windows & (lowest - np.uint64(1))


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    import numpy as np

    z = values * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _vote(hashes: np.ndarray, counts: np.ndarray, enough: np.ndarray) -> list[int | None]:
    """Majority of each bit over each text's hashes, eight 8-bit counters to a word."""
    import numpy as np

    if not enough.any():
        return [None] * len(counts)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    lanes = np.uint64(0x0101010101010101)
    # reduceat on an empty slice would return its first element: only texts with words take part.
    filled = counts > 0
    half: np.ndarray = counts[filled, None] // 2
    total: np.ndarray = np.zeros(len(counts), dtype=np.uint64)
    result: np.ndarray = np.zeros(int(filled.sum()), dtype=np.uint64)
    for bit in range(8):
        lane = np.add.reduceat((hashes >> np.uint64(bit)) & lanes, starts[filled])
        votes = (lane[:, None].view(np.uint8).reshape(-1, 8) > half).astype(np.uint8)
        result |= votes.reshape(-1).view("<u8") << np.uint64(bit)
    total[filled] = result
    signed: list[int] = total.view(np.int64).tolist()
    return [value if ok else None for value, ok in zip(signed, enough.tolist(), strict=True)]


class BandIndex:
    """Finds stored fingerprints within NEAR_BITS of given ones (Manku, Jain, Das Sarma 2007).

    Sorted bands for most entries, plain comparison for the newest few.
    """

    def __init__(self) -> None:
        import numpy as np

        self._ids: np.ndarray = np.empty(0, dtype=np.int64)
        self._hashes: np.ndarray = np.empty(0, dtype=np.uint64)
        self._bands: list[tuple[Any, Any]] = []
        self._sorted = 0

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Sequence[int], hashes: Sequence[int]) -> None:
        """Add entries; an id may come again with a new fingerprint (the old one still answers)."""
        import numpy as np

        if not ids:
            return
        self._ids = np.concatenate((self._ids, np.asarray(ids, dtype=np.int64)))
        self._hashes = np.concatenate((self._hashes, np.asarray(hashes, dtype=np.int64).view(np.uint64)))
        if len(self._ids) - self._sorted >= _MERGE_AT:
            self._sort()

    def _sort(self) -> None:
        import numpy as np

        self._bands = []
        for shift, width in _BANDS:
            keys = self._keys(self._hashes, shift, width)
            order = np.argsort(keys, kind="stable").astype(np.int32)
            self._bands.append((order, np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=1 << width))))))
        self._sorted = len(self._ids)

    @staticmethod
    def _keys(hashes: np.ndarray, shift: int, width: int) -> np.ndarray:
        import numpy as np

        return ((hashes >> np.uint64(shift)) & np.uint64((1 << width) - 1)).astype(np.uint16)

    def near(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """(index into `hashes`, stored id) of every pair that is near, without repeats, in order."""
        import numpy as np

        if not len(hashes) or not len(self._ids):
            return []
        queries = np.asarray(hashes, dtype=np.int64).view(np.uint64)
        found: set[tuple[int, int]] = set()
        for (shift, width), (order, offsets) in zip(_BANDS, self._bands, strict=False):
            keys = self._keys(queries, shift, width)
            first, size = offsets[keys], offsets[keys + 1] - offsets[keys]
            who: Any = np.repeat(np.arange(len(queries)), size)
            step = np.arange(len(who)) - np.repeat(np.cumsum(size) - size, size)
            found |= self._close(queries, who, order[np.repeat(first, size) + step])
        tail = self._hashes[self._sorted :]
        who, entry = np.nonzero(popcount(queries[:, None] ^ tail[None, :]) <= NEAR_BITS)
        found |= set(zip(who.tolist(), self._ids[self._sorted + entry].tolist(), strict=True))
        return sorted(found)

    def _close(self, queries: np.ndarray, who: np.ndarray, entry: np.ndarray) -> set[tuple[int, int]]:
        near = popcount(queries[who] ^ self._hashes[entry]) <= NEAR_BITS
        return set(zip(who[near].tolist(), self._ids[entry[near]].tolist(), strict=True))


def popcount(values: np.ndarray) -> np.ndarray:
    """Set bits of each uint64 (numpy 1.26 has no bitwise_count)."""
    import numpy as np

    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(values)
    as_bytes = np.ascontiguousarray(values)[..., None].view(np.uint8)
    return np.unpackbits(as_bytes, axis=-1).sum(axis=-1)
