"""Values: a picture made ready for the terminal, and where on the screen it stands. Pure; no Textual, no Pillow."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Tile(NamedTuple):
    """Some rows of cells of a picture as one image of the terminal, so that sending a large one can pause.

    `name` is unique among all tiles of the window; `width` and `height` are pixels, `cols` and `rows` the
    cells that they fill exactly; `payload` is base64.
    """

    name: str
    row: int
    cols: int
    rows: int
    width: int
    height: int
    payload: str


#: The ground shows through.
CLEAR = -1
#: A line of half blocks, packed (`packed`, `pairs`): as tuples of numbers a cell took 120 bytes.
Cells = bytes
_PAIR = struct.Struct("<ii")
#: Bytes of a cell.
CELL_BYTES = _PAIR.size


def packed(line: Iterable[tuple[int, int]]) -> Cells:
    """A line of half blocks of (upper colour, lower colour) of each cell as 0xRRGGBB or `CLEAR`."""
    return b"".join(_PAIR.pack(*pair) for pair in line)


def pairs(line: Cells) -> Iterator[tuple[int, int]]:
    """(upper colour, lower colour) of each cell."""
    return _PAIR.iter_unpack(line)  # type: ignore[return-value]


class Raster(NamedTuple):
    """A picture at one size. `tiles` for kitty and iTerm2, `cells` (a line for each row) for half blocks."""

    cols: int
    rows: int
    tiles: tuple[Tile, ...] = ()
    cells: tuple[Cells, ...] = ()
    size: int = 0


class Box(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    cols: int
    rows: int

    def cut(self, other: Box) -> Box | None:
        """What both cover, None when that is nothing."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        cols = min(self.x + self.cols, other.x + other.cols) - x
        rows = min(self.y + self.rows, other.y + other.rows) - y
        return Box(x, y, cols, rows) if cols > 0 and rows > 0 else None


class Spot(NamedTuple):
    """A raster whose upper left cell is (x, y); parts of it may lie outside of what can be seen."""

    x: int
    y: int
    raster: Raster


class Placed(NamedTuple):
    """A tile, or a part of it, on the screen: `part` in cells of the tile, drawn with its corner at (x, y)."""

    tile: Tile
    x: int
    y: int
    part: Box

    @property
    def crop(self) -> tuple[int, int, int, int]:
        """The part in pixels of the tile: left, top, width, height."""
        across, down = self.tile.width // self.tile.cols, self.tile.height // self.tile.rows
        return self.part.x * across, self.part.y * down, self.part.cols * across, self.part.rows * down


def placed(spots: list[Spot], view: Box, covers: list[Box]) -> list[Placed]:
    """The parts of some pictures that lie inside `view`. A tile that anything of `covers` touches is left out whole."""
    shown = []
    for spot in spots:
        for tile in spot.raster.tiles:
            whole = Box(spot.x, spot.y + tile.row, tile.cols, tile.rows)
            seen = whole.cut(view)
            if seen is None or any(seen.cut(cover) for cover in covers):
                continue
            shown.append(Placed(tile, seen.x, seen.y, seen._replace(x=seen.x - whole.x, y=seen.y - whole.y)))
    return shown
