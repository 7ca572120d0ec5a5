"""Metrics: against scikit-learn where it has them, and what must be true of them whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from penchant.app.rank import metrics
from penchant.app.rank.metrics import auc, auc_interval, brier, calibration_curve, log_loss, ndcg

rows = st.lists(
    st.tuples(st.integers(-3, 3), st.booleans(), st.sampled_from([0.0, 0.25, 1.0, 3.0])), min_size=2, max_size=60
)
Rows = list[tuple[int, bool, float]]
general = settings(deadline=None, max_examples=60)


def arrays(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score, y, weight = (np.array(column, float) for column in zip(*rows, strict=True))
    assume(weight[y > 0].sum() > 0 and weight[y == 0].sum() > 0)
    return score, y, weight


@general
@given(rows)
def test_auc_log_loss_and_brier_are_scikit_learns(rows: Rows) -> None:
    from sklearn import metrics as theirs

    score, y, weight = arrays(rows)
    p = 1 / (1 + np.exp(-score))
    assert auc(score, y, weight) == pytest.approx(theirs.roc_auc_score(y, score, sample_weight=weight))
    assert log_loss(p, y, weight) == pytest.approx(theirs.log_loss(y, p, sample_weight=weight))
    assert brier(p, y, weight) == pytest.approx(theirs.brier_score_loss(y, p, sample_weight=weight))


@general
@given(rows, st.integers(0, 9))
def test_auc_sees_only_the_order(rows: Rows, seed: int) -> None:
    score, y, weight = arrays(rows)
    value, half = auc_interval(score, y, weight)
    mixed = np.random.default_rng(seed).permutation(len(y))
    assert auc(np.exp(score / 2) * 7 - 3, y, weight) == pytest.approx(value)
    assert auc(score[mixed], y[mixed], weight[mixed]) == pytest.approx(value)
    assert auc(-score, y, weight) == pytest.approx(1 - value)
    assert auc(score, 1 - y, weight) == pytest.approx(1 - value)
    assert auc(score, y, weight * 5) == pytest.approx(value)
    assert 0 <= value <= 1 and half > 0


@general
@given(rows)
def test_a_weight_of_k_is_k_copies(rows: Rows) -> None:
    score, y, weight = arrays([(s, liked, float(int(w))) for s, liked, w in rows])
    again = np.repeat(np.arange(len(y)), weight.astype(int))
    assert auc(score, y, weight) == pytest.approx(auc(score[again], y[again]))
    p = 1 / (1 + np.exp(-score))
    assert log_loss(p, y, weight) == pytest.approx(log_loss(p[again], y[again]))


@general
@given(rows, st.integers(0, 9))
def test_auc_rows_is_auc_row_by_row(rows: Rows, seed: int) -> None:
    score, y, _ = arrays(rows)
    weights = np.random.default_rng(seed).poisson(1.0, (5, len(y))).astype(float)
    for value, weight in zip(metrics.auc_rows(score, y, weights), weights, strict=True):
        assert value == pytest.approx(auc(score, y, weight), nan_ok=True)


def test_the_interval_of_auc_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        y = (np.arange(80) < 30).astype(float)
        value, half = auc_interval(rng.standard_normal(80) + y, y)
        hits += abs(value - 0.7602) <= half  # Phi(1 / sqrt 2)
    assert 0.92 <= hits / 400 <= 0.98
    assert np.isnan(auc(np.zeros(3), np.ones(3)))


@general
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_a_calibration_curve_holds_every_item_once_in_order(pairs: list[tuple[float, bool]]) -> None:
    p, y = np.array([a for a, _ in pairs]), np.array([float(b) for _, b in pairs])
    bins = calibration_curve(p, y)
    assert sum(b.count for b in bins) == len(p) and sum(b.share for b in bins) == pytest.approx(1)
    assert len(bins) == 1 or min(b.count for b in bins) >= metrics.FILLED
    said = [b.said for b in bins]
    assert said == sorted(said)
    assert sum(b.share * b.liked for b in bins) == pytest.approx(y.mean())
    assert 0 <= metrics.calibration_error(bins) <= 1 and 0 <= metrics.calibration_error_debiased(bins) <= 1


def test_a_true_forecast_errs_by_noise_alone_and_a_boasting_one_does_not() -> None:
    rng = np.random.default_rng(0)
    plain, less, rms = [], [], []
    for _ in range(200):
        p = rng.random(100)
        bins = calibration_curve(p, (rng.random(100) < p).astype(float))
        plain.append(metrics.calibration_error(bins))
        less.append(sum(b.share * ((b.said - b.liked) ** 2 - b.error**2) for b in bins))
        rms.append(metrics.calibration_error_debiased(bins))
    assert np.mean(plain) > 0.08  # what noise alone shows
    assert abs(np.mean(less)) < 0.002  # and what is left of its square
    assert np.mean(rms) < 0.5 * np.mean(plain) and np.median(rms) < 0.04
    p = rng.random(4_000)
    y = (rng.random(4_000) < p).astype(float)
    loud = calibration_curve(np.where(p > 0.5, 0.99, 0.01), y)
    assert metrics.calibration_error(loud) > 0.2 and metrics.calibration_error_debiased(loud) > 0.2


def test_repeated_outcomes_are_no_new_evidence() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(60)
    y = (rng.random(60) < 0.5).astype(float)
    copies = np.tile(np.arange(60), 20)
    apart = calibration_curve(p[copies], y[copies])
    together = calibration_curve(p[copies], y[copies], clusters=copies)
    assert np.mean([b.error for b in together]) > 3 * np.mean([b.error for b in apart])


@general
@given(st.lists(st.tuples(st.integers(-2, 2), st.sampled_from([0.0, 0.25, 1.0])), min_size=2, max_size=12))
def test_ndcg_of_one_visit_is_scikit_learns(pairs: list[tuple[int, float]]) -> None:
    from sklearn.metrics import ndcg_score

    score, gain = np.array([float(a) for a, _ in pairs]), np.array([b for _, b in pairs])
    value, visits = ndcg(score, gain, np.zeros(len(pairs)), 5)
    if np.ptp(gain) == 0:
        assert visits == 0 and np.isnan(value)
        return
    assert value == pytest.approx(ndcg_score([gain], [score], k=5)) and visits == 1


def test_ndcg_is_the_mean_of_visits_and_best_when_the_order_is_that_of_gains() -> None:
    gain = np.array([1.0, 0.0, 0.25, 0.0, 1.0])
    visit = np.array([1, 1, 1, 2, 2])
    assert ndcg(gain, gain, visit) == (1.0, 2)
    worst = ndcg(-gain, gain, visit)[0]
    assert worst < ndcg(np.zeros(5), gain, visit)[0] < 1
    one, other = ndcg(-gain, gain, np.array([1, 1, 1, 3, 3]))[0], 1 / np.log2(3)
    assert worst == pytest.approx(one) and ndcg(-gain[3:], gain[3:], visit[3:])[0] == pytest.approx(other)


def test_half_width_is_students() -> None:
    from scipy.stats import t

    for k in (2, 5, 16, 17, 40):
        values = np.random.default_rng(k).standard_normal(k)
        exact = t.ppf(0.975, k - 1) * values.std(ddof=1) / np.sqrt(k)
        assert metrics.half_width(values) == pytest.approx(exact, rel=0.01)
    assert np.isnan(metrics.half_width(np.zeros(1)))
