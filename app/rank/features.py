"""From items to numbers: hashed words as small blobs, sparse rows, the columns of each expert."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

#: Only the first characters count: 500 of 1,500 cost the RSS reader 0.003 AUC and halve the work.
TEXT_LIMIT = 500
#: Features an item keeps, in reading order: bounds what 10,000 candidates hold in memory.
FEATURE_LIMIT = 320
HASH_BITS = 22
COUNT_BITS = 10
#: What made a blob: a change of the recipe (also of `tokens` and `named_features`) needs another name.
VERSION = f"words-1-{TEXT_LIMIT}-{FEATURE_LIMIT}-{HASH_BITS}"
_HASH_MASK = np.uint32((1 << HASH_BITS) - 1)
#: Rows multiplied at once: bounds what a product of 10,000 rows needs beside them to a few megabytes.
_BLOCK = 1_000
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?[+#]*")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")


def word_hash(word: str) -> int:
    """A stable 32-bit hash of one word; equal on every machine and in every run."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


class _Memory(dict[str, int]):
    """Hashes of words met before: half the cost of `lru_cache`, a quarter of computing them."""

    def __missing__(self, word: str) -> int:
        value = self[word] = word_hash(word)
        return value


_KNOWN = _Memory()


def forget_words() -> None:
    """Give up the memory of hashes (6 MB after 10,000 titles); it fills again as texts come."""
    _KNOWN.clear()


def tokens(text: str) -> list[str]:
    """Lower-case words; scripts written without spaces give overlapping pairs of characters."""
    found = _WORD.findall(text.lower())
    if text.isascii() or not _UNSPACED.search(text):
        return found
    out: list[str] = []
    for word in found:
        if _UNSPACED.search(word):
            out += [word[i : i + 2] for i in range(len(word) - 1)]
        else:
            out.append(word)
    return out


def named_features(title: str, text: str, tags: Iterable[str] = ()) -> list[tuple[int, str]]:
    """(hash, readable name) of every word, pair of neighbours and tag, in reading order."""
    names = tokens(f"{title}\n{text[:TEXT_LIMIT]}")
    hashes = [word_hash(w) for w in names]
    pairs = [
        (_pair(a, b), f"{x} {y}")
        for a, b, x, y in zip(hashes, hashes[1:], names, names[1:], strict=False)
    ]
    marks = [(word_hash("#" + t.lower()), "#" + t) for t in tags]
    limit = FEATURE_LIMIT // 2
    chosen = [*zip(hashes[:limit], names, strict=False), *pairs[:limit], *marks[:32]]
    return [(h & int(_HASH_MASK), name) for h, name in chosen]


def named_hash(name: str) -> int:
    """The hash of a feature by its readable name: a word, two words with a blank, a #tag."""
    if name.startswith("#"):
        return word_hash(name.lower()) & int(_HASH_MASK)
    first, _, second = name.partition(" ")
    whole = _pair(word_hash(first), word_hash(second)) if second else word_hash(first)
    return whole & int(_HASH_MASK)


def _pair(a: int, b: int) -> int:
    return (a * 0x9E3779B1 + b * 0x85EBCA6B) & 0xFFFFFFFF


def encode_words(title: str, text: str, tags: Iterable[str] = ()) -> bytes:
    """The words of an item as a blob: little-endian uint32, hash in the high 22 bits, count below.

    The count is capped at 1,023. Holds at most `FEATURE_LIMIT` + 32 features, sorted by hash.
    """
    return encode_many([(title, text, tags)])[0]


def encode_many(texts: Sequence[tuple[str, str, Iterable[str]]]) -> list[bytes]:
    """`encode_words` of many (title, text, tags) at once: 40 instead of 130 microseconds each."""
    if not texts:
        return []
    limit = FEATURE_LIMIT // 2
    names = [tokens(f"{title}\n{text[:TEXT_LIMIT]}") for title, text, _ in texts]
    marks = [[f"#{tag.lower()}" for tag in tags][:32] for _, _, tags in texts]
    words, sizes = _hashes(names)
    owner = np.repeat(np.arange(len(texts), dtype=np.uint64), sizes)
    place = np.arange(len(words)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pairs = words[:-1] * np.uint32(0x9E3779B1) + words[1:] * np.uint32(0x85EBCA6B)
    # a pair may not reach into the next text
    paired = (place[1:] > 0) & (place[1:] <= limit)
    tagged, tag_sizes = _hashes(marks)
    kept = place < limit
    owners = (owner[kept], owner[:-1][paired], np.repeat(np.arange(len(texts), dtype=np.uint64), tag_sizes))
    every = np.concatenate([words[kept], pairs[paired], tagged]) & _HASH_MASK
    key, counts = np.unique((np.concatenate(owners) << np.uint64(32)) | every, return_counts=True)
    hashes = key.astype(np.uint32)
    packed = (hashes << np.uint32(COUNT_BITS)) | np.minimum(counts, (1 << COUNT_BITS) - 1).astype(np.uint32)
    ends = np.searchsorted(key, np.arange(1, len(texts) + 1, dtype=np.uint64) << np.uint64(32)).tolist()
    blob = packed.astype("<u4").tobytes()
    return [blob[4 * a : 4 * b] for a, b in zip([0, *ends], ends, strict=False)]


def _hashes(words: Sequence[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """uint32 hashes of all words, one text after another, and how many each text has."""
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    if len(_KNOWN) > 1 << 16:
        _KNOWN.clear()
    found = map(_KNOWN.__getitem__, chain.from_iterable(words))
    return np.fromiter(found, np.uint32, int(sizes.sum())), sizes


def decode_words(blob: bytes) -> tuple[np.ndarray, np.ndarray]:
    """(hashes uint32[k], counts uint32[k]) of a blob; a damaged tail is ignored."""
    packed = np.frombuffer(blob[: len(blob) // 4 * 4], "<u4")
    return packed >> np.uint32(COUNT_BITS), packed & np.uint32((1 << COUNT_BITS) - 1)


@dataclass(frozen=True, slots=True)
class SparseRows:
    """n rows of (index, value) pairs: row i is `index[start[i]:start[i+1]]`, `value[...]`.

    start int64[n+1], index uint16[k], value float32[k] (float16 would save 2 of 6 bytes and take
    twice the time).
    """

    start: np.ndarray
    index: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.start) - 1

    def row(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices (intp) and values (float64) of one row."""
        a, b = self.start[i], self.start[i + 1]
        return self.index[a:b].astype(np.intp), self.value[a:b].astype(np.float64)

    def dot(self, weight: np.ndarray) -> np.ndarray:
        """float64[n]: each row times a weight vector."""
        return self._sum(weight.astype(np.float32, copy=False), self.value)

    def dot_square(self, weight: np.ndarray) -> np.ndarray:
        """float64[n]: each row's squared values times a weight vector."""
        return self._sum(weight.astype(np.float32, copy=False), np.square(self.value))

    def _sum(self, weight: np.ndarray, value: np.ndarray) -> np.ndarray:
        out = np.zeros(len(self))
        for at in range(0, len(self), _BLOCK):
            bounds = self.start[at : at + _BLOCK + 1]
            first, last = int(bounds[0]), int(bounds[-1])
            # reduceat gives an empty row the next element, so only rows that have features are asked.
            full = np.flatnonzero(bounds[1:] > bounds[:-1])
            if len(full):
                terms = weight.take(self.index[first:last], mode="clip") * value[first:last]
                out[at + full] = np.add.reduceat(terms, bounds[full] - first)
        return out

    def take(self, rows: Sequence[int] | np.ndarray) -> SparseRows:
        """The rows named, in that order."""
        rows = np.asarray(rows, np.intp)
        size = (self.start[1:] - self.start[:-1])[rows]
        start = np.concatenate([[0], np.cumsum(size)])
        where = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[:-1][rows], size)
        return SparseRows(start, self.index[where], self.value[where])

    @staticmethod
    def concat(parts: Sequence[SparseRows]) -> SparseRows:
        """All rows of several blocks, one after another."""
        if not parts:
            return SparseRows.empty(0)
        sizes = [np.diff(p.start) for p in parts]
        return SparseRows(
            np.concatenate([[0], np.cumsum(np.concatenate(sizes))]),
            np.concatenate([p.index for p in parts]),
            np.concatenate([p.value for p in parts]),
        )

    @staticmethod
    def empty(n: int) -> SparseRows:
        """n rows without a feature."""
        return SparseRows(np.zeros(n + 1, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.float32))


def sparse_rows(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> SparseRows:
    """Rows of (indices, values) packed as `SparseRows`."""
    if not rows:
        return SparseRows.empty(0)
    start = np.concatenate([[0], np.cumsum([len(i) for i, _ in rows])]).astype(np.int64)
    index = np.concatenate([i for i, _ in rows]).astype(np.uint16)
    return SparseRows(start, index, np.concatenate([v for _, v in rows]).astype(np.float32))
