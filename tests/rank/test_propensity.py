"""Chances of looking: recovered from a reader made up to look less and less, and bounded whatever the events say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.metrics import auc
from penchant.app.rank.propensity import MOST, estimate, falling, group_of


def reader(n: int, seed: int, *, ranked: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(place, acted, probability shown, truly liked): place p is looked at with chance 1 / (1 + group)."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    place = np.zeros(n, np.int64)
    for at in range(0, n, 31):
        block = slice(at, min(at + 31, n))
        order = np.argsort(-p[block]) if ranked else rng.permutation(block.stop - at)
        place[block] = np.argsort(order)
    liked = rng.random(n) < p
    looked = rng.random(n) < 1.0 / (1.0 + group_of(place))
    return place, looked & liked, p, liked


@pytest.mark.parametrize("ranked", [False, True])
def test_the_chance_of_looking_is_found_whether_or_not_good_items_stand_on_top(ranked: bool) -> None:
    place, acted, p, _ = reader(31 * 400, 1, ranked=ranked)
    found = estimate(place, acted, p)
    assert found.chance == pytest.approx(1.0 / (1.0 + np.arange(5)), abs=0.1)
    if ranked:  # without the scores, standing on top would pass for being looked at
        blind = estimate(place, acted, np.full(len(place), np.nan))
        assert np.all(blind.chance[1:] < found.chance[1:])


def test_weights_make_up_for_places() -> None:
    place, acted, p, liked = reader(31 * 300, 2, ranked=True)
    found = estimate(place, acted, p)
    # a like at a low place stands for several nobody looked at
    truth = np.bincount(group_of(place)[liked], minlength=5) / liked.sum()
    plain = np.bincount(group_of(place)[acted], minlength=5) / acted.sum()
    weight = found.weight(place)[acted]
    made_up = np.bincount(group_of(place)[acted], weight, minlength=5) / weight.sum()
    assert np.abs(made_up - truth).sum() < 0.5 * np.abs(plain - truth).sum()
    assert np.isfinite(auc(p[acted], liked[acted] * (p[acted] > 0.5), weight))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.booleans(), st.floats(0, 1) | st.just(float("nan"))), max_size=200)
)
def test_chances_fall_from_one_and_weights_are_bounded(showings: list[tuple[int, bool, float]]) -> None:
    place = np.array([a for a, _, _ in showings], np.int64)
    acted, score = np.array([b for _, b, _ in showings], bool), np.array([c for _, _, c in showings])
    found = estimate(place, acted, score)
    weight = found.weight(np.append(place, [-1, 0, 10**6]))
    assert np.all((weight >= 1) & (weight <= MOST)) and weight[-3] == 1 == weight[-2]
    if len(found.chance):
        assert found.chance[0] == 1 and np.all(np.diff(found.chance) <= 1e-12) and found.chance[-1] >= 1 / MOST
    else:
        assert len(place) < 50 or not acted.any()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 5)), min_size=1, max_size=20))
def test_pooling_is_scikit_learns_isotonic_regression(pairs: list[tuple[float, float]]) -> None:
    from sklearn.isotonic import IsotonicRegression

    values, weight = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    theirs = IsotonicRegression(increasing=False).fit_transform(np.arange(len(values)), values, sample_weight=weight)
    assert falling(values, weight) == pytest.approx(theirs, abs=1e-9)
