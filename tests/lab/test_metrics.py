"""Measures of written texts: as the study defines them, and what each is for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.lab import metrics


def units(seed: int, count: int, d: int = 8) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_variance_is_that_of_pairwise_cosines(seed: int, count: int) -> None:
    """|mean|^2 is the mean of all pairs' cosines: the definition, computed in another way."""
    rows = units(seed, count)
    assert metrics.variance(rows) == pytest.approx(1.0 - math.sqrt(max((rows @ rows.T).mean(), 0.0)), abs=1e-7)
    assert -1e-9 <= metrics.variance(rows) <= 1.0


def test_variance_and_similarity_of_known_directions() -> None:
    east, north = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert metrics.variance(np.vstack([east, east])) == pytest.approx(0.0)
    assert metrics.variance(np.vstack([east, -east])) == pytest.approx(1.0)
    assert metrics.variance(np.vstack([east, north])) == pytest.approx(1.0 - math.sqrt(0.5))
    assert metrics.similarity(np.vstack([east, north]), east) == pytest.approx(math.sqrt(0.5))
    assert metrics.similarity(10 * east, east) == pytest.approx(1.0)  # a cosine: length tells nothing
    nothing = np.zeros((0, 2))
    assert math.isnan(metrics.variance(nothing)) and math.isnan(metrics.similarity(nothing, east))


def test_near_duplicates_count_the_later_ones() -> None:
    rows = units(1, 3, 64)
    assert metrics.duplicates(rows) == 0.0
    assert metrics.duplicates(np.vstack([rows, rows[:1], rows[:1]])) == pytest.approx(2 / 5)


def test_topics_captured_counts_hidden_topics_once_and_nothing_far_away() -> None:
    centres = np.eye(4)
    posts = np.array([[1.0, 0, 0, 0], [0.9, 0.1, 0, 0], [0, 0, 1.0, 0], [0.5, 0.5, 0.5, 0.5]])
    found = metrics.nearest(posts, centres, 0.6)
    assert found == [0, 0, 2, None]
    assert metrics.captured(found, (0, 1)) == 0.5
    assert metrics.within(found, (0, 1)) == 0.5
    assert math.isnan(metrics.captured(found, ()))


def test_coherence_abstains_where_it_cannot_know() -> None:
    text = "the night train crosses a bridge over the river"
    assert metrics.coherent(text, 0.8, 0.5) is True
    assert metrics.coherent(text, 0.2, 0.5) is False
    assert metrics.coherent(text, None, 0.5) is None
    assert metrics.coherent("too short", 0.8, 0.5) is None
    assert metrics.coherent("I like it and " * 8, 5.0, 0.5) is False  # in circles: likely, and says nothing


SENTENCES = st.lists(st.sampled_from(["a", "quick", "brown", "fox", "and", "some", "owls"]), max_size=30).map(" ".join)


@given(SENTENCES)
def test_shuffled_keeps_the_words_and_is_always_the_same(text: str) -> None:
    assert sorted(metrics.shuffled(text).split()) == sorted(text.split())
    assert metrics.shuffled(text) == metrics.shuffled(text)


def test_most_real_texts_are_typical_and_a_stranger_is_not() -> None:
    rng = np.random.default_rng(3)
    real = np.abs(units(2, 60, 12)) + 0.2 * rng.random((60, 12))
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    bar = metrics.typical_bar(real)
    assert metrics.typical(-real, real, bar).sum() == 0
    assert metrics.typical(real, real, bar).all()


def test_shares_leave_out_who_abstained() -> None:
    assert metrics.share([True, None, False, True]) == (pytest.approx(2 / 3), 0.75)
    assert math.isnan(metrics.share([None])[0]) and metrics.share([None])[1] == 0.0
