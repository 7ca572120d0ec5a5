"""What the worker asks its decoding child for. Pillow is imported in that child only, never here."""

from __future__ import annotations

from typing import NamedTuple

from penchant.adapters.base import Malformed
from penchant.app.parse_runner import ParseLimits, ParseRunner

#: Of one picture: 40 megapixels as RGBA twice and Pillow itself; the slowest such PNG takes about 2 s of CPU.
LIMITS = ParseLimits(cpu_seconds=8.0, wall_seconds=60.0, megabytes=768)


class Decoded(NamedTuple):
    """A picture as penchant keeps it. `width` and `height` are the original's, upright, in pixels.

    `frames` is 2 for anything that moves: frames are not counted. `preview` is RGB of 4 by 3 pixels,
    `fingerprint` a signed 64-bit difference hash, None where there is too little to see.
    """

    format: str
    width: int
    height: int
    frames: int
    preview: bytes
    fingerprint: int | None
    thumb: bytes
    large: bytes


def decoder() -> ParseRunner:
    """The child, started with the first picture: `await decoder(decode, data)`."""
    return ParseRunner(LIMITS, what="the picture")


def decode(data: bytes) -> Decoded:
    """For the child: see `.decode`. Raises `Malformed` in words."""
    _lean()
    from .decode import decode

    return decode(data)


def drawn(url: str) -> tuple[bytes, Decoded]:
    """For the child: a picture of the sample feed, drawn there, and its PNG. Raises `Malformed`."""
    from penchant.adapters.sample import picture

    try:
        _lean()
        data = picture(url)
    except ValueError as error:
        raise Malformed(str(error)) from None
    return data, decode(data)


def _lean() -> None:
    """Import Pillow without numpy and cffi, which it takes for type hints where it finds them: 25 MB less."""
    import sys

    if "PIL.Image" not in sys.modules:
        absent = [name for name in ("numpy", "cffi") if name not in sys.modules]
        for name in absent:
            sys.modules[name] = None  # type: ignore[assignment]
        try:
            import PIL.Image  # noqa: F401
        finally:
            for name in absent:
                del sys.modules[name]
