"""What bytes are, by themselves: names and types that servers give are not believed. Pure."""

from __future__ import annotations

#: Bytes that `sniff` needs.
HEAD = 4096


class NotAPicture(ValueError):
    """Why these bytes are not shown, in words for the reader; not `final`: another time it may be a picture."""

    def __init__(self, words: str, *, final: bool = True) -> None:
        super().__init__(words)
        self.final = final


#: How other formats begin: (offset, bytes, what to call it).
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), (4, b"ftyphei", "HEIC"), (4, b"ftypmif1", "HEIC"),
    (4, b"ftyp", "a video"), (0, b"8BPS", "a Photoshop file"), (0, b"BM", "BMP"), (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"), (0, b"\0\0\1\0", "ICO"), (0, b"%PDF", "PDF"), (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"\xff\x0a", "JPEG XL"), (0, b"\0\0\0\x0cJXL ", "JPEG XL"), (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
)  # fmt: skip
_PAGE, _NOTHING = ", but a web page", ", but nothing at all"


def sniff(data: bytes) -> str:
    """ "jpeg", "png", "gif" or "webp". Raises `NotAPicture`."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    but = _but(data[:HEAD])
    # networks that want a password first, and hosts that are overloaded, answer everything with a page
    raise NotAPicture(f"not a JPEG, PNG, GIF or WebP{but}", final=but not in (_PAGE, _NOTHING))


def _but(head: bytes) -> str:
    """", but ..." where it can be told; "" otherwise."""
    if not head:
        return _NOTHING
    for offset, mark, name in _OTHERS:
        if head.startswith(mark, offset):
            return f", but {name}"
    words = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in words:
        return ", but SVG"
    if words.startswith((b"<!doctype html", b"<html")) or b"<html" in words:
        return _PAGE
    return ""


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP by its header, None where it has none (Pillow makes room before it looks)."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None
