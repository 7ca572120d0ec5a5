"""Which candidates stand, in which order, and that they differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.writing.choosing import NEAR, alike, offering, same, variance, worths


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    matrix = np.array(rows, np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_same_by_words_or_by_meaning() -> None:
    vectors = unit((1, 0))
    assert same("other words entirely here", unit((1, 0.1))[0], ["some text of mine"], vectors), "the same meaning"
    assert not same("other words entirely here", unit((0, 1))[0], ["some text of mine"], vectors)
    assert same("The trams of Lisbon climb well", unit((0, 1))[0], ["the trams of lisbon climb WELL!"], vectors)
    assert not same("a", unit((0, 1))[0], [], np.zeros((0, 2), np.float32))
    assert NEAR < 1 and alike("yes", "YES") == 1.0 and alike("yes", "no") == 0.0


def test_worth_is_the_mean_of_both_judges_in_their_own_spread() -> None:
    assert worths([0.9, 0.5, 0.1], [None] * 3)[0] > worths([0.9, 0.5, 0.1], [None] * 3)[1]
    agreeing = worths([0.9, 0.1], [0.3, -0.3])
    assert agreeing == pytest.approx([1.0, -1.0])
    assert worths([0.9, 0.1], [-0.3, 0.3]) == pytest.approx([0.0, 0.0]), "they weigh the same"
    assert worths([None, None], [None, None]) == [0.0, 0.0]
    assert worths([0.5, None, 0.9], [None] * 3)[1] == pytest.approx(0.0), "what is unknown is the mean"


def test_the_best_first_then_what_differs() -> None:
    vectors = unit((1, 0), (1, 0.05), (0, 1))
    assert offering([1.0, 0.9, 0.0], vectors, 2) == [0, 2]
    assert offering([1.0, 0.9, 0.0], vectors, 2, variety=0.0) == [0, 1]
    assert offering([5.0], unit((1, 0)), 3) == [0]


def test_variance_as_the_study_measures_it() -> None:
    assert variance(unit((1, 0), (1, 0))) == pytest.approx(0.0, abs=1e-6)
    assert variance(unit((1, 0), (-1, 0))) == pytest.approx(1.0)
    assert variance(unit((1, 0), (0, 1))) == pytest.approx(1 - 2**0.5 / 2)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8), st.integers(1, 8), st.integers(0, 99))
def test_an_offer_repeats_nothing_and_begins_with_the_best(worth: list[float], count: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(worth), 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = offering(worth, vectors, count)
    assert len(found) == len(set(found)) == min(count, len(worth)) and worth[found[0]] == max(worth)
