"""The expert over one number: exact sums over the grid, useless judges fall silent, state survives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.rank.prequential import opinions_before
from penchant.app.rank.recipe import PRIORS
from penchant.app.rank.scalar import CAUTION, OFFSETS, POWER, SLOPES, USELESS, ScalarExpert

ONE = np.ones((1, 1), np.float32)


def taught(numbers: np.ndarray, y: np.ndarray, weight: float = 1.0, window: int = 512) -> ScalarExpert:
    expert = ScalarExpert(1, PRIORS["judge"], window)
    for z, each in zip(numbers, y, strict=True):
        expert.learn(np.array([z], np.float32), int(each), weight)
    return expert


def judge(d: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Opinions whose means lie `d` apart for liked and skipped items."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return rng.standard_normal(n) + d * (y - 0.5), y


def test_it_says_nothing_before_any_label_and_whispers_while_they_are_few() -> None:
    said = [taught(*judge(3.0, n, 1)).opinion(ONE)[0] for n in (0, 8, 24, 96)]
    assert said[0] == 0.0 and said[1] < 0.1 < said[2] < said[3]


def test_a_judge_that_knows_nothing_falls_silent_and_a_good_one_is_heard() -> None:
    useless = np.mean([taught(*judge(0.0, 48, s)).opinion(ONE)[0] for s in range(20)])
    good = np.mean([taught(*judge(1.4, 48, s)).opinion(ONE)[0] for s in range(20)])
    against = np.mean([taught(*judge(-1.4, 48, s)).opinion(ONE)[0] for s in range(20)])
    assert useless < 0.1
    assert good > 1.0
    assert against < 1e-3, "a judge that is wrong is never believed the other way round"


def test_left_out_is_the_opinion_of_an_expert_that_never_had_the_label() -> None:
    z, y = judge(1.0, 30, 3)
    z[4] = 0.0
    out = taught(z, y).left_out()
    for i in (0, 4, 11, 29):
        other = taught(np.delete(z, i), np.delete(y, i))
        assert out[i] == pytest.approx(other.opinion(np.array([[z[i]]]))[0], abs=1e-6)


@pytest.mark.parametrize("window", [512, 20])
def test_forecasts_are_those_made_at_the_time(window: int) -> None:
    z, y = judge(1.0, 33, 5)
    expert, said = taught(z[:0], y[:0], window=window), []
    for value, label in zip(z, y, strict=True):
        said.append(expert.opinion(np.array([[value]]))[0])
        expert.learn(np.array([value], np.float32), int(label), 0.7)
    assert opinions_before(expert) == pytest.approx(said[-window:], abs=1e-5)


def test_nothing_known_is_nothing_learned() -> None:
    expert = taught(np.zeros(40), np.ones(40))
    assert np.array_equal(expert.belief, taught(np.zeros(0), np.zeros(0)).belief)
    assert len(expert.left_out()) == 40, "the head counts on one opinion for each label"


LABELS = st.tuples(st.floats(-3, 3, width=32), st.integers(0, 1), st.sampled_from([0.1, 0.5, 1.0]))


@given(st.lists(LABELS, max_size=30))
def test_the_slope_is_never_negative_and_the_state_comes_back(labels: list[tuple[float, int, float]]) -> None:
    expert = ScalarExpert(1, 2.0, 512)
    for z, y, weight in labels:
        expert.learn(np.array([z], np.float32), y, weight)
    assert 0.0 <= expert.opinion(ONE)[0] <= SLOPES[-1]
    assert expert.variance(ONE)[0] >= 0
    twin = ScalarExpert(1, 2.0, 512)
    twin.restore(expert.state())
    assert np.array_equal(twin.left_out(), expert.left_out()) and twin.draw(ONE, 3) == expert.draw(ONE, 3)


def test_the_belief_is_the_exact_posterior() -> None:
    z, y = judge(1.0, 12, 9)
    z = z.astype(np.float32).astype(np.float64)
    width = np.gradient(SLOPES)[1:] * np.exp(-(SLOPES[1:] ** 2) / (2 * 2.0))
    prior = np.append(USELESS, (1 - USELESS) * width / width.sum())
    total = np.zeros(len(SLOPES))
    for k, a in enumerate(SLOPES):
        for b in OFFSETS:
            p = 1 / (1 + np.exp(-(a * z + b)))
            total[k] += prior[k] * np.exp(-b * b / 2) * np.prod(np.where(y > 0, p, 1 - p))
    aloud = 12.0**POWER / (12.0**POWER + CAUTION**POWER)
    assert taught(z, y).opinion(ONE)[0] == pytest.approx(float(total @ SLOPES / total.sum()) * aloud, rel=1e-9)


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        ScalarExpert(1, 2.0, 512).restore({"belief": np.zeros((2, 2)), "rows": np.zeros((0, 3))})
    with pytest.raises(ValueError, match="one number"):
        ScalarExpert(2, 2.0, 512)
