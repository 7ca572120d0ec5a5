"""Hostile bytes into two JPEGs of ours, a preview and a fingerprint. Runs in a child process with limits.

Nothing but Pillow's four decoders ever sees the bytes, and none before the size they claim was judged.
"""

from __future__ import annotations

import contextlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageFile

from penchant.adapters.base import Malformed

from .decoding import Decoded
from .files import LARGE_BOX, THUMB_BOX
from .fingerprint import PREVIEW, fingerprint
from .formats import NotAPicture, sniff, webp_size

#: Most pixels of an original.
MOST_PIXELS = 40_000_000
#: Smaller in both directions is no picture but a mark that counts readers (pixels).
LEAST = 4
#: What shines through transparent pictures: visible behind dark lines and behind light ones.
GREY = (136, 136, 136)
#: Qualities of our own JPEGs.
THUMB_QUALITY, LARGE_QUALITY = 82, 85
#: EXIF orientation -> how to turn it upright (EXIF 2.3, tag 0x0112).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False


def decode(data: bytes) -> Decoded:
    """The first frame, upright, without transparency. Raises `Malformed` in words for what is not shown."""
    try:
        return _decoded(data)
    except NotAPicture as error:
        raise Malformed(str(error)) from None
    except Image.DecompressionBombError:
        raise Malformed(_too_large()) from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises what it likes: OSError, SyntaxError, struct.error, KeyError ...
        early = " (it ends too early)" if "truncated" in str(error) else ""
        raise Malformed(f"the picture is damaged{early}") from None


def _decoded(data: bytes) -> Decoded:
    kind = sniff(data)
    if kind == "webp":
        _judge(webp_size(data) or (0, 0))
    with Image.open(BytesIO(data), formats=[kind.upper()]) as picture:
        width, height = picture.size
        _judge((width, height))
        frames = 2 if kind != "jpeg" and getattr(picture, "is_animated", False) else 1
        if frames > 1:
            picture.seek(0)
        if kind == "jpeg":
            picture.draft(None, _fit((width, height), LARGE_BOX, turned=True))
        picture.load()
        turn = _turn(picture)
        large = _small(_flat(picture), _box(LARGE_BOX, turn))
    large = large.copy() if large is picture else large
    large.info = {}  # a comment would be saved with it
    if turn is not None:
        large = large.transpose(turn)
        if _sideways(turn):
            width, height = height, width
    thumb = _small(large, THUMB_BOX)
    return Decoded(
        kind, width, height, frames, thumb.resize(PREVIEW, Image.Resampling.BOX).tobytes(), fingerprint(thumb),
        _jpeg(thumb, THUMB_QUALITY), _jpeg(large, LARGE_QUALITY),
    )  # fmt: skip


def _judge(size: tuple[int, int]) -> None:
    width, height = size
    if width <= 0 or height <= 0:
        raise NotAPicture("the picture is damaged (it has no size)")
    if width * height > MOST_PIXELS:
        raise NotAPicture(_too_large(f"{width:,} x {height:,} pixels"))
    if width < LEAST and height < LEAST:
        raise NotAPicture("a mark of a few pixels that counts readers, not a picture")


def _too_large(size: str = "") -> str:
    return f"the picture is too large{f' ({size})' if size else ''}; at most {MOST_PIXELS // 1_000_000} megapixels"


def _turn(picture: Any) -> Image.Transpose | None:
    """How to turn it upright; None as it is. What its EXIF breaks stays as it is."""
    with contextlib.suppress(Exception):
        return _TURNS.get(picture.getexif().get(0x0112))
    return None


def _sideways(turn: Image.Transpose | None) -> bool:
    return turn in (
        Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE,
    )  # fmt: skip


def _box(box: tuple[int, int], turn: Image.Transpose | None) -> tuple[int, int]:
    return (box[1], box[0]) if _sideways(turn) else box


def _flat(picture: Any) -> Any:
    """RGB: 16 bits become 8, palettes colours, and grey shines through where nothing is."""
    if picture.mode.startswith("I"):  # 16 bits a grey: a plain conversion would cut instead of divide
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        flat = Image.new("RGB", picture.size, GREY)
        flat.paste(clear, mask=clear.getchannel("A"))
        return flat
    return picture if picture.mode == "RGB" else picture.convert("RGB")  # the same mode would be a copy


def _fit(size: tuple[int, int], box: tuple[int, int], *, turned: bool = False) -> tuple[int, int]:
    """The largest size of this shape within the box, never larger than it is; `turned`: either way up."""
    width, height = size
    boxes = (box, (box[1], box[0])) if turned else (box,)
    share = min(1.0, max(min(wide / width, high / height) for wide, high in boxes))
    return max(1, round(width * share)), max(1, round(height * share))


def _small(picture: Any, box: tuple[int, int]) -> Any:
    size = _fit(picture.size, box)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _jpeg(picture: Any, quality: int) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=False)
    return out.getvalue()
