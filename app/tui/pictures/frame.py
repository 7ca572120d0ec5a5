"""A picture's place in the lines of a widget. Pure.

Half blocks, blanks under what the terminal draws itself, or what stands for a picture that is on its way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from .blocks import segments
from .raster import CELL_BYTES, Cells, Raster, packed

#: Pixels of `Shot.preview`.
ACROSS, DOWN = 4, 3
MARK = "▶"
#: Frames with more cells than this get patches for a placeholder, not a gradient.
SMALL = 200


class Frame(NamedTuple):
    """`cols` by `rows` cells for a picture. Without a raster `preview` stands there, or the `tone` of the theme."""

    cols: int
    rows: int
    raster: Raster | None = None
    preview: bytes = b""
    moves: bool = False


def line(frame: Frame, row: int, tone: Style, ground: Style) -> list[Segment]:
    """Row `row` of a frame as segments of exactly `cols` cells."""
    raster = frame.raster
    if raster is None:
        if len(frame.preview) == 3 * ACROSS * DOWN:
            return segments(placeholder(frame.preview, frame.cols, frame.rows)[row], ground)
        return [Segment(" " * frame.cols, tone)]
    if not raster.cells:
        return [Segment(" " * frame.cols, ground)]
    cells = raster.cells[row]
    if frame.moves and row == frame.rows - 1:
        # Half blocks are too coarse for a mark inside the picture.
        return [*segments(cells[:-CELL_BYTES], ground), Segment(MARK, Style(color="white", bgcolor="black"))]
    return segments(cells, ground)


@lru_cache(128)
def placeholder(preview: bytes, cols: int, rows: int) -> tuple[Cells, ...]:
    """The few colours of a preview spread over a frame."""
    smooth = cols * rows <= SMALL
    lines = [
        [_color(preview, (x + 0.5) / cols, (y + 0.5) / (2 * rows), smooth) for x in range(cols)]
        for y in range(2 * rows)
    ]
    return tuple(packed(zip(lines[2 * row], lines[2 * row + 1], strict=True)) for row in range(rows))


def _color(preview: bytes, across: float, down: float, smooth: bool) -> int:
    """The colour at a place (0..1), between the four nearest pixels where `smooth`."""
    x, y = across * ACROSS - 0.5, down * DOWN - 0.5
    if not smooth:
        x, y = round(x), round(y)
    x, y = min(max(x, 0), ACROSS - 1), min(max(y, 0), DOWN - 1)
    left, top = int(x), int(y)
    right, below, a, b = min(left + 1, ACROSS - 1), min(top + 1, DOWN - 1), x - left, y - top
    color = 0
    for channel in range(3):
        upper = _at(preview, left, top, channel) * (1 - a) + _at(preview, right, top, channel) * a
        lower = _at(preview, left, below, channel) * (1 - a) + _at(preview, right, below, channel) * a
        color = color << 8 | round(upper * (1 - b) + lower * b)
    return color


def _at(preview: bytes, x: int, y: int, channel: int) -> int:
    return preview[3 * (y * ACROSS + x) + channel]


@lru_cache(256)
def preview_of(blurhash: str) -> bytes:
    """The preview that a server sent along as a blurhash; b"" where it is none."""
    if not blurhash or len(blurhash) > 200:
        return b""
    import blurhash as library

    try:
        rows = library.decode(blurhash, ACROSS, DOWN)
        return bytes(channel for row in rows for pixel in row for channel in pixel)
    except (ValueError, KeyError, IndexError, OverflowError, ZeroDivisionError):
        return b""
