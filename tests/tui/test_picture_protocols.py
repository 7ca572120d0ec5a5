"""What is written to terminals: after any sequence of frames the screen shows exactly what was wanted."""

from __future__ import annotations

import zlib
from base64 import standard_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.tui.pictures import overlay
from penchant.app.tui.pictures.iterm import draw
from penchant.app.tui.pictures.overlay import ItermOverlay, KittyOverlay
from penchant.app.tui.pictures.raster import Box, Placed, Raster, Spot, Tile, placed
from tests.tui.model_terminal import ModelTerminal

CELL = (3, 5)


def tile(name: str, cols: int, rows: int, row: int = 0) -> Tile:
    width, height = cols * CELL[0], rows * CELL[1]
    payload = standard_b64encode(zlib.compress(bytes(width * height * 4))).decode()
    return Tile(name, row, cols, rows, width, height, payload)


def raster(name: str, cols: int, rows: int, tiles: int = 1) -> Raster:
    each = rows // tiles
    return Raster(cols, rows, tuple(tile(f"{name}/{n}", cols, each, n * each) for n in range(tiles)))


def drawn(wanted: list[Placed]) -> list[tuple[int, ...]]:
    return sorted((each.x, each.y, *each.crop, each.part.cols, each.part.rows) for each in wanted)


RASTERS = [raster("a", 6, 2), raster("b", 6, 2), raster("c", 9, 6), raster("d", 20, 12, tiles=4)]
spots = st.lists(
    st.builds(Spot, st.integers(-4, 30), st.integers(-8, 20), st.sampled_from(RASTERS)), max_size=6
)
VIEW = Box(2, 1, 24, 14)


@given(st.lists(spots, max_size=8))
def test_after_any_frames_the_terminal_shows_what_is_wanted(frames: list[list[Spot]]) -> None:
    terminal, painter = ModelTerminal(), KittyOverlay()
    for frame in frames:
        wanted = placed(frame, VIEW, [])
        text, waiting = painter.frame(wanted)
        terminal.feed(text)
        assert not waiting
        assert terminal.seen() == drawn(wanted)
    assert terminal.transmitted == len(terminal.images) <= sum(len(r.tiles) for r in RASTERS)
    terminal.feed(painter.clear())
    assert not terminal.shown and not terminal.images


@given(spots, st.lists(st.builds(Box, *[st.integers(0, 20)] * 2, *[st.integers(1, 9)] * 2), max_size=3))
def test_nothing_is_drawn_outside_the_view_or_under_a_notification(frame: list[Spot], covers: list[Box]) -> None:
    for each in placed(frame, VIEW, covers):
        box = Box(each.x, each.y, each.part.cols, each.part.rows)
        assert box.cut(VIEW) == box
        assert not any(box.cut(cover) for cover in covers)
        left, top, width, height = each.crop
        assert (width, height) == (each.part.cols * CELL[0], each.part.rows * CELL[1])
        assert (left, top) == (each.part.x * CELL[0], each.part.y * CELL[1])


def test_a_frame_in_which_nothing_changed_writes_nothing() -> None:
    painter = KittyOverlay()
    wanted = placed([Spot(3, 3, RASTERS[0])], VIEW, [])
    assert painter.frame(wanted)[0]
    assert painter.frame(wanted) == ("", False)


def test_a_picture_that_comes_back_is_not_sent_again() -> None:
    terminal, painter = ModelTerminal(), KittyOverlay()
    wanted = placed([Spot(3, 3, RASTERS[2])], VIEW, [])
    for frame in (wanted, [], wanted):
        terminal.feed(painter.frame(frame)[0])
    assert terminal.transmitted == 1 and terminal.seen() == drawn(wanted)


def test_the_same_picture_twice_on_the_screen_is_sent_once() -> None:
    terminal, painter = ModelTerminal(), KittyOverlay()
    wanted = placed([Spot(3, 3, RASTERS[0]), Spot(3, 6, RASTERS[0])], VIEW, [])
    terminal.feed(painter.frame(wanted)[0])
    assert terminal.transmitted == 1 and len(terminal.shown) == 2


def test_large_pictures_are_spread_over_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "BUDGET", len(RASTERS[3].tiles[0].payload) + 10)
    terminal, painter = ModelTerminal(), KittyOverlay()
    wanted = placed([Spot(3, 2, RASTERS[3])], Box(0, 0, 80, 40), [])
    frames = 0
    while True:
        text, waiting = painter.frame(wanted)
        terminal.feed(text)
        frames += 1
        if not waiting:
            break
    assert frames == 4 and terminal.seen() == drawn(wanted)


def test_the_terminal_keeps_a_bounded_number_of_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MOST_IMAGES", 5)
    terminal, painter = ModelTerminal(), KittyOverlay()
    for number in range(30):
        frame = placed([Spot(3, 2, raster(f"n{number}", 4, 2)), Spot(9, 2, RASTERS[0])], VIEW, [])
        terminal.feed(painter.frame(frame)[0])
        assert terminal.seen() == drawn(frame)
        assert len(terminal.images) <= 5
    terminal.feed(painter.frame(placed([Spot(3, 2, raster("n0", 4, 2))], VIEW, []))[0])
    assert len(terminal.shown) == 1  # what was thrown out is sent again


def test_chunks_of_a_large_picture_follow_the_protocol() -> None:
    payload = standard_b64encode(zlib.compress(bytes(range(256)) * 400, 0)).decode()
    big = Tile("big", 0, 32, 1, 320, 80, payload)
    from penchant.app.tui.pictures.kitty import transmit

    text = transmit(7, big)
    codes = text.split("\x1b\\")[:-1]
    assert len(codes) > 2
    assert codes[0].startswith("\x1b_Ga=t,i=7,") and codes[0].split(";")[0].endswith("m=1")
    assert all(code.startswith("\x1b_Gm=1,q=2;") for code in codes[1:-1])
    assert codes[-1].startswith("\x1b_Gm=0,q=2;")
    ModelTerminal().feed(text)


def test_iterm_draws_again_only_what_was_painted_over() -> None:
    painter = ItermOverlay()
    rows = raster("x", 6, 2, tiles=2)
    wanted = placed([Spot(3, 3, rows)], VIEW, [])
    first, _ = painter.frame(wanted, [])
    assert first.count("\x1b]1337;File=inline=1") == 2
    assert painter.frame(wanted, []) == ("", False)
    assert painter.frame(wanted, [Box(0, 4, 80, 1)])[0].count("1337") == 1
    assert painter.frame(wanted, None)[0].count("1337") == 2
    moved = placed([Spot(3, 4, rows)], VIEW, [])
    assert painter.frame(moved, [])[0].count("1337") == 2


def test_iterm_cannot_crop_and_leaves_a_cut_row_out() -> None:
    wanted = placed([Spot(0, 3, raster("x", 6, 1))], VIEW, [])
    assert wanted and draw(wanted[0]) == ""
