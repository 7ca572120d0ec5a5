"""How well a ranking predicts: learning curves over readers, and the replay of one reader's own labels.

Every number is out of sample: fit on what came before, judged on what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .batch import Batch
from .model import SPACES, Model
from .recipe import Recipe
from .types import Label

#: Label counts of a learning curve.
STEPS = (4, 8, 16, 32, 64, 128, 256, 512)
#: Items to judge a fit on, at least.
TEST_ITEMS = 25


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader's judgements: rows int64[n] of the data set, y float64[n] in {0, 1}, at float64[n] or None."""

    name: str
    rows: np.ndarray
    y: np.ndarray
    at: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """Items as the model sees them (`batch`) and as its rivals do (texts; by space vectors float32[N, v])."""

    name: str
    batch: Batch
    texts: Sequence[str]
    vectors: Mapping[str, np.ndarray]
    readers: Sequence[Reader]
    published: np.ndarray | None = None
    recipe: Recipe = field(default_factory=Recipe)


#: (score float64[m], probability float64[m] or None) of the test rows after the training rows.
Answer = tuple[np.ndarray, "np.ndarray | None"]
#: fit(train rows, y, test rows, when the test rows appeared or None).
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, "np.ndarray | None"], Answer]


def fresh(data: DataSet) -> Model:
    """A model with an expert for everything the data set knows."""
    return Model(data.recipe, without=tuple(name for name in SPACES if name not in data.batch.blocks))


def ours(data: DataSet) -> Fit:
    """The model of this program, with everything it knows of an item."""

    def fit(train: np.ndarray, y: np.ndarray, test: np.ndarray, _at: np.ndarray | None) -> Answer:
        model = fresh(data)
        for row, value in zip(train.tolist(), y.tolist(), strict=True):
            model.learn(Label("", row, int(value), 1.0), data.batch, row)
        scores = model.score(data.batch.take(test))
        return scores.logit, scores.probability

    return fit


def auc(score: np.ndarray, y: np.ndarray) -> float:
    """Chance that a liked item stands above one that is not, ties half; NaN without both."""
    liked = int(y.sum())
    against = len(y) - liked
    if not liked or not against:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    return float((rank[y > 0].sum() - liked * (liked + 1) / 2.0) / (liked * against))


def log_loss(probability: np.ndarray, y: np.ndarray) -> float:
    """Mean negative log likelihood in nats."""
    p = np.clip(probability, 1e-6, 1.0 - 1e-6)
    return float(-np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p)))


def splits(
    reader: Reader, n: int, repeats: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(train, test) places of n labels and what follows them.

    With times: windows of n labels from `repeats` start points, in time order (equal times in
    random order). Without: random orders. Nothing where fewer than TEST_ITEMS would follow.
    """
    total = len(reader.rows)
    for r in range(repeats):
        if total - n < TEST_ITEMS:
            return
        noise = rng.random(total)
        order = np.argsort(noise) if reader.at is None else np.lexsort((noise, reader.at))
        start = 0
        if reader.at is not None and r:
            start = int(rng.integers(0, max(1, total - n - max(TEST_ITEMS, total // 6) + 1)))
        yield order[start : start + n], order[start + n :]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over splits (of readers) with the half width of its 95 % interval; NaN: does not apply."""

    mean: float
    half: float


@dataclass(frozen=True, slots=True)
class Step:
    """One number of labels: figures by method; `margin` is our AUC less that of the best rival, pair by pair."""

    labels: int
    runs: int
    auc: dict[str, Figure]
    loss: dict[str, Figure]
    margin: Figure
    rival: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning curve of one data set."""

    name: str
    readers: int
    steps: list[Step] = field(default_factory=list)


def curve(
    data: DataSet,
    methods: dict[str, Callable[[DataSet], Fit]],
    *,
    rivals: Sequence[str],
    steps: Sequence[int] = STEPS,
    repeats: int = 0,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Curve:
    """Fit every method on the first n labels and test it on what follows, for every n and reader.

    `repeats` 0: 20 for a single reader, 2 for each of several. The first method is ours.
    """
    repeats = repeats or (20 if len(data.readers) == 1 else 2)
    fits = {name: make(data) for name, make in methods.items()}
    own = next(iter(methods))
    out = Curve(data.name, len(data.readers))
    for n in steps:
        rng = np.random.default_rng([seed, n])
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in fits}
        groups: list[int] = []
        for g, reader in enumerate(data.readers):
            for train, test in splits(reader, n, repeats, rng):
                y = reader.y[test]
                if y.min() == y.max():
                    continue
                groups.append(g)
                at = None if reader.at is None else reader.at[test]
                for name, fit in fits.items():
                    score, chance = fit(reader.rows[train], reader.y[train], reader.rows[test], at)
                    loss = float("nan") if chance is None else log_loss(chance, y)
                    found[name].append((auc(score, y), loss))
        if groups:
            out.steps.append(_step(n, found, np.array(groups), own, rivals))
            if progress:
                progress(f"{data.name}: {n} labels")
    return out


def _step(
    n: int, found: dict[str, list[tuple[float, float]]], groups: np.ndarray, own: str, rivals: Sequence[str]
) -> Step:
    table = {name: np.array(pairs) for name, pairs in found.items()}
    if len(set(groups.tolist())) > 1:  # splits of one reader are one observation
        table = {k: np.array([t[groups == g].mean(axis=0) for g in np.unique(groups)]) for k, t in table.items()}
    known = [name for name in rivals if name in table]
    rival = max(known, key=lambda name: float(table[name][:, 0].mean()), default="")
    margin = table[own][:, 0] - table[rival][:, 0] if rival else np.full(1, np.nan)
    return Step(
        n,
        len(groups),
        {name: _figure(t[:, 0]) for name, t in table.items()},
        {name: _figure(t[:, 1]) for name, t in table.items()},
        _figure(margin),
        rival,
    )


def _figure(values: np.ndarray) -> Figure:
    if len(values) < 2:
        return Figure(float(values.mean()), float("nan"))
    return Figure(float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values))))


@dataclass(frozen=True, slots=True)
class Replay:
    """One reader's labels in time order, each predicted before it was learned."""

    y: np.ndarray
    weight: np.ndarray
    predicted: dict[str, np.ndarray]
    ranked: dict[str, np.ndarray]


def replay(
    data: DataSet, labels: Sequence[Label], rows: Sequence[int], methods: dict[str, Callable[[DataSet], Fit]]
) -> Replay:
    """Predict, then learn, label after label; the rivals are refitted at every eighth more labels."""
    model = fresh(data)
    decisions = [i for i, label in enumerate(labels) if label.weight >= 0.5]
    y = np.array([float(label.y) for label in labels])
    weight = np.array([label.weight for label in labels])
    logit = np.zeros(len(labels))
    for i, (label, row) in enumerate(zip(labels, rows, strict=True)):
        logit[i] = model.score(data.batch.take([row])).logit[0]
        model.learn(label, data.batch, row)
    chance = 1.0 / (1.0 + np.exp(-logit))
    every = np.array(rows, np.intp)
    predicted, ranked = {"penchant": chance[decisions]}, {"penchant": logit[decisions]}
    for name, make in methods.items():
        score, p = _refitted(make(data), every[decisions], y[decisions], data)
        ranked[name] = score
        if p is not None:
            predicted[name] = p
    return Replay(y[decisions], weight[decisions], predicted, ranked)


def _refitted(fit: Fit, rows: np.ndarray, y: np.ndarray, data: DataSet) -> Answer:
    score, chance = np.zeros(len(rows)), np.full(len(rows), 0.5)
    known = True
    at = 0
    while at < len(rows):
        end = min(len(rows), at + max(1, at // 8))
        when = None if data.published is None else data.published[rows[at:end]]
        block, p = fit(rows[:at], y[:at], rows[at:end], when) if at else (np.zeros(end - at), None)
        score[at:end] = block
        if p is not None:
            chance[at:end] = p
        known = known and (p is not None or not at)
        at = end
    return score, chance if known else None


def bootstrap(
    measure: Callable[[np.ndarray, np.ndarray], float], score: np.ndarray, y: np.ndarray, seed: int = 0
) -> Figure:
    """A measure with the half width of its 95 % interval over 400 resamples of the items."""
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(400):
        pick = rng.integers(0, len(y), len(y))
        values.append(measure(score[pick], y[pick]))
    return Figure(measure(score, y), float(1.96 * np.nanstd(values)))


def calibration_error(probability: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equally filled bins."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(bins, max(1, len(y) // 10)))
    gaps = [len(p) * abs(float(probability[p].mean() - y[p].mean())) for p in parts if len(p)]
    return float(sum(gaps) / max(1, len(y)))
