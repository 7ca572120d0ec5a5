"""A hidden taste over real texts, and how many duels it takes to find it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from penchant.app.lab.topics import clusters
from penchant.app.rank.evaluate import DataSet
from penchant.app.rank.model import Model
from penchant.app.rank.pairs import difference, preferred, worth
from penchant.app.rank.types import Label

#: Pairs after which is measured; unseen pairs; pairs looked at for the next duel.
STEPS = (10, 20, 40, 60)
TEST, LOOKED_AT = 1_000, 60
#: Texts that span a taste, of which as many are liked as disliked; what a perfect judge would foretell.
REGIONS, CERTAIN = 6, 0.9
#: Topics of the texts, and how many of them are liked.
TOPICS, LIKED = 12, 3


@dataclass(frozen=True, slots=True)
class Hidden:
    """Utility float64[n] of each text; answers are Bradley-Terry, or neither of two equals."""

    utility: np.ndarray

    def answer(self, a: int, b: int, rng: np.random.Generator) -> bool | None:
        """Whether the first is preferred this time; None: neither."""
        if abs(self.utility[a] - self.utility[b]) < 1e-9:
            return None
        return bool(rng.random() < 1.0 / (1.0 + np.exp(self.utility[b] - self.utility[a])))


def hidden(vectors: np.ndarray, seed: int, kind: str = "graded") -> Hidden:
    """A taste, scaled so that `CERTAIN` of its answers follow its order.

    "topics": what is about some topics is liked, as the readers of the lab (`app/lab/simulated`), and that is all:
    of two texts liked alike neither is preferred. "graded": near some texts, far from others, each a little otherwise.
    """
    rng = np.random.default_rng([23, seed])
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    unit = unit - unit.mean(axis=0)
    regions = rng.choice(len(unit), REGIONS, replace=False)
    sign = np.where(np.arange(REGIONS) % 2 == 0, 1.0, -1.0)
    raw = (unit @ unit[regions].T) @ sign
    if kind == "topics":
        topic, _ = clusters(unit.astype(np.float32), TOPICS)
        raw = np.where(np.isin(topic, rng.permutation(TOPICS)[:LIKED]), 1.0, -1.0)
    raw = raw / raw.std()
    pairs = rng.integers(len(raw), size=(4_000, 2))
    gap = np.abs(raw[pairs[:, 0]] - raw[pairs[:, 1]])
    gap = gap[gap > 1e-9]
    scale = 1.0
    while np.mean(1.0 / (1.0 + np.exp(-scale * gap))) < CERTAIN:
        scale *= 1.05
    return Hidden(scale * raw)


def rows(data: DataSet, seeds: int) -> list[dict[str, Any]]:
    """One row for each space, taste and way of choosing pairs: mean accuracy after each of `STEPS`."""
    if "sentence" not in data.vectors:
        return []
    out = []
    ways = [("head", kind, choice) for kind in ("topics", "graded") for choice in ("random", "telling")]
    for space, kind, choice in [*ways, ("static", "topics", "telling")]:
        batch = data.batch
        if space == "static":
            batch = replace(batch, blocks={k: v for k, v in batch.blocks.items() if k != "sentence"})
        runs = [_run(batch, hidden(data.vectors["sentence"], seed, kind), choice, seed) for seed in range(seeds)]
        mean = np.mean(runs, axis=0)
        found: dict[str, Any] = {"set": data.name, "space": space, "taste": kind, "choice": choice}
        out.append(found | {str(n): float(value) for n, value in zip(STEPS, mean, strict=True)})
    return out


def _run(batch: Any, reader: Hidden, choice: str, seed: int) -> list[float]:
    """Accuracy after each of `STEPS`, on pairs of texts that were in no duel."""
    rng = np.random.default_rng([29, seed])
    order = rng.permutation(len(reader.utility))
    unseen, pool = order[: len(order) // 3], order[len(order) // 3 :]
    given = {"static", "sentence"} & set(batch.blocks)
    model = Model(without=tuple(n for n in ("static", "sentence", *_OPTIONAL) if n not in given))
    first, second = rng.choice(unseen, TEST), rng.choice(unseen, TEST)
    kept = np.abs(reader.utility[first] - reader.utility[second]) > 1e-9
    first, second = first[kept], second[kept]
    test, truth = difference(batch.take(first), batch.take(second)), reader.utility[first] > reader.utility[second]
    out = []
    for n in range(1, max(STEPS) + 1):
        answer = None
        while answer is None:  # "neither" teaches nothing and is no duel
            a, b = _next(model, batch, pool, choice, rng)
            answer = reader.answer(a, b, rng)
        if not answer:
            a, b = b, a
        pair = difference(batch.take([a]), batch.take([b]))
        model.learn(Label(f"d{n}", a, 1, 1.0, other=b + 1), pair, 0)
        if n in STEPS:
            said = preferred(model, test)[0]
            out.append(float(np.mean((said > 0) == truth)))
    return out


_OPTIONAL = ("picture", "caption", "hidden", "judge", "asked")


def _next(model: Model, batch: Any, pool: np.ndarray, choice: str, rng: np.random.Generator) -> tuple[int, int]:
    if choice == "random":
        a, b = rng.choice(pool, 2, replace=False)
        return int(a), int(b)
    few = rng.choice(pool, 24, replace=False)
    pairs = np.array([(few[i], few[j]) for i in range(24) for j in range(i)])
    pairs = pairs[rng.permutation(len(pairs))[:LOOKED_AT]]
    logit, variance = preferred(model, difference(batch.take(pairs[:, 0]), batch.take(pairs[:, 1])))
    best = np.argsort(-worth(logit, variance), kind="stable")[:6]
    a, b = pairs[int(rng.choice(best))]
    return int(a), int(b)
