"""Blocks of a CAR file (content-addressed archive, version 1): https://ipld.io/specs/transport/car/carv1/

A block is named by its CID, here its bytes as they stand in the file. Nothing is verified against the hashes: the
reader's own file is believed, what is broken in it becomes words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cbor2

from .archive import Archive
from .base import Broken

#: Largest block read (a record of the network is at most 1 MiB), and the deepest nesting of a record.
MAX_BLOCK, MAX_DEPTH = 2 << 20, 64
#: DAG-CBOR's tag of a link, before whose CID stands a zero: https://ipld.io/specs/codecs/dag-cbor/spec/#links
_LINK = 42


class Link(bytes):
    """A CID inside a record."""


def blocks(archive: Archive, name: str) -> Iterator[tuple[bytes, bytes]]:
    """(CID, body) of every block, in the order of the file. Raises `Broken`."""
    source = _Source(archive.read(name), name)
    header = source.take(source.varint())
    if b"roots" not in header:
        raise Broken(f"{name} is no CAR file")
    while not source.ended():
        length = source.varint()
        if length > MAX_BLOCK:
            raise Broken(f"{name} has a block of {length:,} bytes")
        block = source.take(length)
        end = _cid_end(block, name)
        yield block[:end], block[end:]


def decoded(body: bytes) -> Any:
    """A record; None where it is none. Links are `Link`."""
    try:
        return cbor2.loads(body, tag_hook=_link, max_depth=MAX_DEPTH)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError):
        return None


def _link(*asked: Any) -> Any:
    tag = next((each for each in asked if isinstance(each, cbor2.CBORTag)), None)
    if tag is not None and tag.tag == _LINK and isinstance(tag.value, bytes):
        return Link(tag.value[1:])
    return None


def _cid_end(block: bytes, name: str) -> int:
    """Where the CID (version, codec, hash function, length, digest) ends."""
    if block[:2] == b"\x12\x20":  # version 0: a bare SHA-256
        return 34
    at = 0
    for _ in range(4):
        value, shift = 0, 0
        while True:
            if at >= len(block) or shift > 63:
                raise Broken(f"{name} has a block without a name")
            byte = block[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
    if at + value > len(block):
        raise Broken(f"{name} has a block without a name")
    return at + value


class _Source:
    """Bytes of a stream by number."""

    def __init__(self, pieces: Iterator[bytes], name: str) -> None:
        self._pieces, self._name = pieces, name
        self._buffer, self._at = b"", 0

    def ended(self) -> bool:
        return not self._fill(1)

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise Broken(f"{self._name} is no CAR file")

    def take(self, count: int) -> bytes:
        if count > MAX_BLOCK or not self._fill(count):
            raise Broken(f"{self._name} breaks off" if count <= MAX_BLOCK else f"{self._name} is no CAR file")
        self._at += count
        return self._buffer[self._at - count : self._at]

    def _fill(self, count: int) -> bool:
        while len(self._buffer) - self._at < count:
            more = next(self._pieces, None)
            if more is None:
                return False
            self._buffer, self._at = self._buffer[self._at :] + more, 0
        return True
