"""One reader's own labels in time order, each predicted before it was learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .dials import Dials
from .evaluate import DataSet, Fit, Method, Task, answers, fresh
from .evaluate_step import Answer
from .metrics import auc_interval, auc_rows, ndcg
from .prior import Prior
from .types import Label

#: The head is refitted at every label up to here, then at every so many-th part more, but after LATEST at most.
EVERY_LABEL, SHARE, LATEST = 256, 64, 16
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
        head = model.head() if i > EVERY_LABEL and i - fitted < min(i // SHARE, LATEST) else None
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


def resample(visit: np.ndarray, seed: int = 0) -> np.ndarray:
    """float32[r, n]: how often each label is in each bootstrap sample (Efron 1979).

    Whole visits are drawn, since judgements of one visit are not independent; single labels below 20 visits.
    """
    n = len(visit)
    names, place = np.unique(visit, return_inverse=True)
    groups = place if len(names) >= 20 else np.arange(n)
    many = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, many, many), minlength=many) for _ in range(RESAMPLES)]
    return np.array(drawn, np.float32)[:, groups]


def measures(found: Replay, name: str, samples: np.ndarray) -> Mapping[str, tuple[float, float]]:
    """(value, half width of its 95 % percentile interval over `samples`) by measure; NaN where one does not apply.

    "auc", "log_loss", "brier" and "ndcg" weigh labels as the ranking does when it learns them;
    "decided" is the AUC among decisions alone; "auc_ipw" and "log_loss_ipw" count each label by the inverse
    chance that its place was looked at.
    """
    score, p = found.said[name]
    y, w = found.y, found.weight
    by_place, decided = w * found.inverse, w * (w >= 0.5)
    out = {}
    blocks = np.array_split(samples, 1 + samples.size // 1_000_000)
    for key, v in (("auc", w), ("decided", decided), ("auc_ipw", by_place)):
        rows = [auc_rows(score, y, v[None]), *(auc_rows(score, y, block * v) for block in blocks)]
        value, half = _interval(np.concatenate(rows))
        # resampling a few labels that are all in order shows no spread, and proves nothing
        out[key] = value, half if 0.0 < value < 1.0 else auc_interval(score, y, v)[1]
    said = np.full(len(y), np.nan) if p is None else np.clip(p, 1e-6, 1.0 - 1e-6)
    loss = -(y * np.log(said) + (1.0 - y) * np.log(1.0 - said))
    for key, each, v in (("log_loss", loss, w), ("log_loss_ipw", loss, by_place), ("brier", (said - y) ** 2, w)):
        sums = samples @ np.stack([each * v, v], axis=1)
        out[key] = _interval(np.append(np.average(each, weights=v), sums[:, 0] / sums[:, 1]))
    out["ndcg"] = ndcg(score, y * w, found.visit)[0], float("nan")
    return out


def _interval(values: np.ndarray) -> tuple[float, float]:
    """The first of `values`, and half the 95 % interval of the others."""
    others = values[1:][np.isfinite(values[1:])]
    half = float(np.ptp(np.percentile(others, [2.5, 97.5]))) / 2.0 if len(others) else float("nan")
    return float(values[0]), half
