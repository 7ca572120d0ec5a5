"""One reader and one arm: taste made, posts written and weighed, texts scored, costs counted."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.app.errors import PenchantError
from penchant.app.rank.metrics import auc

from . import arms, metrics, writing
from .jury import Jury, jury, learned
from .values import READER, Case, Plan, Pool, Post, Record

if TYPE_CHECKING:
    from penchant.app.voice.carriers import Tools
    from penchant.app.voice.values import Taste, Voice

    from .vectors import Vectors


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a reader before any arm: the head that judges, what real texts are like."""

    jury: Jury
    bar: float
    typical: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What an experiment works with."""

    plan: Plan
    pool: Pool
    voice: Voice
    vectors: Vectors


async def reader(bench: Bench, case: Case) -> Record:
    """The record of the reader: what the head says of the tested texts (learned from what carriers know), the verbal
    judge beside it, how real texts gain over their shuffled words."""
    pool = bench.pool
    rows = np.concatenate([case.liked, case.skipped])
    y = np.repeat([1, 0], [len(case.liked), len(case.skipped)])
    head = learned(pool.vectors[rows], y).logit(pool.vectors[case.test])
    texts = [pool.texts[row] for row in case.test]
    gains = [gain for gain in await writing.gains(bench.voice, texts) if gain is not None]
    scores: dict[str, list[float | None]] = {"head": head.tolist(), "y": [float(v) for v in case.test_y]}
    if bench.plan.verbal:
        scores["verbal"] = await writing.verbal(bench.voice, case, texts)
    judge = jury(pool.vectors[case.judge], case.judge_y)
    values = {
        "auc": auc(head, case.test_y),
        "jury": auc(judge.head.logit(pool.vectors[case.test]), case.test_y),
        "bar": metrics.least(gains),
        "variance": metrics.variance(pool.vectors[case.liked]),
        "duplicates": metrics.duplicates(pool.vectors[case.liked]),
        "p": float(judge.said(pool.vectors[case.liked])[0].mean()),
    }
    values |= _verbal_area(scores)
    return Record(READER, case.k, case.n, case.seed, values, scores)


def _verbal_area(scores: dict[str, list[float | None]]) -> dict[str, float]:
    said = np.array([math.nan if v is None else v for v in scores.get("verbal", [])], np.float64)
    ok = np.isfinite(said)
    return {"verbal": auc(said[ok], np.array(scores["y"], np.float64)[ok])} if ok.any() else {}


def known(bench: Bench, case: Case, record: Record) -> Known:
    """What later arms need of the reader's record."""
    pool = bench.pool
    return Known(
        jury(pool.vectors[case.judge], case.judge_y), record.values["bar"], metrics.typical_bar(pool.vectors)
    )


async def arm(bench: Bench, case: Case, name: str, about: Known, tools: Tools) -> Record:
    """The record of one arm; what it cannot do stands in its `error`."""
    start, cpu = time.perf_counter(), _cpu(bench.voice)
    try:
        taste = await arms.taste(name, case.reader, bench.voice, tools)
        made, made_cpu = time.perf_counter() - start, _cpu(bench.voice) - cpu
        return await _weighed(bench, case, name, about, taste, {"made": made, "made_cpu": made_cpu})
    except PenchantError as error:
        return Record(name, case.k, case.n, case.seed, error=f"{error}".strip())


async def _weighed(
    bench: Bench, case: Case, name: str, about: Known, taste: Taste, cost: dict[str, float]
) -> Record:
    start, cpu = time.perf_counter(), _cpu(bench.voice)
    texts = await writing.posts(bench.voice, taste, bench.plan, case.seed)
    cost |= {"tokens": float(taste.tokens), "write": time.perf_counter() - start, "write_cpu": _cpu(bench.voice) - cpu}
    start, cpu = time.perf_counter(), _cpu(bench.voice)
    scored = await writing.ratios(bench.voice, taste, [bench.pool.texts[row] for row in case.test])
    cost |= {"score": time.perf_counter() - start, "score_cpu": _cpu(bench.voice) - cpu}
    gains = await writing.gains(bench.voice, [text for text in texts if text])
    posts, vectors = await _posts(bench, about, [text for text in texts if text], gains)
    values = of(posts, vectors, bench.pool.vectors[case.liked], case.topics)
    values |= {"empty": 1.0 - len(posts) / len(texts), "auc": _area(scored, case.test_y)}
    scores = {"ratio": scored}
    if bench.plan.verbal:
        scores["verbal_posts"] = await writing.verbal(bench.voice, case, [post.text for post in posts])
    return Record(name, case.k, case.n, case.seed, values, scores, cost, posts, taste.note)


async def _posts(
    bench: Bench, about: Known, texts: Sequence[str], gains: Sequence[float | None]
) -> tuple[list[Post], np.ndarray]:
    vectors = await bench.vectors.of(texts)
    if not len(texts):
        return [], np.zeros((0, bench.pool.vectors.shape[1]), np.float32)
    p, verdicts = about.jury.said(vectors)
    typical = metrics.typical(vectors, bench.pool.vectors, about.typical)
    topics = metrics.nearest(vectors, bench.pool.centres, bench.pool.near)
    return [
        Post(
            text, float(p[at]), verdicts[at], metrics.coherent(text, gains[at], about.bar), bool(typical[at]),
            topics[at],
        )
        for at, text in enumerate(texts)
    ], vectors  # fmt: skip


def of(
    posts: Sequence[Post], vectors: np.ndarray, liked: np.ndarray, hidden: Sequence[int]
) -> dict[str, float]:
    """Every measure of written texts: see docs/lab.md. NaN where one does not apply."""
    liking, decided = metrics.share(post.liked for post in posts)
    coherent, told = metrics.share(post.coherent for post in posts)
    found = [post.topic for post in posts]
    return {
        "p": float(np.mean([post.p for post in posts])) if posts else math.nan,
        "adherence": liking, "decided": decided, "coherence": coherent, "told": told,
        "typical": float(np.mean([post.typical for post in posts])) if posts else math.nan,
        "variance": metrics.variance(vectors), "similarity": metrics.similarity(vectors, liked),
        "duplicates": metrics.duplicates(vectors),
        "captured": metrics.captured(found, hidden), "within": metrics.within(found, hidden),
    }  # fmt: skip


def _area(scored: Sequence[float | None], y: np.ndarray) -> float:
    said = np.array([math.nan if value is None else value for value in scored], np.float64)
    ok = np.isfinite(said)
    return auc(said[ok], y[ok]) if ok.any() else math.nan


def _cpu(voice: Voice) -> float:
    """CPU seconds that a model on this machine has used; 0 for a server."""
    return float(getattr(voice, "cpu", 0.0))
