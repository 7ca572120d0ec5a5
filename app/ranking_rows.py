"""Items of the archive as rows for the ranking, read in chunks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .embed.static import StaticEmbedder
from .rank.batch import Batch, build_batch
from .rank.features import decode_words, encode_words
from .rank.order import Columns, columns, join
from .rank.stats import ArchiveStats, fit_stats
from .rank.types import RankItem

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


class RowReader:
    """Reads rows through one store; belongs to its thread."""

    def __init__(self, store: Store, stats: ArchiveStats | None = None) -> None:
        self.store = store
        self.stats = stats or ArchiveStats.empty(StaticEmbedder.dim)

    def read(self, ids: Sequence[int]) -> Block:
        """Rows of those ids that exist, in their order."""
        blocks = [self._chunk(ids[at : at + CHUNK]) for at in range(0, len(ids), CHUNK)] or [self._chunk([])]
        return Block(
            join([block.columns for block in blocks]),
            Batch.concat([block.batch for block in blocks]),
            np.concatenate([block.complete for block in blocks]),
        )

    def _chunk(self, ids: Sequence[int]) -> Block:
        items = self.store.items.rank_items(ids) if ids else []
        kept = [item.item_id for item in items]
        blobs, have = self._words(kept)
        vectors, mask = self._vectors(kept)
        return Block(columns(items), build_batch(items, blobs, vectors, self.stats), have & mask)

    def fit(self, ids: Sequence[int]) -> ArchiveStats:
        """Statistics of these items, to be used from now on."""
        blobs: list[bytes] = []
        vectors: list[np.ndarray] = []
        items: list[RankItem] = []
        for at in range(0, len(ids), CHUNK):
            chunk = self.store.items.rank_items(ids[at : at + CHUNK])
            kept = [item.item_id for item in chunk]
            blobs += self._words(kept)[0]
            found, mask = self._vectors(kept)
            # half precision while they are held: 10,000 vectors are 5 MB
            vectors.append(found[mask].astype(np.float16))
            items += map(_figures, chunk)
        matrix = np.concatenate(vectors) if vectors else np.zeros((0, StaticEmbedder.dim), np.float16)
        self.stats = fit_stats(items, (decode_words(blob)[0] for blob in blobs), matrix)
        return self.stats

    def _words(self, ids: Sequence[int]) -> tuple[list[bytes], np.ndarray]:
        found = self.store.features.get(ids)
        absent = [item_id for item_id in ids if item_id not in found][:OWN_WORDS]
        own = {k: encode_words(*text) for k, text in self.store.items.texts(absent).items()} if absent else {}
        blobs = [found.get(item_id) or own.get(item_id, b"") for item_id in ids]
        return blobs, np.array([item_id in found or item_id in own for item_id in ids], bool)

    def _vectors(self, ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        matrix, mask = self.store.vectors.get_matrix(StaticEmbedder.name, list(ids))
        if matrix.shape[1] != StaticEmbedder.dim:
            return np.zeros((len(ids), StaticEmbedder.dim), np.float32), np.zeros(len(ids), bool)
        return matrix, mask

    def blank(self) -> Batch:
        """One row that says nothing: for an item that no longer exists."""
        vectors = np.zeros((1, StaticEmbedder.dim), np.float32)
        batch = build_batch([RankItem(0, b"")], [b""], vectors, self.stats)
        return replace(batch, shape=np.zeros_like(batch.shape))


def _figures(item: RankItem) -> RankItem:
    """What the statistics read of an item: 10,000 whole ones are 20 MB of small objects."""
    key = sys.intern(item.source_key)
    return RankItem(item.item_id, b"", source_key=key, points=item.points, comments=item.comments)
