"""The judge that may abstain: what it promises holds, and it says nothing rather than guess."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from penchant.app.voice import abstain


def labelled(seed: int, count: int, clear: float) -> tuple[np.ndarray, np.ndarray]:
    """Two experts, of which the first knows more; `clear`: how much."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    signal = 2.0 * y - 1.0
    return np.column_stack([clear * signal + rng.normal(size=count), clear / 3 * signal + rng.normal(size=count)]), y


@given(st.integers(0, 40), st.integers(0, 60), st.floats(0.001, 0.5))
def test_the_upper_bound_is_that_of_clopper_and_pearson(wrong: int, more: int, delta: float) -> None:
    of = wrong + more
    if of == 0:
        return
    expected = 1.0 if wrong == of else beta.ppf(1.0 - delta, wrong + 1, of - wrong)
    assert abstain.upper(wrong, of, delta) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_fresh_texts_break_the_promise_hardly_ever(seed: int) -> None:
    judge = abstain.fit(*labelled(seed, 300, 0.6), risk=0.2)
    opinions, y = labelled(seed + 1_000_000, 4_000, 0.6)
    said = judge.verdicts(opinions)
    spoke = said != abstain.SILENT
    assert spoke.mean() < 0.95, "without abstaining it would be wrong too often"
    if spoke.any():
        assert np.mean(said[spoke] != y[spoke]) < 0.2 + 0.03


def test_a_judge_that_knows_nothing_says_nothing() -> None:
    rng = np.random.default_rng(5)
    judge = abstain.fit(rng.normal(size=(200, 2)), rng.integers(0, 2, 200))
    assert math.isinf(judge.sure)
    assert (judge.verdicts(rng.normal(size=(50, 2)) * 10) == abstain.SILENT).all()


def test_few_labels_promise_nothing_and_clear_ones_are_used() -> None:
    opinions, y = labelled(6, 200, 4.0)
    assert math.isinf(abstain.fit(opinions[:10], y[:10]).sure)
    judge = abstain.fit(opinions, y)
    assert (judge.verdicts(opinions) == y).mean() > 0.95


def test_probabilities_are_calibrated() -> None:
    judge = abstain.fit(*labelled(7, 2_000, 0.7))
    opinions, y = labelled(8, 20_000, 0.7)
    p = judge.probability(opinions)
    for low in np.arange(0.1, 0.9, 0.2):
        mine = (p >= low) & (p < low + 0.2)
        assert abs(p[mine].mean() - y[mine].mean()) < 0.05


def test_who_has_no_opinion_is_not_judged() -> None:
    judge = abstain.fit(*labelled(9, 400, 3.0))
    assert judge.verdicts(np.array([[math.nan, math.nan]])).tolist() == [abstain.SILENT]
    assert judge.verdicts(np.array([[6.0, math.nan]])).tolist() == [1]


def test_an_audit_knows_nothing_of_what_comes_later() -> None:
    opinions, y = labelled(10, 200, 1.5)
    whole = abstain.audit(opinions, y)
    other = y.copy()
    other[120:] = 1 - other[120:]
    changed = abstain.audit(opinions, other)
    start, block = abstain.FEWEST, 16
    same = start + (120 - start) // block * block + block  # the block in which labels change was foretold before
    np.testing.assert_array_equal(whole.p[:same], changed.p[:same])
    assert not np.array_equal(whole.p[same:], changed.p[same:])
    assert np.isnan(whole.p[:start]).all() and whole.error <= 0.25 and whole.coverage > 0.3


def test_the_curve_goes_from_the_surest_to_all() -> None:
    opinions, y = labelled(11, 500, 1.0)
    p = abstain.fit(opinions, y).probability(opinions)
    points = abstain.curve(p, y)
    assert points[-1].coverage == 1.0
    assert points[-1].error == pytest.approx(np.mean((p >= 0.5) != (y > 0)))
    assert [point.coverage for point in points] == sorted({point.coverage for point in points})
    assert points[0].error < points[-1].error and all(point.error <= point.high for point in points)
    assert abstain.curve(np.full(3, math.nan), np.ones(3)) == []
