"""What the eyes are made of: pictures in bounds, kept sights, prompts. No model needed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.judge.eyes import REPEATED, finished, joined, repeats, told
from penchant.app.judge.eyes_library import fitting
from penchant.app.judge.eyes_picture import LONGEST, SHORTEST, STRETCH, Pixels, bounded, frame
from penchant.app.judge.eyes_prompt import Theirs, first_that_fits, shown, theirs
from penchant.app.judge.eyes_sight import Seen, Sight, Sights, pack, unpack


def sight(key: str = "0" * 16, tokens: int = 4, seed: int = 0) -> Sight:
    numbers = np.random.default_rng(seed).standard_normal((tokens, 8)).astype(np.float32)
    return Sight(key, ((3, 4), Seen(b"chunk\n", numbers, tokens, False), (5,)))


@given(st.integers(1, 50_000), st.integers(1, 50_000))
def test_frames_are_bounded_and_stay(width: int, height: int) -> None:
    wide, high = frame(width, height)
    assert max(wide, high) <= LONGEST and min(wide, high) >= SHORTEST
    assert max(wide, high) <= STRETCH * min(wide, high)
    assert frame(wide, high) == (wide, high)


def test_a_strip_stands_on_black_and_a_good_picture_is_left_alone() -> None:
    strip = bounded(Pixels(4000, 50, b"\xff" * 4000 * 50 * 3))
    rows = np.frombuffer(strip.rgb, np.uint8).reshape(strip.height, strip.width, 3)
    assert (strip.width, strip.height) == (1600, 200)
    assert (rows[100] == 255).all() and (rows[:80] == 0).all() and (rows[-80:] == 0).all()
    good = Pixels(64, 48, bytes(64 * 48 * 3))
    assert bounded(good) is good
    assert bounded(Pixels(1, 1, b"\x01\x02\x03")).rgb == b"\x01\x02\x03" * 32 * 32


def test_another_shape_is_another_picture() -> None:
    assert Pixels(32, 64, bytes(6144)).key != Pixels(64, 32, bytes(6144)).key


def test_sights_come_back_from_bytes() -> None:
    one = sight()
    again = unpack(pack(one), one.key)
    assert again is not None and again.pieces[0] == (3, 4) and again.pieces[2] == (5,)
    kept, was = again.pieces[1], one.pieces[1]
    assert isinstance(kept, Seen) and isinstance(was, Seen)
    assert (kept.embd == was.embd).all() and kept[:1] + kept[2:] == was[:1] + was[2:]
    assert again.tokens == one.tokens == 7
    assert unpack(pack(one), "1" * 16) is None


def test_a_full_disk_costs_the_file_and_leaves_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    kept, one = Sights(tmp_path), sight()
    monkeypatch.setattr(os, "replace", full)
    kept.put(one)
    assert kept.get(one.key) is one and not list(tmp_path.iterdir())


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_sight_is_none(place: int, change: int) -> None:
    data = bytearray(pack(sight()))
    data[place % len(data)] ^= change
    assert unpack(bytes(data), "0" * 16) is None
    assert unpack(bytes(data)[: place % len(data)], "0" * 16) is None


def test_the_longest_unused_files_go_first(tmp_path: Path) -> None:
    size = len(pack(sight(tokens=100)))
    sights = Sights(tmp_path, memory_bytes=0, disk_bytes=3 * size + 10)
    keys = [f"{n:016x}" for n in range(4)]
    (tmp_path / "left.new").write_bytes(b"x")
    os.utime(tmp_path / "left.new", (1, 1))
    for number, key in enumerate(keys[:3]):
        sights.put(sight(key, 100))
        os.utime(tmp_path / f"{key}.sight", (1e9 + number, 1e9 + number))
    assert sights.get(keys[0]) is not None  # used: now the newest
    sights.put(sight(keys[3], 100))
    assert {path.stem for path in tmp_path.iterdir()} == {keys[0], keys[2], keys[3]}
    assert sights.get(keys[1]) is None


def test_memory_is_bounded_and_a_bad_folder_only_forgets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (None, tmp_path / "file" / "below"):
        sights = Sights(folder, memory_bytes=2 * 100 * 8 * 4)
        for number in range(5):
            sights.put(sight(f"{number:016x}", 100))
        assert [sights.get(f"{number:016x}") is not None for number in range(5)] == [False] * 3 + [True] * 2


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(0, 300))
def test_the_last_examples_that_fit(costs: list[int], room: int) -> None:
    start = first_that_fits(costs, room)
    assert sum(costs[start:]) <= room
    assert start == 0 or sum(costs[start - 1 :]) > room


@pytest.mark.parametrize(
    ("counts", "texts", "room", "kept"),
    [
        ([16], [None], 16, [0]),
        ([16], [None], 15, []),
        ([2, 64, 1, 64, 1, 64, 1], ["a", None, "b", None, "<global-img>", None, "c"], 500, list(range(7))),
        ([2, 64, 1, 64, 1, 64, 1], ["a", None, "b", None, "<global-img>", None, "c"], 70, [4, 5, 6]),
        ([1, 64, 1, 64, 64], ["<image>", None, "</image><slice>", None, None], 70, [0, 1, 2]),
        ([64, 64], [None, None], 70, [0]),
        ([1, 64, 1, 64], ["", None, "", None], 10, []),
    ],
)
def test_of_a_picture_in_parts_the_overview(
    counts: list[int], texts: list[str | None], room: int, kept: list[int]
) -> None:
    assert fitting(counts, texts, room) == kept
    brief = fitting(counts, texts, 1000, brief=True)
    assert sum(texts[number] is None for number in brief) == 1


@given(st.text())
def test_texts_of_others_are_one_short_line(text: str) -> None:
    line = theirs(text)
    assert isinstance(line, Theirs) and len(line) <= 241 and not set(line) & set("\n\r\x00\x1b\u202e")
    parts = shown(text, text)
    assert all(isinstance(part, Theirs) or part in ("Picture: ", "Text: ", "\n") for part in parts) or not text.strip()


def test_descriptions_end() -> None:
    assert told("  A cat. It sits. It sleeps on") == "A cat. It sits."
    assert told("A cat\nOther words") == "A cat"
    assert told("A cat that", whole=False) == "A cat that \u2026"
    assert told("", whole=False) == ""
    assert not finished("A cat. It sits.") and finished("A cat. It sits. ") and finished("A cat\n")
    assert not finished("3.5 litres at 2.30 ")
    row = list(range(REPEATED))
    assert repeats([9, *row, 7, *row]) and repeats(row + row) and not repeats([9, *row, 7]) and not repeats([])


def test_neighbouring_texts_become_one_piece() -> None:
    seen = sight().pieces[1]
    assert joined([(1,), (), (2, 3), seen, seen, (), (4,)]) == [(1, 2, 3), seen, seen, (4,)]
