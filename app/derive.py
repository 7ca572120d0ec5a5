"""From changed items to vectors, word statistics and a published ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import embed
from .embed.base import item_text

if TYPE_CHECKING:
    from .store import Store

#: Changes taken at once: about 50 ms of work, so that a stop is noticed soon.
CHUNK = 256
#: Rows of a catch-up, which looks through the whole archive each time.
CATCH_UP = 4_000


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
        hashes, texts = self.store.items.hashes(ids), self.store.items.texts(ids)
        # items that share a text share what is derived from it
        distinct = {hashes[item_id]: text for item_id, text in texts.items() if item_id in hashes}
        self._vectors({key: (title, text) for key, (title, text, _) in distinct.items()})
        self._words(distinct)
        self.store.changes.done(changes[-1].seq)
        return len(changes)

    def catch_up(self) -> int:
        """One large chunk of what is missing without a change to say so (after a rebuild); returns its size."""
        from .store.rows import load_tags

        vectors = self.store.vectors.missing(embed.load().name, CATCH_UP)
        self._vectors({key: (title, text) for _, key, title, text in vectors})
        words = self.store.features.missing(CATCH_UP)
        self._words({key: (title, text, load_tags(tags)) for _, key, title, text, tags in words})
        return len(vectors) + len(words)

    def _vectors(self, texts: Mapping[bytes, tuple[str, str]]) -> None:
        if texts:
            embedder = embed.load()
            vectors = embedder.embed_batch([item_text(title, text) for title, text in texts.values()])
            self.store.vectors.put(
                embedder.name, [(key, vector.tobytes()) for key, vector in zip(texts, vectors, strict=True)]
            )

    def _words(self, texts: Mapping[bytes, tuple[str, str, tuple[str, ...]]]) -> None:
        if texts:
            from .rank.features import encode_words

            self.store.features.put([(key, encode_words(*text)) for key, text in texts.items()])
