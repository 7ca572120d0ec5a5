"""From changed items to vectors, word statistics and a published ranking."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from . import embed
from .embed.base import item_text

if TYPE_CHECKING:
    from .store import Store

log = logging.getLogger(__name__)

#: Changes taken at once: about 50 ms of work, so that a stop is noticed soon.
CHUNK = 256


class Deriver:
    """Makes what is derived from items. Belongs to the thread of its store.

    Every step is idempotent: rows are keyed by the hash of the text they were
    made from, so a step repeated after a kill does no harm.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def step(self) -> int:
        """Take one chunk of the change queue; returns how many changes were done."""
        changes = self.store.changes.pending(0, CHUNK)
        if not changes:
            return 0
        ids = sorted({change.item_id for change in changes if change.action != "delete"})
        if ids:
            self._vectors(ids)
            self._words(ids)
        self.store.changes.done(changes[-1].seq)
        return len(changes)

    def catch_up(self) -> int:
        """One chunk of what is missing without a change to say so (after a rebuild); returns its size."""
        return self._vectors(None) + self._words(None)

    def _vectors(self, ids: list[int] | None) -> int:
        embedder = embed.load()
        rows = self.store.vectors.missing(embedder.name, CHUNK, item_ids=ids)
        if rows:
            vectors = embedder.embed_batch([item_text(title, text) for _, _, title, text in rows])
            self.store.vectors.put(
                embedder.name, [(row[1], vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)]
            )
        return len(rows)

    def _words(self, ids: list[int] | None) -> int:
        from .rank.features import encode_words

        rows = self.store.features.missing(CHUNK, item_ids=ids)
        if rows:
            self.store.features.put([(row[1], encode_words(*row[2:])) for row in rows])
        return len(rows)
