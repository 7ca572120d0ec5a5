"""The files of pictures in the cache folder: two JPEGs each, written by us, named by the hash of what came."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

#: What the two files end in.
THUMB, LARGE = ".thumb.jpg", ".large.jpg"
#: Pixels that they fit into: width, height.
THUMB_BOX, LARGE_BOX = (320, 320), (1280, 1600)
_HEX = 32


class PictureFiles:
    """Files below `folder`, which is made when the first picture comes. A hash is 16 bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def thumb(self, hash: bytes) -> Path:
        """Where the small JPEG is, or would be: it fits 320 x 320 pixels."""
        return self._path(hash, THUMB)

    def large(self, hash: bytes) -> Path:
        """Where the large JPEG is, or would be: it fits 1280 x 1600 pixels."""
        return self._path(hash, LARGE)

    def has(self, hash: bytes) -> bool:
        """Whether both files are there. An empty one is what a power cut leaves of a new file."""
        return all(_size(path) > 0 for path in (self.thumb(hash), self.large(hash)))

    def put(self, hash: bytes, thumb: bytes, large: bytes) -> int:
        """Write both, each at once or not at all; returns their bytes. Raises `OSError`."""
        for path, data in ((self.thumb(hash), thumb), (self.large(hash), large)):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                fresh.write_bytes(data)
                fresh.replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    fresh.unlink()
                raise
        return len(thumb) + len(large)

    def remove(self, hashes: Iterable[bytes]) -> None:
        """Delete the files of pictures; what is not there, or cannot be deleted, is left."""
        for hash in hashes:
            for path in (self.thumb(hash), self.large(hash)):
                with contextlib.suppress(OSError):
                    path.unlink()

    def sizes(self, *, tidy: bool = True) -> dict[bytes, int]:
        """Bytes of every picture that has both files. With `tidy`, halves and what a kill left are removed.

        Tidying belongs to whoever writes: what is being written looks like a half.
        """
        found: dict[bytes, list[tuple[str, int]]] = {}
        for path, about in self._walk():
            size = about.st_size
            name, _, kind = path.name.partition(".")
            hash = _hash(name)
            if hash is not None and f".{kind}" in (THUMB, LARGE) and size:
                found.setdefault(hash, []).append((kind, size))
            elif tidy and (not size or path.name.endswith(".part")):
                with contextlib.suppress(OSError):
                    path.unlink()
        if tidy:
            self.remove(hash for hash, files in found.items() if len(files) < 2)
        return {hash: sum(size for _, size in files) for hash, files in found.items() if len(files) == 2}

    def reads(self) -> dict[bytes, float]:
        """When a file of a picture was last read (Unix seconds; most systems are content with the day)."""
        found: dict[bytes, float] = {}
        for path, about in self._walk():
            hash = _hash(path.name.partition(".")[0])
            if hash is not None:
                found[hash] = max(found.get(hash, 0.0), about.st_atime)
        return found

    def _walk(self) -> Iterable[tuple[Path, os.stat_result]]:
        with contextlib.suppress(OSError):
            for shelf in os.scandir(self.folder):
                if shelf.is_dir(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        for file in os.scandir(shelf.path):
                            yield Path(file.path), file.stat(follow_symlinks=False)

    def _path(self, hash: bytes, kind: str) -> Path:
        name = hash.hex()
        return self.folder / name[:2] / (name + kind)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _hash(name: str) -> bytes | None:
    if len(name) != _HEX:
        return None
    try:
        return bytes.fromhex(name)
    except ValueError:
        return None
