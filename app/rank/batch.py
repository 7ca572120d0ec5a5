"""One block of columns for each expert, for a number of items at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .features import SparseRows, decode_words, sparse_rows, word_hash
from .stats import WORD_BUCKETS, ArchiveStats, log_counts
from .types import RankItem

ORIGIN_BUCKETS = 1 << 14
TAG_BUCKETS = 1 << 13
PEOPLE_BUCKETS = 1 << 12
POPULAR_DIMS = 3
SHAPE_DIMS = 5
RECENCY_DIMS = 2
#: Characters whose logarithm is the middle of what feeds carry, and the spread of that logarithm.
_LENGTH = (6.0, 1.5)


@dataclass(frozen=True, slots=True)
class Batch:
    """n items as the experts see them; `item_ids` int64[n].

    `blocks` has the columns of each expert; `at` float64[n] is when the items appeared and `source`
    int64[n] a code of their source, from which recency and dials follow.
    """

    item_ids: np.ndarray
    blocks: Mapping[str, SparseRows | np.ndarray]
    at: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.item_ids)

    def block(self, name: str) -> SparseRows | np.ndarray:
        """The columns of one expert. KeyError: this batch knows nothing of it."""
        return self.blocks[name]

    @property
    def words(self) -> SparseRows:
        """The hashed words."""
        return self.blocks["words"]  # type: ignore[return-value]

    @property
    def meaning(self) -> np.ndarray:
        """float32[n, d] unit rows of the best vector space there is: what says that two items are near."""
        return self.blocks["sentence" if "sentence" in self.blocks else "static"]  # type: ignore[return-value]

    def row(self, name: str, i: int) -> object:
        """One item's row as that expert's `learn` takes it."""
        block = self.block(name)
        return block.row(i) if isinstance(block, SparseRows) else block[i]

    def take(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """The items at these places, in that order."""
        rows = np.asarray(rows, np.intp)
        blocks = {
            name: block.take(rows) if isinstance(block, SparseRows) else block[rows]
            for name, block in self.blocks.items()
        }
        return Batch(self.item_ids[rows], blocks, self.at[rows], self.source[rows])

    @staticmethod
    def concat(parts: Sequence[Batch]) -> Batch:
        """Several batches as one."""
        blocks: dict[str, SparseRows | np.ndarray] = {}
        for name, first in parts[0].blocks.items():
            of = [part.blocks[name] for part in parts]
            if isinstance(first, SparseRows):
                blocks[name] = SparseRows.concat(of)  # type: ignore[arg-type]
            else:
                blocks[name] = np.concatenate(of)  # type: ignore[arg-type]
        return Batch(
            np.concatenate([p.item_ids for p in parts]),
            blocks,
            np.concatenate([p.at for p in parts]),
            np.concatenate([p.source for p in parts]),
        )


def build_batch(
    items: Sequence[RankItem],
    blobs: Sequence[bytes],
    vectors: Mapping[str, np.ndarray],
    stats: ArchiveStats,
    opinions: Mapping[str, np.ndarray] | None = None,
) -> Batch:
    """Columns of items from their word blobs (b"" if unknown) and, for each of the archive's spaces,
    vectors float[n, v] (0 if unknown), for each of its judges opinions float[n] (NaN if unknown).
    """
    blocks: dict[str, SparseRows | np.ndarray] = {"words": word_rows(blobs, stats.idf)}
    blocks |= {name: space.project(vectors[name]) for name, space in stats.spaces.items()}
    blocks |= {name: scale.rows((opinions or {})[name]) for name, scale in stats.scales.items()}
    blocks |= {
        "origin": sparse_rows([_named(origin_features(i), ORIGIN_BUCKETS) for i in items]),
        "tags": sparse_rows([_named(tag_features(i), TAG_BUCKETS) for i in items]),
        "people": sparse_rows([_named(people_features(i), PEOPLE_BUCKETS) for i in items]),
        "popular": np.array([_popular(i, stats) for i in items], np.float32).reshape(len(items), POPULAR_DIMS),
        "shape": np.array([_shape(i) for i in items], np.float32).reshape(len(items), SHAPE_DIMS),
    }
    return Batch(
        np.array([i.item_id for i in items], np.int64),
        blocks,
        np.array([i.at for i in items], np.float64),
        np.array([code(i.source_key) for i in items], np.int64),
    )


def word_rows(blobs: Sequence[bytes], idf: np.ndarray) -> SparseRows:
    """Unit rows of (1 + log count) * idf over the hashed words."""
    if not blobs:
        return SparseRows.empty(0)
    size = np.array([len(b) // 4 for b in blobs], np.int64)
    hashes, counts = decode_words(b"".join(b[: len(b) // 4 * 4] for b in blobs))
    index = (hashes & np.uint32(WORD_BUCKETS - 1)).astype(np.uint16)
    value = (1.0 + np.log(np.maximum(counts, 1).astype(np.float32))) * idf[index]
    start = np.concatenate([[0], np.cumsum(size)])
    # bincount adds in order: a row's norm is the same to the bit whatever stands beside it.
    norm = np.sqrt(np.bincount(np.repeat(np.arange(len(size)), size), value * value, len(size)))
    value = value / np.repeat(np.maximum(norm, 1e-6), size)
    return SparseRows(start, index, value.astype(np.float32))


def origin_features(item: RankItem) -> list[tuple[str, float, str]]:
    """(key, value, readable name): the value is how far one label may move such an opinion."""
    marks = (
        ("author:" + item.author_key if item.author_key else "", 1.0, item.author or item.author_key),
        ("source:" + item.source_key if item.source_key else "", 0.8, item.source or item.source_key),
        ("site:" + item.domain if item.domain else "", 0.8, item.domain),
        ("kind:" + item.kind if item.kind else "", 0.4, item.kind),
        ("lang:" + item.lang if item.lang else "", 0.4, item.lang),
    )
    return [mark for mark in marks if mark[0]]


def tag_features(item: RankItem) -> list[tuple[str, float, str]]:
    """(key, value, readable name) of each tag; together they weigh as one, however many there are."""
    tags = sorted({tag.strip().lower(): tag for tag in item.tags if tag.strip()}.items())[:32]
    share = 1.0 / float(np.sqrt(len(tags))) if tags else 0.0
    return [("tag:" + key, share, name) for key, name in tags]


def people_features(item: RankItem) -> list[tuple[str, float, str]]:
    """Who brought the item, each once, and how many they are; its author's own post is `origin`'s affair."""
    who = {key: name or key for key, name, _how, _at in item.people if key and key != item.author_key}
    if not who:
        return []
    several = ("several people", 0.5 * float(np.log1p(len(who))), f"{len(who)} people")
    return [several, *(("person:" + key, 1.0, name) for key, name in who.items())]


def feature_index(key: str, buckets: int) -> int:
    """The bucket of a named feature."""
    return word_hash(key) & (buckets - 1)


def _named(features: list[tuple[str, float, str]], buckets: int) -> tuple[np.ndarray, np.ndarray]:
    index = np.array([feature_index(key, buckets) for key, _, _ in features], np.uint16)
    return index, np.array([value for _, value, _ in features], np.float32)


def _popular(item: RankItem, stats: ArchiveStats) -> tuple[float, float, float]:
    usual = stats.usual.get(item.source_key) or stats.usual.get("")
    if usual is None or (item.points is None and item.comments is None):
        return 0.0, 0.0, 0.0
    counts = log_counts(item, stats.growth)
    points = (counts[0] - usual[0]) / usual[1] if item.points is not None else 0.0
    talk = (counts[1] - usual[2]) / usual[3] if item.comments is not None else 0.0
    both = item.points is not None and item.comments is not None
    out = np.clip([points, talk, talk - points if both else 0.0], -2.5, 2.5)
    return float(out[0]), float(out[1]), float(out[2])


def _shape(item: RankItem) -> tuple[float, float, float, float, float]:
    length = float(np.clip((np.log1p(item.text_len) - _LENGTH[0]) / _LENGTH[1], -2.5, 2.5))
    still = 0.5 if item.media and not item.moving else -0.5
    moving = 0.5 if item.moving else -0.5
    return length, abs(length) - 1.0, still, 0.5 if item.title else -0.5, moving


def recency_rows(age: np.ndarray) -> np.ndarray:
    """float32[n, RECENCY_DIMS] of ages in seconds (NaN: unknown, a row of zeros): how old on a scale of
    hours to months, and whether it is of today.
    """
    hours = np.maximum(np.nan_to_num(age, nan=0.0), 0.0) / 3600.0
    scale = np.clip((np.log1p(hours) - 3.5) / 1.5, -2.5, 2.5)
    rows = np.stack([scale, np.where(hours < 24.0, 0.5, -0.5)], axis=1)
    return np.where(np.isnan(age)[:, None], 0.0, rows).astype(np.float32)


@lru_cache(maxsize=1 << 14)
def code(key: str) -> int:
    """A number for a key, the same in every process; 0 for an empty one."""
    if not key:
        return 0
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1
