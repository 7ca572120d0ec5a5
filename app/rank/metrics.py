"""How good predictions are: ordering, probabilities, calibration. Pure functions of arrays.

`score` and `p` are float[n], `y` is float[n] in {0, 1}, `weight` float[n] >= 0 (None: all 1). NaN where a
number does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Half width of a 95 % interval in standard errors.
Z = 1.96
#: Equally filled bins of a calibration curve, and items in one at least.
BINS, FILLED = 10, 10


#: 97.5 % points of Student's t for 1, 2, ... degrees of freedom.
_STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)


def half_width(values: np.ndarray) -> float:
    """Half the 95 % interval of the mean of independent observations float[k]; NaN for fewer than two."""
    k = len(values)
    if k < 2:
        return float("nan")
    t = _STUDENT[k - 2] if k - 2 < len(_STUDENT) else Z * (1.0 + 1.2 / (k - 1))
    return float(t * values.std(ddof=1) / np.sqrt(k))


def _ones(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    return np.ones(len(values)) if weight is None else np.asarray(weight, np.float64)


def _standing(score: np.ndarray, of: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """For each of `score` the weight of `of` that lies below it, ties half."""
    order = np.argsort(of, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weight[order])])
    below, upto = (np.searchsorted(of[order], score, side) for side in ("left", "right"))
    return (sums[below] + sums[upto]) / 2.0


def auc(score: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Chance that a liked item stands above one that is not, ties half; NaN without both.

    With weights a pair counts as the product of its two.
    """
    return auc_interval(score, y, weight)[0]


def auc_interval(score: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """AUC and the half width of its 95 % interval (DeLong, DeLong and Clarke-Pearson 1988).

    Where every pair is ordered right the variance comes from (k+1)/(n+2) instead, as no sample proves certainty.
    """
    score, w = np.asarray(score, np.float64), _ones(score, weight)
    liked = np.asarray(y) > 0
    up, down = w[liked].sum(), w[~liked].sum()
    if not up > 0 or not down > 0:
        return float("nan"), float("nan")
    above = _standing(score[liked], score[~liked], w[~liked]) / down
    below = 1.0 - _standing(score[~liked], score[liked], w[liked]) / up
    value = float(np.clip(w[liked] @ above / up, 0.0, 1.0))
    share = ((w[liked] / up, above), (w[~liked] / down, below))
    variance = sum(float((s * s) @ (v - value) ** 2) / max(1.0 - float(s @ s), 1e-9) for s, v in share if len(s) > 1)
    effective = min(1.0 / float(s @ s) for s, _ in share)
    modest = (value * effective + 1.0) / (effective + 2.0)
    least = modest * (1.0 - modest) / (effective + 3.0) / 4.0
    return value, float(Z * np.sqrt(max(variance, least)))


def auc_rows(score: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """float64[r]: the AUC under each row of weights float[r, n] >= 0; NaN where one side has none."""
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    start, end = (np.searchsorted(ranked, ranked, side) for side in ("left", "right"))
    liked = np.asarray(y)[order] > 0
    w = np.asarray(weight, np.float64)[:, order]
    below = np.concatenate([np.zeros((len(w), 1)), np.cumsum(np.where(liked, 0.0, w), axis=1)], axis=1)
    up = w[:, liked]
    pairs = up.sum(axis=1) * below[:, -1]
    right = (up * (below[:, start[liked]] + below[:, end[liked]])).sum(axis=1) / 2.0
    return np.divide(right, pairs, out=np.full(len(w), np.nan), where=pairs > 0)


def log_loss(p: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean negative log likelihood in nats."""
    if not len(y):
        return float("nan")
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    return float(np.average(-(y * np.log(p) + (1.0 - y) * np.log(1.0 - p)), weights=_ones(p, weight)))


def brier(p: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean squared difference of probability and outcome (Brier 1950)."""
    return float(np.average((np.asarray(p) - y) ** 2, weights=_ones(p, weight))) if len(y) else float("nan")


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a calibration curve: mean probability, share liked, items, standard error of the gap."""

    said: float
    liked: float
    count: int
    share: float
    error: float


def calibration_curve(
    p: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None = None,
    *,
    bins: int = BINS,
    clusters: np.ndarray | None = None,
) -> list[Bin]:
    """Equally filled bins by probability, FILLED items in each at least.

    `clusters` int[n] says which outcomes are not independent (one reader's, one item's in several
    splits); the standard error of each gap is taken over them.
    """
    p, y = np.asarray(p, np.float64), np.asarray(y, np.float64)
    w = _ones(p, weight)
    group = np.arange(len(p)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    total = w.sum()
    out: list[Bin] = []
    for part in np.array_split(np.argsort(p, kind="stable"), min(bins, max(1, len(y) // FILLED))):
        mass = w[part].sum()
        if not mass > 0:
            continue
        share = w[part] / mass
        said, liked = float(share @ p[part]), float(share @ y[part])
        gaps = np.bincount(group[part], share * ((p[part] - y[part]) - (said - liked)))
        many = int(np.count_nonzero(np.bincount(group[part])))
        error = float(np.sqrt((gaps @ gaps) * many / max(many - 1, 1)))
        out.append(Bin(said, liked, len(part), float(mass / total), error))
    return out


def calibration_error(curve: list[Bin]) -> float:
    """Expected calibration error: mean distance of what was said from what came (Naeini et al. 2015).

    Noise alone makes it positive: 10 bins of 10 perfectly forecast items show about 0.12.
    """
    return float(sum(b.share * abs(b.said - b.liked) for b in curve)) if curve else float("nan")


def calibration_error_debiased(curve: list[Bin]) -> float:
    """Root of the squared calibration error less its noise, 0 where noise explains all of it.

    The debiased estimator of Kumar, Liang and Ma 2019, "Verified Uncertainty Calibration" (section 4), with
    the variance of each bin taken over clusters. Before the root it has no bias; the l2 error it estimates is never
    below the expected calibration error.
    """
    if not curve:
        return float("nan")
    squared = sum(b.share * ((b.said - b.liked) ** 2 - b.error**2) for b in curve)
    return float(np.sqrt(max(squared, 0.0)))


def ndcg(
    score: np.ndarray, gain: np.ndarray, visit: np.ndarray, k: int = 10, weight: np.ndarray | None = None
) -> tuple[float, int]:
    """(mean NDCG@k over visits with anything to put in order, how many they are) (Jarvelin and Kekalainen 2002).

    `gain` float[n] >= 0 is an item's worth, `visit` int[n] names the visit it was shown in. Equal
    scores share their places (McSherry and Najork 2008). With `weight`, each gain counts so often.
    """
    worth = np.asarray(gain, np.float64) * _ones(score, weight)
    values = []
    for each in np.unique(visit):
        mine = visit == each
        if np.ptp(worth[mine]) > 0:
            ideal = _discounted(worth[mine], worth[mine], k)
            values.append(_discounted(np.asarray(score, np.float64)[mine], worth[mine], k) / ideal)
    return (float(np.mean(values)), len(values)) if values else (float("nan"), 0)


def _discounted(score: np.ndarray, worth: np.ndarray, k: int) -> float:
    n = len(score)
    discount = np.where(np.arange(n) < k, 1.0 / np.log2(np.arange(n) + 2.0), 0.0)
    _, tied, count = np.unique(-score, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    sums = np.concatenate([[0.0], np.cumsum(discount)])
    return float(worth @ ((sums[ends] - sums[ends - count]) / count)[tied])
