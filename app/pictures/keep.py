"""Keeps files and archive in step, and the files within their room on the disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .files import PictureFiles

if TYPE_CHECKING:
    from penchant.app.store import Store

log = logging.getLogger(__name__)

#: So full the cache is after making room: not every new picture costs an old one.
LEFT = 0.9


class Keeper:
    """Belongs to the thread of the store. `most` is the room in bytes."""

    def __init__(self, files: PictureFiles, most: int) -> None:
        self.files, self.most = files, most
        self.used = 0

    def begin(self, store: Store) -> None:
        """Put right what a kill, a full disk or a reader with `rm` left: rows without files, files without rows."""
        forgotten = store.pictures.prune()
        here = self.files.sizes()
        known = {hash for hash, _ in store.pictures.last_use()}
        store.pictures.evicted(known - here.keys())
        self.files.remove(here.keys() - known)
        self.used = sum(size for hash, size in here.items() if hash in known)
        lost, strays = len(known - here.keys()), len(here.keys() - known)
        if forgotten or lost or strays:
            fields = {"forgotten": forgotten, "lost": lost, "strays": strays}
            log.info("pictures put in order", extra={"fields": fields})

    def missing(self, store: Store, hashes: set[bytes]) -> set[bytes]:
        """Those that should be there and are not; the archive then knows."""
        lost = {hash for hash in hashes if not self.files.has(hash)}
        store.pictures.evicted(lost)
        return lost

    def make_room(self, store: Store) -> int:
        """Remove what was not looked at for longest until the rest fits; returns how many pictures went."""
        if self.used <= self.most:
            return 0
        sizes = self.files.sizes(tidy=False)  # anew: another process may have cleared the cache
        self.used = sum(sizes.values())
        if self.used <= self.most:
            return 0
        # A screen says what it asks for; what it finds here it only reads.
        reads, victims = self.files.reads(), []
        for hash, _ in sorted(store.pictures.last_use(), key=lambda use: max(use[1], reads.get(use[0], 0.0))):
            if self.used <= LEFT * self.most:
                break
            if hash in sizes:
                self.used -= sizes[hash]
                victims.append(hash)
        store.pictures.evicted(victims)  # first: a screen that reads meanwhile then knows why
        self.files.remove(victims)
        log.info("room made for pictures", extra={"fields": {"pictures": len(victims), "bytes": self.used}})
        return len(victims)
