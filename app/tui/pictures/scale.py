"""From a file of ours to a raster: read, scaled, encoded. Runs in the picture thread; only this imports Pillow.

The files are JPEGs that the decode child wrote, so the formats are limited to that one.
"""

from __future__ import annotations

import io
import zlib
from base64 import standard_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Pillow imports numpy.typing. While the ranking's thread is in the middle of importing numpy, that would find half of
# it; this line waits for the whole.
import numpy  # noqa: F401
from PIL import Image, ImageDraw

from .raster import CELL_BYTES, CLEAR, Raster, Tile, packed

if TYPE_CHECKING:
    from .wish import Wish

#: Pixels of a tile in bytes: one is sent within one frame.
TILE_BYTES = 100_000
#: Bytes of what stands around a raster's cells.
_OBJECTS = 1_000
#: Patches of a blurred picture along its longer side.
PATCHES = 6


def raster_of(path: Path, wish: Wish) -> Raster:
    """Raises `OSError` where the file is missing or no JPEG, `ValueError` and the like where it is damaged."""
    with Image.open(path, formats=("JPEG",)) as image:
        picture = _scaled(image, wish)
    if wish.way == "block":
        return _cells(picture, wish)
    tiles = tuple(_rgba_tiles(picture, wish) if wish.way == "kitty" else _jpeg_tiles(picture, wish))
    return Raster(wish.cols, wish.rows, tiles, size=sum(len(tile.payload) for tile in tiles))


def _pixels(wish: Wish) -> tuple[int, int]:
    if wish.way == "block":
        # The lowest half row stays free: the pictures of neighbouring cards would run into one another.
        return wish.cols, wish.rows * 2 - int(wish.fill)
    return wish.cols * wish.cell.width, wish.rows * wish.cell.height


def _scaled(image: Image.Image, wish: Wish) -> Image.Image:
    """The picture in exactly the pixels of its cells: RGBA for kitty, RGB otherwise."""
    whole = _pixels(wish)
    # A gap between the thumbnails of neighbouring cards; half blocks and iTerm2 have no transparent pixels.
    gap = wish.cell.height // 10 if wish.fill and wish.way == "kitty" else 0
    inner = (whole[0], whole[1] - 2 * gap)
    picture = _inside(image, wish, inner)
    if wish.blurred:
        picture = _blurred(picture, inner)
    if wish.moves and min(inner) >= 24:
        _mark(picture)
    if wish.way != "kitty":
        return picture.resize(whole, Image.Resampling.BICUBIC) if picture.size != whole else picture
    sheet = Image.new("RGBA", whole)
    sheet.paste(picture, ((whole[0] - picture.width) // 2, (whole[1] - picture.height) // 2))
    return sheet


def _inside(image: Image.Image, wish: Wish, room: tuple[int, int]) -> Image.Image:
    """Cut to the room's shape (`fill`), or whole inside the room."""
    image.draft("RGB", (room[0] * 2, room[1] * 2))
    width, height = image.size
    if wish.fill:
        scale = min(width / room[0], height / room[1])
        across, down = room[0] * scale, room[1] * scale
        left, top = (width - across) / 2, (height - down) / 2
        box, size = (left, top, left + across, top + down), room
    else:
        scale = max(width / room[0], height / room[1])
        box, size = (0.0, 0.0, float(width), float(height)), room
        if wish.way == "kitty":
            size = (max(1, round(width / scale)), max(1, round(height / scale)))
    method = Image.Resampling.BOX if wish.way == "block" else Image.Resampling.BICUBIC
    return image.convert("RGB").resize(size, method, box=box, reducing_gap=2.0)


def _blurred(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A few patches of colour: nothing of it can be made out, at any size."""
    longest = max(picture.size)
    patches = (
        max(2, round(PATCHES * picture.width / longest)),
        max(2, round(PATCHES * picture.height / longest)),
    )
    smooth = Image.Resampling.BICUBIC
    return picture.resize(patches, Image.Resampling.BOX).resize(picture.size, smooth)


def _mark(picture: Image.Image) -> None:
    """A triangle on a dark disc: this one moves."""
    radius = min(36, min(picture.size) // 4)
    x, y = picture.width // 2, picture.height // 2
    draw = ImageDraw.Draw(picture, "RGBA")
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(0, 0, 0, 150))
    arm = radius // 2
    draw.polygon([(x - arm * 2 // 3, y - arm), (x - arm * 2 // 3, y + arm), (x + arm, y)], fill=(255, 255, 255, 235))


def _cells(picture: Image.Image, wish: Wish) -> Raster:
    data = picture.tobytes()
    width = wish.cols

    def color(x: int, y: int) -> int:
        if y >= picture.height:
            return CLEAR
        return int.from_bytes(data[3 * (y * width + x) : 3 * (y * width + x) + 3], "big")

    cells = tuple(packed((color(x, 2 * row), color(x, 2 * row + 1)) for x in range(width)) for row in range(wish.rows))
    return Raster(wish.cols, wish.rows, cells=cells, size=_OBJECTS + CELL_BYTES * width * wish.rows)


def _strips(picture: Image.Image, wish: Wish, rows: int) -> Iterator[tuple[int, int, Image.Image]]:
    """(first row, rows, pixels) from above to below, `rows` of cells at a time."""
    high = wish.cell.height
    for row in range(0, wish.rows, rows):
        count = min(rows, wish.rows - row)
        yield row, count, picture.crop((0, row * high, picture.width, (row + count) * high))


def _rgba_tiles(picture: Image.Image, wish: Wish) -> Iterator[Tile]:
    rows = max(1, TILE_BYTES // (4 * picture.width * wish.cell.height))
    for row, count, part in _strips(picture, wish, rows):
        payload = standard_b64encode(zlib.compress(part.tobytes(), 3)).decode()
        yield Tile(f"{wish.name}/{row}", row, wish.cols, count, part.width, part.height, payload)


def _jpeg_tiles(picture: Image.Image, wish: Wish) -> Iterator[Tile]:
    for row, count, part in _strips(picture, wish, 1):
        out = io.BytesIO()
        part.save(out, "JPEG", quality=85)
        payload = standard_b64encode(out.getvalue()).decode()
        yield Tile(f"{wish.name}/{row}", row, wish.cols, count, part.width, part.height, payload)
