"""Which candidates stand, in which order, and that they differ."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.writing.choosing import NEAR, alike, offering, same, scattered, variance, varied, worths


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


def test_of_sets_nearly_as_good_the_most_varied_is_offered() -> None:
    vectors = unit((1, 0), (1, 0.05), (0, 1))
    assert offering([1.0, 0.9, 0.0], [0.90, 0.89, 0.86], vectors, 2) == [0, 2], "two points for another subject"
    assert offering([1.0, 0.9, 0.0], [0.90, 0.89, 0.60], vectors, 2) == [0, 1], "not at any price"
    assert offering([1.0, 0.9, 0.7], [None, 0.9, 0.9], vectors, 2) == [0, 2], "by worth where the head is silent"
    assert offering([1.0, 0.9, 0.0], [None] * 3, vectors, 2) == [0, 1]
    assert offering([0.0, 1.0], [0.9, 0.9], unit((1, 0), (0, 1)), 2) == [1, 0], "worth says which stands first"
    assert offering([5.0], [0.5], unit((1, 0)), 3) == [0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.integers(1, 4), st.floats(0, 0.3), st.integers(0, 99))
def test_a_choice_keeps_its_price_and_is_never_narrower_than_the_best(
    value: list[float], count: int, give: float, seed: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(value), 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, best = varied(value, vectors, count, give), sorted(range(len(value)), key=lambda n: -value[n])[:count]
    assert len(found) == len(set(found)) == min(count, len(value))
    assert np.mean([value[n] for n in found]) >= np.mean([value[n] for n in best]) - give - 1e-6
    assert np.linalg.norm(vectors[found].sum(axis=0)) <= np.linalg.norm(vectors[best].sum(axis=0)) + 1e-9


def test_the_exchange_finds_nearly_what_looking_at_every_set_finds() -> None:
    lost = []
    for seed in range(30):
        draw = np.random.default_rng(seed)
        vectors, value = draw.normal(size=(14, 6)) + 1.0, draw.uniform(size=14)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        sets = [list(each) for each in combinations(range(14), 4)]
        most = max(float(value[each].mean()) for each in sets)
        widest = max(variance(vectors[each]) for each in sets if value[each].mean() >= most - 0.2)
        lost.append(1 - variance(vectors[varied(value.tolist(), vectors, 4, 0.2)]) / widest)
    assert np.mean(lost) < 0.03


def test_liked_texts_to_start_from_lie_apart_and_differ_with_the_seed() -> None:
    draw = np.random.default_rng(0)
    crowd = np.tile([1.0, 0.0, 0.0], (40, 1)) + draw.normal(scale=0.02, size=(40, 3))
    vectors = unit(*map(tuple, crowd), (0, 1, 0), (0, 0, 1))
    drawn = [scattered(vectors, 3, seed) for seed in range(40)]
    assert np.mean([{40, 41} <= set(each) for each in drawn]) > 0.9, "by lot alone one in 287 would have both"
    assert len({tuple(each) for each in drawn}) > 5
    assert scattered(vectors, 5, 3)[:3] == scattered(vectors, 3, 3), "asking for more changes nothing of the first"
    for rows in (vectors, unit((1, 0), (1, 0), (1, 0))):
        assert sorted(scattered(rows, 99, 1)) == list(range(len(rows))), "all of them, once each, alike or not"
    assert scattered(np.zeros((0, 3)), 4, 1) == []


def test_variance_as_the_study_measures_it() -> None:
    assert variance(unit((1, 0), (1, 0))) == pytest.approx(0.0, abs=1e-6)
    assert variance(unit((1, 0), (-1, 0))) == pytest.approx(1.0)
    assert variance(unit((1, 0), (0, 1))) == pytest.approx(1 - 2**0.5 / 2)
