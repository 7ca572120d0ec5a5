"""Exports opened where they lie: a zip, a folder or one file, read in pieces and never unpacked.

Names are those inside the export, with "/" between folders. A name that would
lead out of it is not listed, so nothing can ask for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from penchant.adapters.base import Malformed

CHUNK = 1 << 17
#: Most files in one export, and bytes of one file that is read (both far beyond real ones).
MAX_NAMES, MAX_BYTES = 500_000, 64 << 30
MAX_NAME, MAX_DEPTH = 1_000, 30
HINT = "Choose the zip as the service gave it, the folder it unpacks to, or one file of it."

Told = Callable[[int], None]


class Archive(Protocol):
    """Files by name. `unsafe` counts names that lead elsewhere, `damage` says what is wrong with the whole."""

    path: Path
    unsafe: int
    damage: str

    def names(self) -> list[str]:
        """Every file, in the archive's order."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file once inflated, as the archive declares them."""
        ...

    def stamp(self, name: str) -> str:
        """Changes when the file does."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """A file in pieces of at most `CHUNK` bytes. Raises `exports.base.Broken`."""
        ...

    def close(self) -> None: ...


def open_archive(path: Path) -> Archive:
    """The export at `path`. Raises `Malformed` where nothing there can be one."""
    from .zips import CutZip, Zip, is_zip

    try:
        if path.is_dir():
            return Folder(path)
        if path.exists() and not path.is_file():
            raise Malformed(f"{path} is neither a file nor a folder", hint=HINT)
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}", hint=HINT) from error
    if head[:2] == b"\x1f\x8b":
        raise Malformed(f"{path} is a gzip or tar.gz file", hint="Unpack it (tar xzf) and import the folder.")
    if head.startswith(b"PK\x05\x06") or head.startswith(b"PK\x03\x04"):
        return Zip(path) if is_zip(path) else CutZip(path)
    return OneFile(path)


def digest(archive: Archive, names: list[str]) -> str:
    """32 hex digits that change when any of these files does."""
    whole = hashlib.blake2b(digest_size=16)
    for name in names:
        whole.update(f"{name}\x1f{archive.size(name)}\x1f{archive.stamp(name)}\x1e".encode("utf-8", "replace"))
    return whole.hexdigest()


def safe_name(name: str) -> str:
    """A name inside the archive with "/" between folders; "" where it leads out of it or holds control bytes.

    >>> safe_name("data\\\\like.js"), safe_name("../etc/passwd"), safe_name("/etc/passwd"), safe_name("C:/x")
    ('data/like.js', '', '', '')
    """
    name = name.replace("\\", "/")
    parts = name.split("/")
    wrong = (
        not name.isprintable() or len(name) > MAX_NAME or len(parts) > MAX_DEPTH or name[1:2] == ":"
        or any(part in ("", ".", "..") for part in parts)
    )  # fmt: skip
    return "" if wrong else name


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """An open file in pieces, at most `MAX_BYTES` of it."""
    left = MAX_BYTES
    while left > 0 and (piece := file.read(CHUNK)):
        left -= len(piece)
        yield piece


class Folder:
    """An unpacked export. Links are not followed."""

    def __init__(self, path: Path) -> None:
        self.path, self.unsafe, self.damage = path, 0, ""
        self._names = self._walk()

    def _walk(self) -> list[str]:
        found: list[str] = []
        for folder, folders, files in os.walk(self.path):
            folders.sort()
            inside = Path(folder).relative_to(self.path)
            if len(inside.parts) > MAX_DEPTH:
                folders.clear()
            for file in sorted(files):
                name = safe_name((inside / file).as_posix())
                place = Path(folder, file)
                if not name or place.is_symlink() or not place.is_file():
                    self.unsafe += 1
                elif len(found) < MAX_NAMES:
                    found.append(name)
        return found

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        return _stat(self.path / name)[0]

    def stamp(self, name: str) -> str:
        return str(_stat(self.path / name)[1])

    def read(self, name: str) -> Iterator[bytes]:
        return _read(self.path / name, name)

    def close(self) -> None:
        pass


class OneFile:
    """A single file taken out of an export, or an export that is one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.unsafe, self.damage = path, 0, ""

    def names(self) -> list[str]:
        return [self.path.name]

    def size(self, name: str) -> int:
        return _stat(self.path)[0]

    def stamp(self, name: str) -> str:
        return str(_stat(self.path)[1])

    def read(self, name: str) -> Iterator[bytes]:
        return _read(self.path, name)

    def close(self) -> None:
        pass


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _read(path: Path, name: str) -> Iterator[bytes]:
    from .base import Broken

    try:
        with path.open("rb") as file:
            yield from pieces(file)
    except OSError as error:
        raise Broken(f"{name} cannot be read ({error.strerror})") from error
