"""How well a ranking predicts: learning curves over readers.

Every number is out of sample: fitted on some labels, judged on those that follow. Archive statistics (how common words
are, where texts lie) come from the texts of all items, for every method alike, and from no label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .batch import Batch
from .evaluate_step import HEAD, Answer, Run, Step, summed
from .model import GIVEN, Model
from .recipe import Recipe
from .types import Label

#: Label counts of a learning curve.
STEPS = (0, 4, 8, 16, 32, 64, 128, 256, 512)
#: Items to judge a fit on, at least; in time order at most so many of the next, as no model is in use for longer.
TEST_ITEMS, HORIZON = 25, 100
#: Splits of a single reader, of each of several.
REPEATS, QUICK = (20, 2), (6, 1)
SOME = 24
#: Names of methods: its experts with equal weights, and the beginning of each expert alone.
AVERAGE, ONLY = "plain average", "only "


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader's judgements: rows int64[n] of the data set, y float64[n] in {0, 1}, at float64[n] or None."""

    name: str
    rows: np.ndarray
    y: np.ndarray
    at: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class DataSet:
    """Items as the model sees them (`batch`) and as its rivals do (texts; by space vectors float32[N, v];
    `points` float64[N], NaN where unknown; `source` int64[N]).
    """

    name: str
    batch: Batch
    texts: Sequence[str]
    vectors: Mapping[str, np.ndarray]
    readers: Sequence[Reader]
    published: np.ndarray | None = None
    recipe: Recipe = field(default_factory=Recipe)
    points: np.ndarray | None = None
    source: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Learn `train` (rows of the data set) with `y` in {0, 1} and `weight`, then judge the rows `test`.

    `at` float64[len(test)] is when the test rows appeared, or None.
    """

    train: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    test: np.ndarray
    at: np.ndarray | None = None

    @property
    def one_sided(self) -> bool:
        """Whether there is nothing to tell apart yet."""
        return not len(self.y) or bool(self.y.min() == self.y.max())

    @property
    def rate(self) -> np.ndarray:
        """The like rate (add one) for every test row."""
        liked = float(self.weight @ self.y)
        return np.full(len(self.test), (liked + 1.0) / (float(self.weight.sum()) + 2.0))


#: One or several methods at once, by name.
Fit = Callable[[Task], Mapping[str, Answer]]
Method = Callable[[DataSet], Fit]


def fresh(data: DataSet) -> Model:
    """A model with an expert for everything the data set knows."""
    return Model(data.recipe, without=tuple(name for name in GIVEN if name not in data.batch.blocks))


def ours(data: DataSet) -> Fit:
    """The model of this program with everything it knows of an item; its experts alone, and their plain average.

    Rows that only add to those of the last call are learned on top.
    """
    state: list[tuple[np.ndarray, np.ndarray, Model]] = []

    def fit(task: Task) -> Mapping[str, Answer]:
        known, model = 0, fresh(data)
        if state:
            rows, y, before = state[0]
            if np.array_equal(rows, task.train[: len(rows)]) and np.array_equal(y, task.y[: len(y)]):
                known, model = len(rows), before
        for row, value, weight in list(zip(task.train, task.y, task.weight, strict=True))[known:]:
            model.learn(Label("", int(row), int(value), float(weight)), data.batch, int(row))
        state[:] = [(task.train, task.y, model)]
        return answers(model, data.batch.take(task.test))

    return fit


def answers(model: Model, batch: Batch, now: float = 0.0) -> dict[str, Answer]:
    """What the model, its experts alone and their plain average say of a batch."""
    opinions = model.opinions(batch, now)
    scores = model.score(batch, now=now)
    alone = {ONLY + name: (opinions[:, k], None) for k, name in enumerate(model.experts)}
    return {HEAD: (scores.logit, scores.probability), AVERAGE: (opinions.mean(axis=1), None), **alone}


def split(reader: Reader, n: int, r: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """(train, test) places of n labels and of what follows them, the r-th time.

    With times: a window of n labels in time order (equal times in random order), from the start when
    r is 0, else from anywhere, and the HORIZON labels after it. Without: a random order, and all the
    rest; with an equal generator that of a smaller n begins that of a larger one. None where fewer than
    TEST_ITEMS would follow.
    """
    total = len(reader.rows)
    if total - n < TEST_ITEMS:
        return None
    noise, where = rng.random(total), float(rng.random())
    order = np.argsort(noise) if reader.at is None else np.lexsort((noise, reader.at))
    room = max(0, total - n - max(TEST_ITEMS, total // 6))
    start = int(where * room) if reader.at is not None and r else 0
    end = total if reader.at is None else start + n + HORIZON
    return order[start : start + n], order[start + n : end]


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning curve of one data set; `order` is "time" or "random"."""

    name: str
    order: str
    readers: int
    steps: list[Step] = field(default_factory=list)


def orders(data: DataSet) -> list[tuple[str, DataSet]]:
    """The data set in random order and, where its readers have times, in time order."""
    blind = replace(data, readers=[replace(reader, at=None) for reader in data.readers])
    timed = bool(data.readers) and all(reader.at is not None for reader in data.readers)
    return [("random", blind), *([("time", data)] if timed else [])]


def curve(
    data: DataSet,
    methods: Sequence[Method],
    *,
    order: str = "random",
    steps: Sequence[int] = STEPS,
    repeats: int = 0,
    quick: bool = False,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Curve:
    """Fit every method on the first n labels and test it on what follows, for every n and reader.

    `repeats` 0: REPEATS; `quick`: QUICK, and of several readers the first SOME.
    """
    repeats = repeats or (QUICK if quick else REPEATS)[len(data.readers) > 1]
    chosen = list(data.readers)[: SOME if quick else None]
    out = Curve(data.name, order, len(chosen))
    fits = [make(data) for make in methods]
    found: dict[int, list[Run]] = {n: [] for n in steps}
    for g, reader in enumerate(chosen):
        for r in range(repeats):
            for n in steps:
                if (parts := split(reader, n, r, np.random.default_rng([seed, g, r]))) is not None:
                    found[n] += _run(reader, g, *parts, fits)
        if progress and (len(chosen) == 1 or g % 10 == 9):
            progress(f"{data.name}, {order} order: reader {g + 1} of {len(chosen)}")
    out.steps.extend(summed(n, runs) for n, runs in found.items() if runs)
    return out


def _run(reader: Reader, number: int, train: np.ndarray, test: np.ndarray, fits: Sequence[Fit]) -> list[Run]:
    y = reader.y[test]
    if y.min() == y.max():
        return []
    at = None if reader.at is None else reader.at[test]
    task = Task(reader.rows[train], reader.y[train], np.ones(len(train)), reader.rows[test], at)
    said = {name: answer for fit in fits for name, answer in fit(task).items()}
    return [Run(number, task.test, y, said)]
