"""What a judge costs that knows nothing: opinions and hidden states out of a hat, on every data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from rank_checks import Check

from penchant.app.evaluation_data import Sentence, folders_in, from_folder
from penchant.app.rank.evaluate import DataSet, Fit, Task, curve, orders, ours
from penchant.app.rank.evaluate_step import HEAD, Answer
from penchant.app.rank.stats import fit_stats

LABELS = (16, 32, 64, 128)
#: Most that a useless judge may cost; splits of a single reader, and of each of many.
WORSE, SPLITS, EACH = 0.005, 20, 3
WITHOUT = "head without judge"
_OURS = ("judge", "hidden")


def checks_of_coins(folder: Path, sentence: Sentence | None) -> list[Check]:
    """Whether the head with a judge who tosses coins is as good as without, from 16 labels on."""
    out = []
    for each in folders_in(folder):
        data = _with_coins(from_folder(each, sentence))
        _, blind = orders(data)[0]
        many = len(blind.readers) > 1
        found = curve(blind, (ours, without), steps=LABELS, repeats=EACH if many else SPLITS)
        for step in found.steps:
            figure = step.margin[WITHOUT]
            where = f"{each.name}, a judge that tosses coins"
            out.append(Check("over no judge", where, step.labels, figure.mean, figure.half, -WORSE))
    return out


def without(data: DataSet) -> Fit:
    """The head as it is where no judge is installed."""
    blocks = {name: block for name, block in data.batch.blocks.items() if name not in _OURS}
    fit = ours(replace(data, batch=replace(data.batch, blocks=blocks)))

    def bare(task: Task) -> Mapping[str, Answer]:
        return {WITHOUT: fit(task)[HEAD]}

    return bare


def _with_coins(data: DataSet) -> DataSet:
    rng = np.random.default_rng(5)
    n = len(data.batch)
    opinions, states = rng.standard_normal(n), rng.standard_normal((n, 256)).astype(np.float32)
    stats = fit_stats([], [], {"hidden": states}, {}, {"judge": opinions})
    more = {"judge": stats.scales["judge"].rows(opinions), "hidden": stats.spaces["hidden"].project(states)}
    return replace(data, batch=replace(data.batch, blocks={**data.batch.blocks, **more}))
