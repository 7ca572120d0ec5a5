"""Forecasts after so many labels, on many splits, as figures with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .metrics import (
    Bin,
    Z,
    auc,
    auc_rows,
    brier,
    calibration_curve,
    calibration_error,
    calibration_error_debiased,
    half_width,
    log_loss,
)

#: Name of the method that is ours.
HEAD = "penchant"
#: Bootstrap samples of one reader's items.
RESAMPLES = 80
#: (score float64[m], probability float64[m] or None) of the test rows.
Answer = tuple[np.ndarray, "np.ndarray | None"]


@dataclass(frozen=True, slots=True)
class Run:
    """One split of one reader (a number): rows of the test items, what came true, what each method had said."""

    reader: int
    rows: np.ndarray
    y: np.ndarray
    said: dict[str, Answer]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over readers, or over splits of one, with the half width of its 95 % interval; NaN: does not apply."""

    mean: float
    half: float


@dataclass(frozen=True, slots=True)
class Step:
    """One number of labels: figures by method.

    `margin` is our AUC less that of each other method, `saved` the log loss of each less ours, both
    pair by pair. `error` and `error_debiased` are the calibration error over all splits together.
    """

    labels: int
    runs: int
    auc: dict[str, Figure]
    loss: dict[str, Figure]
    brier: dict[str, Figure]
    margin: dict[str, Figure]
    saved: dict[str, Figure]
    error: float
    error_debiased: float
    calibration: list[Bin]


def summed(n: int, runs: Sequence[Run]) -> Step:
    """The figures of n labels. Several readers: intervals over readers, whose splits are one observation each.

    One reader: what the splits vary by, and what their few items do (a bootstrap of the items under all splits
    at once), together.
    """
    reader = np.array([run.reader for run in runs])
    single = len(np.unique(reader)) == 1
    table: dict[str, np.ndarray] = {}
    for name in runs[0].said:
        table[name] = np.array([_measures(run.said[name], run.y) for run in runs])
        if not single:
            table[name] = np.array([table[name][reader == g].mean(axis=0) for g in np.unique(reader)])
    own = table[HEAD]
    others = [name for name in table if name != HEAD]
    spread = _item_spread(runs) if single else {}

    def figure(values: np.ndarray, name: str, column: int) -> Figure:
        of_items = spread[name][column] if name in spread else 0.0
        return Figure(float(values.mean()), float(np.hypot(half_width(values), Z * of_items)))

    together = [run.rows if single else np.full(len(run.y), run.reader) for run in runs]
    bins = calibration_curve(
        np.concatenate([np.asarray(run.said[HEAD][1]) for run in runs]),
        np.concatenate([run.y for run in runs]),
        clusters=np.concatenate(together),
    )
    return Step(
        n,
        len(runs),
        {name: figure(t[:, 0], name if name == HEAD else "", 0) for name, t in table.items()},
        {name: figure(t[:, 1], name if name == HEAD else "", 1) for name, t in table.items()},
        {name: figure(t[:, 2], "", 2) for name, t in table.items()},
        {name: figure(own[:, 0] - table[name][:, 0], name, 0) for name in others},
        {name: figure(table[name][:, 1] - own[:, 1], name, 1) for name in others},
        calibration_error(bins),
        calibration_error_debiased(bins),
        bins,
    )


def _item_spread(runs: Sequence[Run]) -> dict[str, tuple[float, float]]:
    """Standard errors (AUC, log loss) that the choice of one reader's items brings: of ours under HEAD, of ours
    less each other's under its name. NaN where a method gives no probability.
    """
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (RESAMPLES, 1 + max(int(run.rows.max()) for run in runs))).astype(np.float64)
    found = {name: np.zeros((2, RESAMPLES)) for name in runs[0].said}
    for run in runs:
        drawn = counts[:, run.rows]
        total = np.maximum(drawn.sum(axis=1), 1.0)
        for name, (score, p) in run.said.items():
            loss = np.full(len(run.y), np.nan) if p is None else _losses(p, run.y)
            found[name] += np.stack([auc_rows(score, run.y, drawn), drawn @ loss / total]) / len(runs)
    out = {}
    for name, values in found.items():
        with_ours = values if name == HEAD else found[HEAD] - values
        out[name] = _deviation(with_ours[0]), _deviation(with_ours[1])
    return out


def _deviation(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.std(known)) if len(known) else float("nan")


def _losses(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.asarray(-(y * np.log(p) + (1.0 - y) * np.log(1.0 - p)))


def _measures(answer: Answer, y: np.ndarray) -> tuple[float, float, float]:
    score, p = answer
    nothing = float("nan")
    return auc(score, y), nothing if p is None else log_loss(p, y), nothing if p is None else brier(p, y)
