"""How many cells a picture gets. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """The size of a character cell in pixels."""

    width: int = 10
    height: int = 20


#: What is assumed of a picture of unknown size.
USUAL = (3, 2)


def within(width: int, height: int, cols: int, rows: int, cell: Cell) -> tuple[int, int]:
    """The largest (columns, rows) inside `cols` by `rows` with about the shape of `width` by `height` pixels.

    A picture is never enlarged beyond its own size, and never smaller than one cell. A size of 0 is unknown.
    """
    if width <= 0 or height <= 0:
        width, height = USUAL[0] * 10_000, USUAL[1] * 10_000
    scale = min(1.0, cols * cell.width / width, rows * cell.height / height)
    across, down = round(width * scale / cell.width), round(height * scale / cell.height)
    return max(1, min(cols, across)), max(1, min(rows, down))
