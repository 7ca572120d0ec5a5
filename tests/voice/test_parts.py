"""Several tastes in one reader's likes: found without a lot, each carried by a vector of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.config import Config
from penchant.app.judge import carried as files
from penchant.app.llm.choose import open_voice
from penchant.app.paths import Paths
from penchant.app.voice import reader
from penchant.app.voice.carriers import Tools, make
from penchant.app.voice.carriers.parts import EACH, MOST, parted
from penchant.app.voice.carriers.vector import as_loud
from penchant.app.voice.shelf import StoreShelf
from penchant.app.voice.values import Carried, Part, Taste, Text


@pytest.fixture
async def voice(tiny: Path, tmp_path: Path) -> AsyncIterator[Any]:
    async with open_voice(str(tiny), Config(), Paths.under(tmp_path), context=512) as found:
        yield found


@pytest.fixture
def tools(world: Any, tmp_path: Path) -> Tools:
    return Tools(StoreShelf(world.call, Paths.under(tmp_path)), tokens=200)


def around(count: int, parts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(unit vectors, the part of each) of so many directions that lie apart."""
    draw = np.random.default_rng(seed)
    centres = np.linalg.qr(draw.standard_normal((16, parts)))[0].T
    truth = np.arange(count) % parts
    rows = centres[truth] + 0.1 * draw.standard_normal((count, 16))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), truth


@given(st.integers(0, 100), st.integers(0, 99))
def test_every_text_has_a_part_and_the_same_likes_make_the_same_ones(count: int, seed: int) -> None:
    rows = around(count, 3, seed)[0]
    labels = parted(rows)
    assert len(labels) == count and labels.tolist() == parted(rows.copy()).tolist()
    assert sorted(set(labels.tolist())) == list(range(len(set(labels.tolist()))))
    assert len(set(labels.tolist())) <= max(1, min(MOST, count // EACH))


@pytest.mark.parametrize("seed", range(5))
def test_tastes_that_lie_apart_are_told_apart(seed: int) -> None:
    rows, truth = around(MOST * EACH, MOST, seed)
    labels = parted(rows)
    assert len({*zip(labels.tolist(), truth.tolist(), strict=True)}) == MOST


def test_the_same_text_many_times_is_one_taste() -> None:
    assert not parted(np.tile(np.eye(1, 8), (40, 1))).any()


def test_a_part_is_as_loud_as_the_whole() -> None:
    draw = np.random.default_rng(1)
    made, whole = draw.standard_normal((2, 6, 8)).astype(np.float32)
    made[0] = whole[0] = 0.0
    found = as_loud(made, whole)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.linalg.norm(whole, axis=1), rel=1e-5)
    assert np.isfinite(found).all()


def test_a_liked_text_is_written_from_by_its_part_and_anything_else_by_the_whole() -> None:
    part = Part(frozenset({"a", "b"}), Carried(steer=Path("part")))
    taste = Taste(Carried(steer=Path("whole")), parts=(part,))
    assert [str(taste.toward_from(text).steer) for text in ("a", "b", "c", "")] == ["part", "part", "whole", "whole"]


async def test_the_vector_of_a_reader_of_two_tastes_has_a_part_for_each(world: Any, voice: Any, tools: Tools) -> None:
    """Written from only: what scores is the whole. Undone, the very same files are there again."""
    world.decide()
    found = reader.of(world.store)
    assert not (await make("vector", tools).taste(found, voice)).parts, "so few likes are one taste"
    others = tuple(Text(1_000 + n, text) for n, text in enumerate(world.OTHERS[:12]))
    two = replace(found, liked=(*found.liked, *others))
    taste = await make("vector", tools).taste(two, voice)
    assert {frozenset(part.texts) for part in taste.parts} >= {frozenset(text.text for text in others)}
    assert frozenset().union(*(part.texts for part in taste.parts)) == {text.text for text in two.liked}
    model = voice.key
    kept = [part.toward.steer.read_bytes() for part in taste.parts if part.toward.steer]
    numbers = [files.load(part.toward.steer, files.STEER, model) for part in taste.parts if part.toward.steer]
    assert len(numbers) > 1 and not np.allclose(numbers[0], numbers[1])
    assert all(np.array_equal(each.any(axis=1), numbers[0].any(axis=1)) for each in numbers)
    assert [piece async for piece in voice.write("Write.", 4, taste.parts[0].toward, seed=1, temperature=1.0)]
    await make("vector", tools).taste(found, voice)
    assert not any(part.toward.steer.exists() for part in taste.parts if part.toward.steer), "they leave no trace"
    again = await make("vector", tools).taste(two, voice)
    assert [part.toward.steer.read_bytes() for part in again.parts if part.toward.steer] == kept
