"""Jokes that real people rated: what own ratings, duels, and other people's ratings tell of the jokes left."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from penchant.app.rank.evaluate import DataSet
from penchant.app.rank.metrics import auc
from penchant.app.rank.model import Model
from penchant.app.rank.pairs import difference
from penchant.app.rank.types import Label

#: Ratings of a person's own that are known; jokes that are left are judged.
STEPS = (8, 16, 32, 48)
LEFT = 40
#: The others' covariance is drawn toward equal, independent jokes; the variance of a rating about its expectation.
SHRUNK, NOISE = 0.2, 0.6
_OPTIONAL = ("picture", "caption", "hidden", "judge", "asked")
METHODS = (
    "crowd's mean", "head, likes", "head, duels", "crowd + head, duels", "others as prior, ratings",
    "others as prior, duels", "prior with duels + head",
)  # fmt: skip


def rows(data: DataSet, folder: Path, people: int) -> list[dict[str, Any]]:
    """One row for each method: AUC and gain over the crowd's mean, with half its 95 % interval, over people."""
    table = ratings(folder, len(data.batch))
    found: dict[tuple[str, int], list[float]] = {}
    for person in range(min(people, len(table))):
        for n in STEPS:
            for method, value in _person(data, table, person, n).items():
                found.setdefault((method, n), []).append(value)
    out = []
    for method in METHODS:
        row: dict[str, Any] = {"method": method}
        for n in STEPS:
            values, crowd = np.array(found[method, n]), np.array(found["crowd's mean", n])
            gain = values - crowd
            row |= {f"{n}": float(values.mean()), f"{n} gain": float(gain.mean()),
                    f"{n} half": float(1.96 * gain.std(ddof=1) / np.sqrt(len(gain)))}  # fmt: skip
        out.append(row)
    return out


def ratings(folder: Path, jokes: int) -> np.ndarray:
    """float64[people, jokes] of standardised ratings, NaN where somebody did not rate."""
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
        raw = [(row["user"], int(row["item"][1:]) - 1, float(row["rating"])) for row in csv.DictReader(file)]
    names = {name: n for n, name in enumerate(dict.fromkeys(name for name, _, _ in raw))}
    table = np.full((len(names), jokes), np.nan)
    for name, joke, rating in raw:
        table[names[name], joke] = rating
    return table


def _person(data: DataSet, table: np.ndarray, person: int, n: int) -> dict[str, float]:
    """AUC of every method for one person who has rated n jokes."""
    rng = np.random.default_rng([31, person])
    mine = table[person]
    order = rng.permutation(np.flatnonzero(np.isfinite(mine)))
    left, known = order[:LEFT], order[LEFT : LEFT + n]
    liked = (mine > np.nanmedian(mine)).astype(float)
    others = np.delete(table, person, axis=0)
    others = (others - np.nanmean(others, axis=1, keepdims=True)) / np.nanstd(others, axis=1, keepdims=True)
    mean = np.nanmean(others, axis=0)
    filled = np.where(np.isfinite(others), others, mean)
    spread = np.cov(filled, rowvar=False)
    spread = (1 - SHRUNK) * spread + SHRUNK * np.mean(np.diag(spread)) * np.eye(len(spread))
    own = (mine[known] - mine[known].mean()) / max(mine[known].std(), 1e-9)
    pairs = _pairs(mine, known, rng)
    by_likes = _learned(data, [(int(i), int(liked[i]), 0) for i in known])
    by_duels = _learned(data, [(a, 1, b) for a, b in pairs])
    crowd = mean[left]
    said = {
        "crowd's mean": crowd,
        "head, likes": by_likes[left],
        "head, duels": by_duels[left],
        "crowd + head, duels": _scaled(crowd) + 0.5 * _scaled(by_duels[left]),
        "others as prior, ratings": _conditioned(mean, spread, known, own)[left],
        "others as prior, duels": _compared(mean, spread, pairs)[left],
    }
    said["prior with duels + head"] = _scaled(said["others as prior, duels"]) + 0.3 * _scaled(by_duels[left])
    return {name: auc(score, liked[left]) for name, score in said.items()}


def _pairs(mine: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> list[tuple[int, int]]:
    """As many duels as ratings, over the same jokes: (funnier, other)."""
    out: list[tuple[int, int]] = []
    while len(out) < len(known):
        a, b = rng.choice(known, 2, replace=False)
        if mine[a] != mine[b]:
            out.append((int(a), int(b)) if mine[a] > mine[b] else (int(b), int(a)))
    return out


def _learned(data: DataSet, told: list[tuple[int, int, int]]) -> np.ndarray:
    """float64[jokes]: what the head believes after likes, or duels ((joke, 1, other))."""
    without = tuple(n for n in ("sentence", *_OPTIONAL) if n not in data.vectors)
    model = Model(without=without)
    paired = any(other for _, _, other in told)
    for place, (joke, y, other) in enumerate(told):
        if paired:
            row = difference(data.batch.take([joke]), data.batch.take([other]))
            model.learn(Label(str(place), joke, 1, 1.0, other=other + 1), row, 0)
        else:
            model.learn(Label(str(place), joke, y, 1.0), data.batch, joke)
    return model.belief(model.score(data.batch))


def _conditioned(mean: np.ndarray, spread: np.ndarray, known: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Jokes are normal with the others' mean and covariance, conditioned by own ratings (Rasmussen, Williams 2006)."""
    inner = spread[np.ix_(known, known)] + NOISE * np.eye(len(known))
    return np.asarray(mean + spread[:, known] @ np.linalg.solve(inner, own - mean[known]))


def _compared(mean: np.ndarray, spread: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    """The same with duels: the mode of the Bradley-Terry likelihood times the prior (Chu and Ghahramani 2005)."""
    first, second = np.array(pairs).T
    across = spread[:, first] - spread[:, second]
    inner = across[first] - across[second]
    sharp = 2.0  # a standardised rating's difference of 1 is a preference of 7 in 8
    alpha = np.zeros(len(pairs))
    base = mean[first] - mean[second]
    for _ in range(60):  # Newton's steps in the space of pairs
        gap = sharp * (base + inner @ alpha)
        p = 1.0 / (1.0 + np.exp(-np.clip(gap, -30, 30)))
        weight = np.maximum(sharp**2 * p * (1 - p), 1e-6)
        target = inner @ alpha + sharp * (1 - p) / weight
        step = np.linalg.solve(inner + np.diag(1.0 / weight), target) - alpha
        alpha = alpha + step
        if np.max(np.abs(step)) < 1e-8:
            break
    return np.asarray(mean + across @ alpha)


def _scaled(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))
