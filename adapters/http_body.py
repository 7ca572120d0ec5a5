"""Reading a response body: decoded as it arrives, counted, and cut off at a limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from .base import Malformed, SourceError, TooLarge

#: What we ask for; both are decoded by zlib with an exact output limit.
ACCEPT_ENCODING = "gzip, deflate"


class Inflater:
    """Decodes gzip (several members too) or deflate, never past `limit` bytes of output."""

    def __init__(self, host: str, limit: int) -> None:
        self._host = host
        self._limit = limit
        self._size = 0
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._started = False

    def feed(self, data: bytes) -> bytes:
        """Decode a piece. Raises `TooLarge` past the limit, `Malformed` for broken data."""
        parts: list[bytes] = []
        while data:
            try:
                part = self._zlib.decompress(data, self._limit - self._size + 1)
            except zlib.error as error:
                if self._started:
                    raise Malformed(f"{self._host} sent damaged compressed data ({error}).") from error
                # some servers send deflate without its header
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
                self._started = True
                continue
            self._started = True
            self._size += len(part)
            if self._size > self._limit:
                raise TooLarge(f"{self._host} sent more than {_mib(self._limit)} (decompressed).")
            parts.append(part)
            if not self._zlib.eof:
                break
            data = self._zlib.unused_data
            if data[:2] != b"\x1f\x8b":
                break  # trailing garbage after the last member, as gzip(1) ignores it
            self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
        return b"".join(parts)


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB" if size >= 2**20 else f"{size} bytes"


async def read_body(chunks: AsyncIterator[bytes], encoding: str, host: str, limit: int) -> bytes:
    """Body of a response as sent, decoded by its Content-Encoding; at most `limit` bytes either way."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Malformed(f"{host} sent a body in the encoding {encoding[:40]!r}, which nobody asked for.")
    inflate = None if encoding in ("", "identity") else Inflater(host, limit)
    raw, parts = 0, []
    async for chunk in chunks:
        raw += len(chunk)
        if raw > limit:
            raise TooLarge(f"{host} sent more than {_mib(limit)}.")
        parts.append(inflate.feed(chunk) if inflate else chunk)
    return b"".join(parts)


async def read_words(chunks: AsyncIterator[bytes], encoding: str, host: str) -> bytes:
    """Body of an error page, read only for the server's own words; b"" when it is long or broken."""
    try:
        return await read_body(chunks, encoding, host, 1 << 16)
    except SourceError:
        return b""
