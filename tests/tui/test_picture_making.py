"""From a file to cells or pixels: shapes, blur, what stands there meanwhile, and the bounds of the cache."""

from __future__ import annotations

import asyncio
import io
import itertools
import subprocess
import sys
import threading
import zlib
from base64 import standard_b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.style import Style

from penchant.app.pictures.files import PictureFiles
from penchant.app.tui.pictures import workshop
from penchant.app.tui.pictures.fit import Cell, within
from penchant.app.tui.pictures.frame import Frame, line, placeholder, preview_of
from penchant.app.tui.pictures.raster import CLEAR, Raster, pairs
from penchant.app.tui.pictures.scale import raster_of
from penchant.app.tui.pictures.wish import Wish
from penchant.app.tui.pictures.workshop import Workshop

CELL = Cell(10, 20)
NAME = b"\x01" * 16


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """600 by 400: left half red, right half blue, with a fine white grid."""
    image = Image.new("RGB", (600, 400), (220, 20, 20))
    image.paste((20, 20, 220), (300, 0, 600, 400))
    for x in range(0, 600, 8):
        image.paste((255, 255, 255), (x, 0, x + 2, 400))
    path = tmp_path / "picture.jpg"
    image.save(path, "JPEG", quality=95)
    return path


def pixels(raster: Raster) -> Image.Image:
    """What a kitty terminal would show of it."""
    width = raster.tiles[0].width
    sheet = Image.new("RGBA", (width, sum(tile.height for tile in raster.tiles)))
    at = 0
    for tile in raster.tiles:
        data = zlib.decompress(standard_b64decode(tile.payload))
        sheet.paste(Image.frombytes("RGBA", (tile.width, tile.height), data), (0, at))
        at += tile.height
    return sheet


def test_a_thumbnail_fills_its_cells_with_a_gap_above_and_below(file: Path) -> None:
    raster = raster_of(file, Wish(NAME, 6, 2, "kitty", CELL, fill=True))
    image = pixels(raster)
    assert image.size == (60, 40) and len(raster.tiles) == 1
    alpha = image.getchannel("A")
    assert alpha.crop((0, 0, 60, 2)).getextrema() == (0, 0) == alpha.crop((0, 38, 60, 40)).getextrema()
    assert alpha.crop((0, 2, 60, 38)).getextrema() == (255, 255)
    assert image.getpixel((5, 20))[0] > 180 and image.getpixel((55, 20))[2] > 180


def test_a_picture_in_an_article_is_whole_and_in_tiles_that_one_frame_can_send(file: Path) -> None:
    cols, rows = within(600, 400, 60, 40, CELL)
    raster = raster_of(file, Wish(NAME, cols, rows, "kitty", CELL, large=True))
    assert pixels(raster).size == (cols * 10, rows * 20)
    assert sum(tile.rows for tile in raster.tiles) == rows
    assert [tile.row for tile in raster.tiles] == sorted({tile.row for tile in raster.tiles})
    assert all(tile.width * tile.height * 4 <= 100_000 for tile in raster.tiles)
    assert len({tile.name for tile in raster.tiles}) == len(raster.tiles)


@pytest.mark.parametrize("cols", [6, 20, 90])
def test_nothing_can_be_made_out_of_a_blurred_picture(file: Path, cols: int) -> None:
    clear = raster_of(file, Wish(NAME, cols, cols // 3, "kitty", CELL, large=True))
    blurred = raster_of(file, Wish(NAME, cols, cols // 3, "kitty", CELL, large=True, blurred=True))

    def detail(image: Image.Image) -> int:
        row = image.convert("L").crop((0, image.height // 2, image.width, image.height // 2 + 1)).tobytes()
        steps = [b - a for a, b in itertools.pairwise(row)]
        return sum(1 for a, b in itertools.pairwise(steps) if a * b < 0)

    assert detail(pixels(blurred)) <= 12
    if cols == 90:
        assert detail(pixels(clear)) > 60


def test_half_blocks_have_the_picture_s_colours(file: Path) -> None:
    raster = raster_of(file, Wish(NAME, 12, 4, "block", CELL))
    assert len(raster.cells) == 4 and {len(list(pairs(row))) for row in raster.cells} == {12}
    line = list(pairs(raster.cells[1]))
    left, right = line[1][0], line[10][0]
    assert left >> 16 > left & 255 and right & 255 > right >> 16
    filled = raster_of(file, Wish(NAME, 6, 2, "block", CELL, fill=True))
    assert {lower for _, lower in pairs(filled.cells[-1])} == {CLEAR}


def test_iterm_gets_jpegs_of_one_row(file: Path) -> None:
    raster = raster_of(file, Wish(NAME, 12, 4, "iterm2", CELL, moves=True))
    assert [tile.rows for tile in raster.tiles] == [1, 1, 1, 1]
    image = Image.open(io.BytesIO(standard_b64decode(raster.tiles[0].payload)))
    assert image.format == "JPEG" and image.size == (120, 20)


def test_only_jpegs_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (9, 9)).save(path, "PNG")
    with pytest.raises(OSError):
        raster_of(path, Wish(NAME, 6, 2, "kitty", CELL))


@given(st.integers(1, 90), st.integers(1, 30), st.binary(min_size=36, max_size=36), st.booleans())
def test_a_frame_s_lines_are_as_wide_as_it_says(cols: int, rows: int, preview: bytes, moves: bool) -> None:
    block = Raster(cols, rows, cells=placeholder(preview, cols, rows))
    for frame in (Frame(cols, rows), Frame(cols, rows, None, preview), Frame(cols, rows, block, b"", moves)):
        for row in range(rows):
            assert sum(len(s.text) for s in line(frame, row, Style(), Style())) == cols


def test_a_preview_s_colours_stand_where_they_belong() -> None:
    preview = b"\xff\x00\x00" * 4 + b"\x00\xff\x00" * 4 + b"\x00\x00\xff" * 4
    cells = placeholder(preview, 6, 6)
    assert next(pairs(cells[0]))[0] == 0xFF0000 and list(pairs(cells[-1]))[5][1] == 0x0000FF


@given(st.text(max_size=60))
def test_any_blurhash_gives_a_preview_or_nothing(text: str) -> None:
    assert len(preview_of(text)) in (0, 36)


def test_a_blurhash_of_a_server() -> None:
    assert len(preview_of("LEHV6nWB2yk8pyo0adR*.7kCMdnj")) == 36
    assert preview_of("LEHV6nWB2yk8pyo0adR*.7kCMdn") == b""


@given(st.integers(0, 9000), st.integers(0, 9000), st.integers(1, 120), st.integers(1, 60))
def test_a_picture_never_leaves_its_room(width: int, height: int, cols: int, rows: int) -> None:
    across, down = within(width, height, cols, rows, CELL)
    assert 1 <= across <= cols and 1 <= down <= rows


def test_pillow_does_not_meet_a_half_imported_numpy() -> None:
    """Two threads import at the same time: the ranking's and this one."""
    code = """
import sys
class Watch:
    def find_spec(self, name, path, target=None):
        if name == "PIL._typing":
            numpy = sys.modules.get("numpy")
            print(numpy is not None and not numpy.__spec__._initializing)
sys.meta_path.insert(0, Watch())
import penchant.app.tui.pictures.scale
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]


# -- the thread
class Desk:
    """A workshop and what it told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[tuple[Wish, bool]] = []
        self.files = PictureFiles(folder)
        self.shop = Workshop(self.files, lambda wish, made: self.told.append((wish, made)))

    def put(self, number: int) -> bytes:
        out = io.BytesIO()
        Image.effect_noise((320, 200), 90).convert("RGB").save(out, "JPEG")
        name = number.to_bytes(16, "big")
        self.files.put(name, out.getvalue(), out.getvalue())
        return name

    async def settled(self, count: int) -> None:
        for _ in range(2000):
            if len(self.told) >= count:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"only {len(self.told)} of {count}")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_the_cache_is_bounded_and_keeps_what_was_used_last(desk: Desk, monkeypatch: Any) -> None:
    wishes = [Wish(desk.put(n), 20, 6, "kitty", CELL) for n in range(6)]
    for number, wish in enumerate(wishes):
        assert desk.shop.get(wish) is None
        await desk.settled(number + 1)
        if number == 0:
            monkeypatch.setattr(workshop, "ROOM", 3 * desk.shop.get(wish).size + 2000)  # type: ignore[union-attr]
        desk.shop.get(wishes[0])
    assert desk.shop.get(wishes[0]) is not None and desk.shop.get(wishes[-1]) is not None
    assert desk.shop.get(wishes[1], make=False) is None
    desk.shop.close()


async def test_a_missing_file_is_said_once_and_tried_again_when_it_came(desk: Desk) -> None:
    wish = Wish(b"\x07" * 16, 6, 2, "kitty", CELL)
    assert desk.shop.get(wish) is None
    await desk.settled(1)
    assert desk.told == [(wish, False)]
    assert desk.shop.get(wish) is None
    await asyncio.sleep(0.05)
    assert len(desk.told) == 1
    desk.files.put(wish.hash, *(desk.files.thumb(desk.put(1)).read_bytes(),) * 2)
    desk.shop.again(wish.hash)
    assert desk.shop.get(wish) is None
    await desk.settled(2)
    assert desk.shop.get(wish) is not None
    desk.shop.close()


async def test_what_was_scrolled_past_is_not_made(desk: Desk, monkeypatch: Any) -> None:
    asked, make = threading.Event(), desk.shop._make

    def held(wish: Wish) -> Any:
        asked.wait(30)  # the first is under way until everything was asked for
        return make(wish)

    monkeypatch.setattr(desk.shop, "_make", held)
    names = [desk.put(n) for n in range(4)]
    old = [Wish(name, 6 + n, 2, "kitty", CELL) for n, name in enumerate(names * 60)]
    for wish in old:
        desk.shop.get(wish)
    await asyncio.sleep(0)
    last = Wish(names[0], 50, 10, "kitty", CELL)
    desk.shop.get(last)
    asked.set()
    await desk.settled(2)
    made = [wish for wish, _ in desk.told]
    assert last in made[:2], "what is on screen waited for what is not"
    assert len(set(old)) > workshop.MOST_WAITING
    desk.shop.close()
