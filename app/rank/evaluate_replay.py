"""One reader's own labels in time order, each predicted before it was learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .dials import Dials
from .evaluate import Answer, DataSet, Fit, Method, Task, answers, fresh
from .metrics import auc, brier, log_loss, ndcg
from .prior import Prior
from .types import Label

#: The head is refitted at every label up to here, then at every so many-th part more.
EVERY_LABEL, SHARE = 256, 64
#: What is fitted from scratch is refitted at every eighth more labels, past a thousand at every fourth.
RIVAL_SHARE, MANY = 8, 1_000
RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Past:
    """What a reader did: labels in order, the row of each one's item, and what else was known when.

    `visit` int64[n] and `position` int64[n] (-1 unknown) say where each was shown, `shown` float64[n]
    the probability on screen (NaN unknown). `turns` holds (place, prior, dials): from that label on these counted.
    """

    labels: Sequence[Label]
    rows: Sequence[int]
    visit: np.ndarray
    position: np.ndarray
    shown: np.ndarray
    inverse: np.ndarray
    turns: Sequence[tuple[int, Prior, Dials]] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """`said` holds (score, probability or None) of each of n labels by method; `weight` is the labels' own,
    `inverse` that of their places.
    """

    y: np.ndarray
    weight: np.ndarray
    inverse: np.ndarray
    visit: np.ndarray
    said: dict[str, Answer] = field(default_factory=dict)


def replay(
    data: DataSet,
    past: Past,
    every_label: Sequence[Method],
    seldom: Sequence[Method],
    progress: Callable[[str], None] | None = None,
) -> Replay:
    """Predict, then learn, label after label; the rivals of `seldom` are refitted now and then.

    Lessons for one expert ("less like this") are learned and not judged.
    """
    judged = [i for i, label in enumerate(past.labels) if not label.part]
    y = np.array([float(past.labels[i].y) for i in judged])
    weight = np.array([past.labels[i].weight for i in judged])
    out = Replay(y, weight, past.inverse[judged], past.visit[judged])
    out.said.update(_ours(data, past, judged, progress))
    rows = np.array([past.rows[i] for i in judged], np.intp)
    for methods, refit in ((every_label, _always), (seldom, _now_and_then)):
        for make in methods:
            out.said.update(_refitted(make(data), rows, y, weight, data, refit))
            if progress:
                progress(f"{', '.join(list(out.said)[-1:])}: {len(rows)} labels")
    shown = past.shown[judged]
    if len(shown) and np.mean(np.isfinite(shown)) > 0.9:
        p = np.where(np.isfinite(shown), shown, 0.5)
        out.said["as shown"] = p, p
    return out


def _ours(
    data: DataSet, past: Past, judged: Sequence[int], progress: Callable[[str], None] | None
) -> dict[str, Answer]:
    model = fresh(data)
    turns = {place: (prior, dials) for place, prior, dials in past.turns}
    found: dict[str, list[tuple[float, float]]] = {}
    fitted = 0
    judge = set(judged)
    for i, (label, row) in enumerate(zip(past.labels, past.rows, strict=True)):
        if i in turns:
            model.prior, model.dials = turns[i]
        if i in judge:
            one = data.batch.take([row])
            for name, (score, p) in answers(model, one, label.at).items():
                found.setdefault(name, []).append((float(score[0]), float("nan") if p is None else float(p[0])))
        head = model.head() if i - fitted < max(1, i // SHARE) and i > EVERY_LABEL else None
        model.learn(label, data.batch, row)
        if head is None:
            fitted = i
        else:
            model._head = head
        if progress and i % 500 == 499:
            progress(f"penchant: {i + 1} of {len(past.labels)} labels")
    out: dict[str, Answer] = {}
    for name, pairs in found.items():
        both = np.array(pairs)
        out[name] = both[:, 0], None if np.isnan(both[0, 1]) else both[:, 1]
    return out


def _always(at: int) -> int:
    return 1


def _now_and_then(at: int) -> int:
    return max(1, at // (RIVAL_SHARE if at < MANY else RIVAL_SHARE // 2))


def _refitted(
    fit: Fit, rows: np.ndarray, y: np.ndarray, weight: np.ndarray, data: DataSet, step: Callable[[int], int]
) -> dict[str, Answer]:
    scores: dict[str, np.ndarray] = {}
    chances: dict[str, np.ndarray] = {}
    at = 0
    while at < len(rows):
        end = min(len(rows), at + step(at))
        when = None if data.published is None else data.published[rows[at:end]]
        for name, (score, p) in fit(Task(rows[:at], y[:at], weight[:at], rows[at:end], when)).items():
            scores.setdefault(name, np.zeros(len(rows)))[at:end] = score
            if p is not None:
                chances.setdefault(name, np.full(len(rows), 0.5))[at:end] = p
        at = end
    return {name: (score, chances.get(name)) for name, score in scores.items()}


Measure = Callable[[np.ndarray], float]


def measures(found: Replay, name: str) -> Mapping[str, tuple[float, float]]:
    """(value, half width of its 95 % bootstrap interval) by measure; NaN where one does not apply.

    "auc", "log_loss", "brier" and "ndcg" weigh labels as the ranking does when it learns them;
    "decided" is the AUC among decisions alone; "auc_ipw" and "log_loss_ipw" count each label by the inverse
    chance that its place was looked at.
    """
    score, p = found.said[name]
    y, w, v = found.y, found.weight, found.weight * found.inverse
    decided = found.weight * (found.weight >= 0.5)
    table: dict[str, Measure] = {
        "auc": lambda m: auc(score, y, w * m),
        "decided": lambda m: auc(score, y, decided * m),
        "auc_ipw": lambda m: auc(score, y, v * m),
    }
    if p is not None:
        known = p
        table |= {
            "log_loss": lambda m: log_loss(known, y, w * m),
            "brier": lambda m: brier(known, y, w * m),
            "log_loss_ipw": lambda m: log_loss(known, y, v * m),
        }
    out = {key: bootstrap(measure, found.visit) for key, measure in table.items()}
    nothing = float("nan"), float("nan")
    for key in ("log_loss", "brier", "log_loss_ipw"):
        out.setdefault(key, nothing)
    out["ndcg"] = ndcg(score, y * w, found.visit)[0], float("nan")
    return out


def bootstrap(measure: Measure, visit: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """A measure of per-item counts with the half width of its 95 % percentile interval (Efron 1979).

    Whole visits are drawn, since judgements of one visit are not independent; single labels below 20 visits.
    """
    n = len(visit)
    groups = np.unique(visit, return_inverse=True)[1] if len(np.unique(visit)) >= 20 else np.arange(n)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES if n <= 2_000 else RESAMPLES // 4):
        drawn = np.bincount(rng.integers(0, groups.max() + 1, groups.max() + 1), minlength=groups.max() + 1)
        counts = drawn[groups].astype(float)
        if counts.sum() > 0:
            values.append(measure(counts))
    low, high = np.nanpercentile(values, [2.5, 97.5]) if np.isfinite(values).any() else (np.nan, np.nan)
    return measure(np.ones(n)), float(high - low) / 2.0
