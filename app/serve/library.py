"""The archive behind the feeds: read-only connections, and one page of any view, source or search."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.digest.compose import told
from penchant.app.digest.feed import entry
from penchant.app.digest.making import read
from penchant.app.digest.period import Kind, complete
from penchant.app.errors import NoSuchSource, StoreError
from penchant.app.store import Store
from penchant.app.types import View

from .entry import entry_of
from .model import Entry
from .reasons import Reasons

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.store.saved_searches import SavedSearch

#: Places of For you that `min` looks through.
SEARCHED = 1_000
#: Digests in a feed of them.
DIGESTS: dict[Kind, int] = {"day": 7, "week": 4}
#: Seconds between two places where dates follow the ranking.
STEP = 60.0
TITLES = {
    View.FOR_YOU: "For you", View.NEWEST: "Newest", View.SAVED: "Saved", View.LIKED: "Liked", View.LATER: "Later",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which list, and which part of it. `page` counts from 1; `least` is a probability (0: all)."""

    view: View
    source: int | None = None
    query: str = ""
    page: int = 1
    least: float = 0.0
    dated: bool = False
    #: The name of a saved search, whose query is then looked up for each page.
    saved: str = ""

    @property
    def name(self) -> str:
        """What tells this list from the others, whatever the page: "for-you", "source-3", "search-5f3a..."."""
        listed = self.view.value if self.source is None else f"source-{self.source}"
        if not (self.query or self.least or self.saved):
            return listed
        asked = f"{self.query}\n{self.least:.2f}{self.saved and chr(10)}{self.saved}".encode()
        return f"{listed}-{hashlib.blake2b(asked, digest_size=6).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Found:
    """A page: its entries in order, and whether there are more behind it."""

    title: str
    entries: tuple[Entry, ...]
    more: bool


class Library:
    """Safe to use from several threads: each call borrows a connection that nobody else has."""

    def __init__(self, archive: Path, size: int, reasons: bool = True) -> None:
        self.archive = archive
        self.size = size
        self._free: queue.LifoQueue[Store] = queue.LifoQueue()
        self._reasons = Reasons(archive) if reasons else None
        self._embedding = threading.Lock()

    @contextmanager
    def _store(self) -> Iterator[Store]:
        """A connection that can write nothing; one that failed is not used again. Raises `StoreError`."""
        try:
            store = self._free.get_nowait()
        except queue.Empty:
            store = Store.open(self.archive, create=False, role="reader")
            store.db.pragma("query_only", "on")
        try:
            yield store
        except StoreError:
            store.close()
            raise
        except BaseException:
            self._free.put(store)
            raise
        self._free.put(store)

    def sources(self) -> list[tuple[int, str, tuple[str, ...]]]:
        """(id, title, folder) of what the reader follows."""
        with self._store() as store:
            return [(s.id, s.title or s.address, s.folder) for s in store.subscriptions.all(counted=False)]

    def page(self, wanted: Wanted) -> Found:
        """One page. Raises `NoSuchSource`, `StoreError`."""
        with self._store() as store:
            title = self._title(store, wanted)
            with store.db.snapshot():
                ids = self._ids(store, wanted)
                more, ids = len(ids) > self.size, ids[: self.size]
                articles = [found for found in map(store.items.article, ids) if found is not None]
                uids = store.items.uids(ids)
        reasons = self._reasons.of(ids) if self._reasons else {}
        newest = max((article.card.first_seen for article in articles), default=0.0)
        skipped = (wanted.page - 1) * self.size
        entries = tuple(
            entry_of(
                article, uids[article.card.item_id], wanted.name, why=reasons.get(article.card.item_id, ""),
                at=newest - STEP * (skipped + place) if wanted.dated else None,
            )
            for place, article in enumerate(articles)
        )  # fmt: skip
        return Found(title, entries, more)

    def digests(self, kind: Kind, now: float) -> tuple[Entry, ...]:
        """The digests of the last days or weeks that are over, the newest first. Raises `StoreError`."""
        with self._store() as store:
            made = [read(store, each, now=now) for each in complete(kind, now, DIGESTS[kind])]
        made = [digest for digest in made if digest.sections]
        ids = list(dict.fromkeys(item_id for digest in made for item_id in digest.ids))
        why = self._reasons.in_words(ids) if self._reasons else {}
        return tuple(entry(told(digest, why)) for digest in made)

    def _title(self, store: Store, wanted: Wanted) -> str:
        if wanted.view is View.SEARCH:
            return self._saved(store, wanted.saved).name if wanted.saved else f"Search: {wanted.query}"
        if wanted.source is None:
            return TITLES[wanted.view]
        source = store.subscriptions.get(wanted.source)
        if source is None:
            raise NoSuchSource(f"there is no source {wanted.source}")
        return source.title or source.address

    @staticmethod
    def _saved(store: Store, name: str) -> SavedSearch:
        found = store.saved.get(name)
        if found is None:
            raise NoSuchSource(f"there is no saved search {name}")
        return found

    def _ids(self, store: Store, wanted: Wanted) -> list[int]:
        """One more than a page, so that the next one is known."""
        skipped = (wanted.page - 1) * self.size
        if wanted.view is View.SEARCH:
            query = self._saved(store, wanted.saved).query if wanted.saved else wanted.query
            found = store.search.search(query, embed=self._vector, limit=self.size + 1, offset=skipped)
            return [hit.item_id for hit in found.hits]
        if wanted.least <= 0:
            return store.items.ids(
                wanted.view, subscription_id=wanted.source, limit=self.size + 1, offset=skipped
            )
        ids = store.items.ids(wanted.view, subscription_id=wanted.source, limit=SEARCHED)
        likely = [c.item_id for c in store.items.cards(ids) if (c.probability or 0.0) >= wanted.least]
        return likely[skipped : skipped + self.size + 1]

    def _vector(self, text: str) -> np.ndarray:
        from penchant.app import embed

        with self._embedding:
            return embed.load().embed_batch([text])[0]

    def close(self) -> None:
        """Close every connection that is not in use."""
        if self._reasons:
            self._reasons.close()
        while True:
            try:
                self._free.get_nowait().close()
            except queue.Empty:
                return
