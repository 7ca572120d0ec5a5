"""Pictures as a vision model may be given them: RGB that penchant decoded, of a bounded size and shape.

Bytes are never handed to libmtmd: what it cannot decode makes it start ffprobe.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pixels of the longer side: more is scaled down. Vision models look at 224 to 1,536.
LONGEST = 1_600
#: Pixels of the shorter side: less is scaled up, since some models make no patch at all of a line.
SHORTEST = 32
#: Longer side to shorter side: a longer strip stands on black, since rounding would leave nothing of its height.
STRETCH = 8
#: Bytes of a file that is read.
MAX_BYTES = 32 << 20
_AGAIN = "Clear it with `penchant pictures clear`; it is fetched again when it is next shown."


class Pixels(NamedTuple):
    """Rows of red, green, blue: `width * height * 3` bytes."""

    width: int
    height: int
    rgb: bytes

    @property
    def key(self) -> str:
        """Names the content: 32 hexadecimal digits."""
        head = f"{self.width}x{self.height}:".encode()
        return hashlib.blake2b(head + self.rgb, digest_size=16).hexdigest()


def file_key(data: bytes) -> str:
    """Names the bytes of a picture file: 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read(path: Path) -> bytes:
    """The bytes of a picture file of the cache. Raises `PenchantError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PenchantError(f"the picture {path} cannot be read: {error.strerror}", hint=_AGAIN) from error
    if len(data) > MAX_BYTES:
        raise PenchantError(f"the picture {path} has more than {MAX_BYTES >> 20} MB", hint=_AGAIN)
    return data


def decode(data: bytes) -> Pixels:
    """A JPEG that the decoding child has made. Raises `PenchantError`."""
    import io

    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > 40_000_000:
                raise PenchantError("the picture has more than 40 million pixels", hint=_AGAIN)
            image.draft("RGB", (LONGEST, LONGEST))
            return _pixels(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise PenchantError(f"the picture is no JPEG that can be read: {error}", hint=_AGAIN) from error


def bounded(pixels: Pixels) -> Pixels:
    """The same picture, within the limits of size and shape; itself where it is within them."""
    if pixels.width < 1 or pixels.height < 1 or len(pixels.rgb) != pixels.width * pixels.height * 3:
        raise PenchantError(
            f"{len(pixels.rgb):,} bytes are no picture of {pixels.width} x {pixels.height} pixels", hint=_AGAIN
        )
    if frame(pixels.width, pixels.height) == (pixels.width, pixels.height):
        return pixels
    import PIL.Image

    return _pixels(PIL.Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb))


def frame(width: int, height: int) -> tuple[int, int]:
    """Width and height (pixels) of what a model is shown of a picture of this size."""
    scale = min(1.0, LONGEST / max(width, height))
    shown = [max(1, round(side * scale)) for side in (width, height)]
    least = max(SHORTEST, -(-max(shown) // STRETCH))
    return max(shown[0], least), max(shown[1], least)


def _pixels(image: Image) -> Pixels:
    import PIL.Image

    wide, high = frame(image.width, image.height)
    if (wide, high) != (image.width, image.height):
        scale = min(wide / image.width, high / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        scaled = image.resize(size, PIL.Image.Resampling.BICUBIC, reducing_gap=2.0)
        image = PIL.Image.new("RGB", (wide, high))
        image.paste(scaled, ((wide - size[0]) // 2, (high - size[1]) // 2))
    return Pixels(image.width, image.height, image.tobytes())
