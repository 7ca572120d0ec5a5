"""Pixels of pictures that penchant's own decoder wrote: what models of pictures and of text in pictures see.

Only ever for `PictureFiles.thumb` and `large`: never for bytes as they came. Pillow is imported on first use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple


class Pixels(NamedTuple):
    """RGB, 8 bits a channel, rows from the top: `len(data) == 3 * width * height`."""

    width: int
    height: int
    data: bytes


def image(path: Path) -> Any:
    """The file as a loaded Pillow image of mode RGB. Raises `OSError` where it is gone or was damaged."""
    from PIL import Image

    try:
        with Image.open(path, formats=["JPEG"]) as picture:
            return picture.convert("RGB")
    except OSError:
        raise
    except Exception as error:  # a damaged file makes Pillow raise what it likes
        raise OSError(f"{path} is not a picture of ours: {type(error).__name__}") from error


def pixels(path: Path, box: tuple[int, int] | None = None) -> Pixels:
    """The file's pixels, within `box` (width, height) where one is given. Raises `OSError`."""
    picture = image(path)
    if box is not None:
        picture.thumbnail(box)
    return Pixels(picture.width, picture.height, picture.tobytes())
