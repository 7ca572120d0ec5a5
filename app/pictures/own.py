"""Pictures out of the reader's own exports: one file read where the archive lies, bounded, without any network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.adapters.base import SourceError, TooLarge
from penchant.adapters.exports.archive import Archive, open_archive
from penchant.adapters.exports.inside import parts
from penchant.app.store.imported import Imported

if TYPE_CHECKING:
    from penchant.app.sync import Call

#: What changes when another archive lies at a path: bytes, nanoseconds of its last change.
_Mark = tuple[str, int, int]


class OwnExports:
    """Keeps the archive open that was asked last, since an article asks for several. `most`: bytes of one file."""

    def __init__(self, call: Call, most: int) -> None:
        self._call, self._most = call, most
        self._lock = asyncio.Lock()
        self._mark: _Mark | None = None
        self._open: Archive | None = None
        self._names: frozenset[str] = frozenset()

    async def read(self, address: str, brought: Sequence[str]) -> bytes:
        """The bytes of "export:OWNER/FILE" for a picture that the sources `brought` show.

        Raises `SourceError` in words: the export is gone from its place, lacks the file, or it is broken or too large.
        """
        owner, name = parts(address)
        if not owner or owner not in brought:
            raise SourceError("no export of yours holds it")
        places = await self._call(lambda store: Imported(store.db).places(owner))
        if not places:
            raise SourceError("its import was taken back")
        async with self._lock:
            return await asyncio.to_thread(self._first, [Path(place) for place in places], name)

    async def close(self) -> None:
        """Let the archive go: its list of files may take megabytes."""
        async with self._lock:
            await asyncio.to_thread(self._close)

    def _first(self, places: Sequence[Path], name: str) -> bytes:
        """From the first place whose archive holds the file. Raises `SourceError`."""
        here = [place for place in places if place.exists()]
        for place in here:
            if name in self._opened(place):
                return self._bytes(name)
        if not here:
            place = places[0]
            raise SourceError(
                f"the export {place.name} is no longer at {place}: put it back, or import it again from its new place"
            )
        raise SourceError(f"the export at {here[0]} does not hold {name}")

    def _opened(self, place: Path) -> frozenset[str]:
        """Names in the archive at `place`, opened anew where it is another one than before."""
        try:
            about = place.stat()
        except OSError as error:
            raise SourceError(f"{place} cannot be read: {error.strerror}") from None
        mark = (str(place), about.st_size, about.st_mtime_ns)
        if mark != self._mark:
            self._close()
            self._open = open_archive(place)
            self._names, self._mark = frozenset(self._open.names()), mark
        return self._names

    def _bytes(self, name: str) -> bytes:
        assert self._open is not None
        found = bytearray()
        for piece in self._open.read(name):
            found += piece
            if len(found) > self._most:
                raise TooLarge(f"{name} is too large")
        return bytes(found)

    def _close(self) -> None:
        if self._open is not None:
            with contextlib.suppress(OSError):
                self._open.close()
        self._open, self._mark, self._names = None, None, frozenset()
