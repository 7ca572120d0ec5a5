"""Zip files: whole ones by their directory, cut ones by walking from header to header.

A member is inflated piece by piece while it is read. One that grows more than
`RATIO` times is a bomb: JSON and CSV of people shrink to a tenth, deflate at
most to a thousandth.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.adapters.base import Malformed

from .archive import CHUNK, HINT, MAX_BYTES, MAX_NAMES, pieces, safe_name

RATIO, FREE = 200, 32 << 20
#: Bytes of a directory, which is read as a whole: 400,000 files and more.
MAX_DIRECTORY = 48 << 20
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def is_zip(path: Path) -> bool:
    """Whether the file has a directory at its end, as every whole zip has."""
    try:
        return zipfile.is_zipfile(path)
    except OSError:
        return False


def _directory(path: Path) -> int:
    """Bytes that a zip file's directory says it has; 0 where that cannot be told."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - (1 << 16) - 100))
            tail = file.read()
            at = tail.rfind(b"PK\x05\x06")
            length = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
            if length == 0xFFFFFFFF and tail[at - 20 : at - 16] == b"PK\x06\x07":
                file.seek(int.from_bytes(tail[at - 12 : at - 4], "little"))
                length = int.from_bytes(file.read(56)[40:48], "little")
            return length
    except (OSError, ValueError, OverflowError):
        return 0


class Zip:
    """A whole zip file."""

    def __init__(self, path: Path) -> None:
        self.path, self.unsafe, self.damage = path, 0, ""
        if _directory(path) > MAX_DIRECTORY:
            raise Malformed(f"{path} lists more files than any export has", hint=HINT)
        try:
            self._zip = zipfile.ZipFile(path)
        except _FAULTS as error:
            raise Malformed(f"{path} is a damaged zip file ({_words(error)})", hint=HINT) from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist()[:MAX_NAMES]:
            if info.is_dir():
                continue
            # A stored name with a backslash was already changed by zipfile; the original one is judged.
            name = safe_name(info.orig_filename)
            if not name:
                self.unsafe += 1
            else:
                self._members.setdefault(name, info)
        if locked := sum(info.flag_bits & 1 for info in self._members.values()):
            self.damage = f"{locked:,} of the {len(self._members):,} files in {path.name} are encrypted"

    def names(self) -> list[str]:
        return list(self._members)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def stamp(self, name: str) -> str:
        return f"{self._members[name].CRC:08x}"

    def read(self, name: str) -> Iterator[bytes]:
        from .base import Broken

        info = self._members[name]
        if info.flag_bits & 1:
            raise Broken(f"{name} is encrypted", hint="Unpack the zip with its password and import the folder.")
        guard = _Guard(name, info.compress_size)
        try:
            with self._zip.open(info) as file:
                for piece in pieces(file):  # type: ignore[arg-type]
                    guard.check(len(piece))
                    yield piece
        except Broken:
            raise
        except _FAULTS as error:
            raise Broken(f"{name} is damaged inside the zip ({_words(error)})") from error

    def close(self) -> None:
        self._zip.close()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A member found by its local header: where its bytes begin and what is known of it."""

    start: int
    method: int
    flags: int
    packed: int | None
    size: int
    crc: int


class CutZip:
    """A zip file without its end (an interrupted download): everything up to the cut can be read."""

    def __init__(self, path: Path) -> None:
        self.path, self.unsafe = path, 0
        self.damage = f"{path.name} is cut short: its end is missing, and with it files that nobody can name"
        self._members: dict[str, _Piece] = {}
        try:
            self._end = path.stat().st_size
            with path.open("rb") as file:
                self._walk(file)
        except OSError as error:
            raise Malformed(f"{path} cannot be read: {error.strerror}", hint=HINT) from error
        if not self._members:
            raise Malformed(f"{path} is a zip file cut short before its first whole entry", hint=HINT)

    def _walk(self, file: Any) -> None:
        place = 0
        while len(self._members) < MAX_NAMES:
            file.seek(place)
            head = file.read(_LOCAL.size)
            if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
                return
            _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
            raw = file.read(name_length)
            extra = file.read(extra_length)
            if len(raw) < name_length or len(extra) < extra_length:
                return
            size, packed = _wide(extra, size, packed)
            start = place + _LOCAL.size + name_length + extra_length
            known = None if flags & 8 else packed
            self._add(raw.decode("utf-8", "replace"), _Piece(start, method, flags, known, size, crc))
            if known is None:
                found = _after(file, start) if method == zipfile.ZIP_DEFLATED else None
                if found is None:
                    return
                place = found
            else:
                place = start + known

    def _add(self, raw: str, piece: _Piece) -> None:
        name = safe_name(raw)
        if name:
            self._members.setdefault(name, piece)
        elif not raw.endswith("/"):
            self.unsafe += 1

    def names(self) -> list[str]:
        return list(self._members)

    def size(self, name: str) -> int:
        return self._members[name].size

    def stamp(self, name: str) -> str:
        found = self._members[name]
        return f"{found.crc:08x}:{found.start}:{self._end}"

    def read(self, name: str) -> Iterator[bytes]:
        from .base import Broken

        found = self._members[name]
        if found.flags & 1 or found.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Broken(f"{name} is packed in a way that cannot be read from a zip cut short")
        left = self._end - found.start if found.packed is None else found.packed
        guard = _Guard(name, min(left, self._end - found.start))
        try:
            with self.path.open("rb") as file:
                file.seek(found.start)
                for piece in _unpacked(file, found.method, left):
                    guard.check(len(piece))
                    yield piece
        except (OSError, zlib.error) as error:
            raise Broken(f"{name} is damaged inside the zip ({_words(error)})") from error
        if found.packed is not None and found.start + found.packed > self._end:
            raise Broken(f"{name} is cut short, since the zip is")

    def close(self) -> None:
        pass


class _Guard:
    """Counts what comes out of a member against what went in."""

    def __init__(self, name: str, packed: int) -> None:
        self.name, self.most = name, min(FREE + RATIO * packed, MAX_BYTES)
        self.came = 0

    def check(self, count: int) -> None:
        from .base import Broken

        self.came += count
        if self.came > self.most:
            raise Broken(
                f"{self.name} grows more than {RATIO} times while it is inflated: a zip bomb, and it was stopped",
                hint="No service makes such a file. What was read before was kept.",
            )


def _unpacked(file: Any, method: int, left: int) -> Iterator[bytes]:
    """The bytes of a member, in pieces. Raises `zlib.error`."""
    inflate = zlib.decompressobj(-15) if method == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := file.read(min(CHUNK, left))):
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while packed and not inflate.eof:
            piece = inflate.decompress(packed, CHUNK)
            packed = inflate.unconsumed_tail
            if piece:
                yield piece
        if inflate.eof:
            return


def _after(file: Any, start: int) -> int | None:
    """Where the next header begins behind a deflated member of unknown length; None where that is cut off."""
    file.seek(start)
    inflate, place = zlib.decompressobj(-15), start
    while packed := file.read(CHUNK):
        place += len(packed)
        try:
            while packed and not inflate.eof:
                inflate.decompress(packed, CHUNK)
                packed = inflate.unconsumed_tail
        except zlib.error:
            return None
        if inflate.eof:
            place -= len(inflate.unused_data)
            file.seek(place)
            tail = file.read(28)
            # A data descriptor: perhaps a signature, a CRC, two lengths of 4 or of 8 bytes.
            ends = (n for n in (16, 12, 24, 20) if tail[n : n + 4] in (b"PK\x03\x04", b"PK\x01\x02"))
            return next((place + n for n in ends), None)
    return None


def _wide(extra: bytes, size: int, packed: int) -> tuple[int, int]:
    """Lengths of 8 bytes out of the ZIP64 field, where the header says that they are there."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1 and length >= 16 and place + 20 <= len(extra) and 0xFFFFFFFF in (size, packed):
            return struct.unpack_from("<QQ", extra, place + 4)
        place += 4 + length
    return size, packed


def _words(error: BaseException) -> str:
    return str(error)[:120] or type(error).__name__
