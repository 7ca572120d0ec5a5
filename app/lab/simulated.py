"""Readers whose taste is known: they like what is about their hidden topics (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from penchant.app.errors import UsageError
from penchant.app.voice.values import Reader, Text

from .values import Case, Plan, Pool


def cases(plan: Plan, pool: Pool) -> Iterator[Case]:
    """Every reader of a plan, readers of fewer likes first. Raises `UsageError` where there are too few texts."""
    for n in sorted(plan.n):
        for k in plan.k:
            for seed in range(plan.seeds):
                yield case(plan, pool, k, n, seed)


def case(plan: Plan, pool: Pool, k: int, n: int, seed: int) -> Case:
    """One reader. Readers of the same k and seed have the same taste, judge and test, whatever n: a smaller history
    is the end of the larger one."""
    rng = np.random.default_rng([31, k, seed])
    most = max(plan.n)
    half, other = plan.test // 2, plan.judged // 2
    needed = most + half + other
    topics = _topics(rng, pool, k, needed)
    mine = np.isin(pool.topic, topics)
    liked, rest = _even(rng, pool, topics), rng.permutation(np.flatnonzero(~mine))
    if min(len(liked), len(rest)) < needed:
        raise UsageError(
            f"{len(pool.texts)} texts are too few for readers of {k} topics and {most} likes",
            hint=f"It takes {needed} texts of those topics, and as many others: bring more, or lower --n or --judged.",
        )
    test = np.concatenate([liked[:half], rest[:half]])
    judge = np.concatenate([liked[half : half + other], rest[half : half + other]])
    likes, skips = (side[half + other : needed] for side in (liked, rest))
    likes, skips = _noisy(rng, likes, skips, plan.noise)
    likes, skips = likes[:n], skips[:n]
    reader = Reader(_texts(pool, likes, "liked"), _texts(pool, skips, "skipped"), description=described(pool, topics))
    return Case(
        k, n, seed, reader, likes, skips,
        judge, _halves(other), test, _halves(half), tuple(sorted(map(int, topics))),
    )  # fmt: skip


def described(pool: Pool, topics: Sequence[int] | np.ndarray) -> str:
    """What such a reader says of themselves."""
    return "; ".join(", ".join(pool.words[each]) for each in topics if pool.words[each])


def _topics(rng: np.random.Generator, pool: Pool, k: int, needed: int) -> np.ndarray:
    """k topics with enough texts together, where there are any."""
    sizes = np.bincount(pool.topic, minlength=len(pool.centres))
    drawn = rng.permutation(len(sizes))[:k]
    for _ in range(50):
        if sizes[drawn].sum() >= needed:
            break
        drawn = rng.permutation(len(sizes))[:k]
    return drawn


def _even(rng: np.random.Generator, pool: Pool, topics: np.ndarray) -> np.ndarray:
    """The texts of some topics in random order, each topic as often as the others as long as it lasts."""
    sides = [rng.permutation(np.flatnonzero(pool.topic == each)) for each in topics]
    turns = [(place, side[place]) for side in sides for place in range(len(side))]
    order = sorted(range(len(turns)), key=lambda at: (turns[at][0], rng.random()))
    return np.array([turns[at][1] for at in order], np.int64)


def _noisy(
    rng: np.random.Generator, likes: np.ndarray, skips: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """A share of either side changes places with the other."""
    wrong = rng.random(len(likes)) < noise
    return np.where(wrong, skips, likes), np.where(wrong, likes, skips)


def _halves(half: int) -> np.ndarray:
    return np.repeat([1, 0], half)


def _texts(pool: Pool, rows: np.ndarray, act: str) -> tuple[Text, ...]:
    return tuple(Text(int(row), pool.texts[row], float(len(rows) - at), act=act) for at, row in enumerate(rows))
