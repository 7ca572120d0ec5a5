"""Pictures made to harm, as bytes: for the tests beside this file and for bench/bad_pictures.py."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 2, body: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few dozen kilobytes that unpacks to width x height pixels of one colour."""
    pack, row = zlib.compressobj(9), bytes(1 + 3 * width)
    return png(width, height, body=chunk(b"IDAT", b"".join(pack.compress(row) for _ in range(height)) + pack.flush()))


def many_frames(count: int) -> bytes:
    """A GIF of so many frames of 100 x 100 pixels."""
    out = BytesIO()
    Image.new("P", (100, 100)).save(out, "GIF")
    whole = out.getvalue()
    start = whole.index(b",", 13 + 3 * 2 ** ((whole[10] & 7) + 1))  # behind the palette
    return whole[:start] + whole[start:-1] * count + b";"


def chatty() -> bytes:
    """A PNG whose compressed comments unpack to a gigabyte."""
    text = zlib.compress(bytes(1 << 20), 9)
    body = b"".join(chunk(b"zTXt", b"k%d\0\0" % n + text) for n in range(1000))
    return png(64, 64, body=body + chunk(b"IDAT", zlib.compress(bytes(64 * 193))))


def scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each costs a pass over the whole picture."""
    out = BytesIO()
    Image.new("RGB", (width, height), (90, 120, 30)).save(out, "JPEG", progressive=True, quality=50)
    whole = out.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + b"\xff\xd9"


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>fetch("http://x")</script></svg>'
#: Name -> (bytes, words of the note).
BAD: dict[str, tuple[bytes, str]] = {
    "huge.png": (png(30_000, 30_000), "too large"),
    "bomb.png": (bomb(6_400, 6_300), "too large"),
    "psd.jpg": (b"8BPS\0\1" + bytes(500), "a Photoshop file"),
    "script.svg": (SVG, "but SVG"),
    "page.jpg": (b"<html><script>alert(1)</script></html>", "a web page"),
    "empty.gif": (b"", "nothing at all"),
    "chatty.png": (chatty(), "damaged"),
    "noise.jpg": (b"\xff\xd8\xff" + bytes(range(256)) * 40, "damaged"),
}
