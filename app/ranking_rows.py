"""Items of the archive as rows for the ranking, read in chunks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from . import heap
from .embed.static import StaticEmbedder
from .rank.batch import SHAPE_DIMS, Batch, build_batch
from .rank.features import decode_words, encode_words, forget_words
from .rank.order_columns import Columns, columns, join
from .rank.stats import ArchiveStats, fit_stats
from .rank.stories import Signs, signs
from .rank.types import RankItem
from .ranking_news import KIND, OPTIONAL, News, given_spaces, heard_judges

if TYPE_CHECKING:
    from .store import Store

#: Items read at once: 1,000 vectors are 1 MB.
CHUNK = 1_000
#: Texts whose words are counted here when the worker has not come to them yet (25-80 us each).
OWN_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Block:
    """Items that still exist: columns for ordering, rows, and which the worker has finished (words, vector).

    The items themselves are not kept: 10,000 of them are 20 MB of small objects.
    """

    columns: Columns
    batch: Batch
    complete: np.ndarray
    signs: Signs

    def take(self, rows: np.ndarray) -> Block:
        """The items at these places (ascending)."""
        return Block(self.columns.take(rows), self.batch.take(rows), self.complete[rows], self.signs.take(rows))

    @staticmethod
    def concat(parts: Sequence[Block]) -> Block:
        """Several blocks as one."""
        return Block(
            join([block.columns for block in parts]),
            Batch.concat([block.batch for block in parts]),
            np.concatenate([block.complete for block in parts]),
            Signs.concat([block.signs for block in parts]),
        )


class RowReader:
    """Reads rows through one store; belongs to its thread."""

    def __init__(self, store: Store, stats: ArchiveStats | None = None) -> None:
        self.store = store
        self.stats = stats or ArchiveStats.empty(self.spaces())
        self.news = News(store)

    def spaces(self) -> dict[str, tuple[str, int]]:
        """(name, dimensions) of the vector space that each expert of the archive reads now."""
        return {"static": (StaticEmbedder.name, StaticEmbedder.dim), **given_spaces(self.store)}

    def outdated(self) -> bool:
        """Whether the archive has other vector spaces or another judge than the statistics know."""
        return {key: name for key, (name, _) in self.spaces().items()} | heard_judges(self.store) != self.stats.given

    def read(self, ids: Sequence[int]) -> Block:
        """Rows of those ids that exist, in their order."""
        blocks = [self._chunk(ids[at : at + CHUNK]) for at in range(0, len(ids), CHUNK)] or [self._chunk([])]
        return Block.concat(blocks)

    def _chunk(self, ids: Sequence[int]) -> Block:
        items = self.store.items.rank_items(ids) if ids else []
        kept = [item.item_id for item in items]
        blobs, have = self._words(kept)
        vectors: dict[str, np.ndarray] = {}
        for key, space in self.stats.spaces.items():
            vectors[key], mask = self._vectors(kept, space.name, len(space.centre))
            have = have & mask if key not in OPTIONAL else have
        opinions = {key: self._opinions(kept, key, scale.name) for key, scale in self.stats.scales.items()}
        batch = build_batch(items, blobs, vectors, self.stats, opinions)
        return Block(columns(items), batch, have, signs(items))

    def fit(self, ids: Sequence[int]) -> ArchiveStats:
        """Statistics of these items, to be used from now on."""
        blobs: list[bytes] = []
        spaces = self.spaces()
        vectors: dict[str, list[np.ndarray]] = {key: [] for key in spaces}
        judges = heard_judges(self.store)
        opinions: dict[str, list[np.ndarray]] = {key: [] for key in judges}
        items: list[RankItem] = []
        for at in range(0, len(ids), CHUNK):
            chunk = self.store.items.rank_items(ids[at : at + CHUNK])
            kept = [item.item_id for item in chunk]
            blobs += self._words(kept)[0]
            for key, (name, dims) in spaces.items():
                found, mask = self._vectors(kept, name, dims)
                # half precision while they are held: 10,000 vectors are 5 MB
                vectors[key].append(found[mask].astype(np.float16))
            for key, model in judges.items():
                opinions[key].append(self._opinions(kept, key, model))
            items += map(_figures, chunk)
        matrices = {
            key: np.concatenate(vectors[key]) if vectors[key] else np.zeros((0, dims), np.float16)
            for key, (_, dims) in spaces.items()
        }
        names = {key: name for key, (name, _) in spaces.items()} | judges
        said = {key: np.concatenate(found) if found else np.zeros(0) for key, found in opinions.items()}
        self.stats = fit_stats(items, (decode_words(blob)[0] for blob in blobs), matrices, names, said)
        return self.stats

    def _words(self, ids: Sequence[int]) -> tuple[list[bytes], np.ndarray]:
        found = self.store.features.get(ids)
        absent = [item_id for item_id in ids if item_id not in found][:OWN_WORDS]
        own = {k: encode_words(*text) for k, text in self.store.items.texts(absent).items()} if absent else {}
        blobs = [found.get(item_id) or own.get(item_id, b"") for item_id in ids]
        return blobs, np.array([item_id in found or item_id in own for item_id in ids], bool)

    def _vectors(self, ids: Sequence[int], space: str, dims: int) -> tuple[np.ndarray, np.ndarray]:
        matrix, mask = self.store.vectors.get_matrix(space, list(ids))
        if matrix.shape[1] != dims:
            return np.zeros((len(ids), dims), np.float32), np.zeros(len(ids), bool)
        return matrix, mask

    def _opinions(self, ids: Sequence[int], expert: str, model: str) -> np.ndarray:
        """float64[n], NaN where the judge has said nothing."""
        found = self.store.opinions.values(model, KIND[expert], ids) if ids else {}
        return np.array([found.get(item_id, np.nan) for item_id in ids], np.float64)

    def blank(self) -> Batch:
        """One row that says nothing: for an item that no longer exists."""
        vectors = {key: np.zeros((1, len(space.centre)), np.float32) for key, space in self.stats.spaces.items()}
        nothing = {key: np.full(1, np.nan) for key in self.stats.scales}
        batch = build_batch([RankItem(0, b"")], [b""], vectors, self.stats, nothing)
        return replace(batch, blocks={**batch.blocks, "shape": np.zeros((1, SHAPE_DIMS), np.float32)})


def give_back() -> None:
    """Return what reading left over to the system (13 MB after a load)."""
    forget_words()
    heap.give_back()


def least(a: int | None, b: int | None) -> int | None:
    """The smaller of two places; None is none."""
    return b if a is None else a if b is None else min(a, b)


def _figures(item: RankItem) -> RankItem:
    """What the statistics read of an item: 10,000 whole ones are 20 MB of small objects."""
    key = sys.intern(item.source_key)
    return RankItem(
        item.item_id,
        b"",
        source_key=key,
        points=item.points,
        comments=item.comments,
        published=item.published,
        first_seen=item.first_seen,
        counted=item.counted,
    )
