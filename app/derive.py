"""From changed items to vectors, word statistics and a published ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import embed
from .embed.base import item_text

if TYPE_CHECKING:
    import numpy as np

    from .store import Store

#: Changes taken at once: about 50 ms of work, so that a stop is noticed soon.
CHUNK = 256
#: Rows of a catch-up, which looks through the whole archive each time.
CATCH_UP = 4_000


def meaning(text: str) -> np.ndarray:
    """A text as a vector of the space that items are derived in."""
    return embed.load().embed_batch([text])[0]


class Deriver:
    """Makes what is derived from items. Belongs to the thread of its store.

    Every step is idempotent: rows are keyed by the hash of the text they were
    made from, so a step repeated after a kill does no harm.
    """

    def __init__(self, store: Store) -> None:
        from .rank.features import VERSION

        self.store = store
        self._unsure = True
        if store.features.require(VERSION):
            # What was learned speaks of words that the blobs name differently now.
            store.scores.forget()

    def step(self) -> int:
        """Take one chunk of the change queue, once of what no change told of; returns how much was done."""
        changes = self.store.changes.pending(0, CHUNK)
        if not changes:
            return self.catch_up() if self._unsure else 0
        ids = sorted({change.item_id for change in changes if change.action != "delete"})
        if ids:
            self._vectors(CHUNK, ids)
            self._words(CHUNK, ids)
        self.store.changes.done(changes[-1].seq)
        return len(changes)

    def catch_up(self) -> int:
        """A large chunk of what is missing without a change to say so (after a rebuild); returns its size."""
        done = self._vectors(CATCH_UP) + self._words(CATCH_UP)
        if not done:
            self._unsure = False
            self.store.vectors.set_complete(embed.space())
        return done

    def _vectors(self, limit: int, ids: list[int] | None = None) -> int:
        rows = self.store.vectors.missing(embed.space(), limit, item_ids=ids)
        if rows:
            embedder = embed.load()
            vectors = embedder.embed_batch([item_text(title, text) for _, _, title, text in rows])
            keyed = [(row[1], vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)]
            self.store.vectors.put(embedder.name, keyed)
        return len(rows)

    def _words(self, limit: int, ids: list[int] | None = None) -> int:
        rows = self.store.features.missing(limit, item_ids=ids)
        if rows:
            from .rank.features import encode_many

            blobs = encode_many([row[2:] for row in rows])
            self.store.features.put([(row[1], blob) for row, blob in zip(rows, blobs, strict=True)])
        return len(rows)
