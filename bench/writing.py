"""Are drafts in the reader's taste, varied, and their own? Simulated readers with hidden tastes over real texts.

    python bench/writing.py [--texts FILE] [--cache DIR] [--seeds N] [--arms none,vector] [--dial 1] [--static]

A reader likes two of twelve clusters of the texts (k-means of all-MiniLM-L6-v2). 32 likes and 32 skips go to the
carrier and to a small head that ranks the drafts, as the archive's does; how likely the reader likes a draft is then
said by another head (logistic regression on MiniLM vectors) that learned from other labels. The drafts are written by
`penchant.app.writing` itself, as `P` without a topic writes them: up to 24 for each arm and reader, of which four are
offered. Of the same pool the four that came first, four by lot (the mean of 200 draws) and the four most probable ones
are measured beside them. Eight without a carrier (the arm none) are what P is compared with; the arm "subjects" is
eight that know the liked subjects and no carrier. With `--static` drafts are ranked and chosen by the bundled vectors,
as where no sentence model is.

FILE holds a text a line; without one: PENCHANT_SHARED/datasets, else the sample feed. What the model wrote is kept in
the cache folder, so a run goes on where it ended; `--cached` writes nothing new. What does not hold is marked with !
and listed at the end; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.app import embed
from penchant.app.config import Config
from penchant.app.embed.base import item_text
from penchant.app.embed.runner import Runner
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.llm.choose import open_voice
from penchant.app.paths import Paths
from penchant.app.voice import carriers
from penchant.app.voice.reader import USUAL
from penchant.app.voice.shelf import MemoryShelf
from penchant.app.voice.values import Carried, Reader, Taste, Text, Voice
from penchant.app.writing.choosing import variance
from penchant.app.writing.desk import sparks
from penchant.app.writing.making import Tools, Writer
from penchant.app.writing.overlap import plain_runs
from penchant.app.writing.values import Setting, Wish

ROOT = Path(__file__).resolve().parent.parent
CLUSTERS, TASTE, LABELS, JUDGED = 12, 2, 32, 60
OFFERED, PLAIN, LENGTH = 4, 8, 160
HIGHER, GAIN, COST = 0.3, 0.2, 0.02
SUBJECTS, SETS = "subjects", ("pool", "first", "lot", "best", "offered")


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Texts, their MiniLM vectors float32[n, d], the cluster of each int[n]."""

    texts: list[str]
    vectors: np.ndarray
    clusters: np.ndarray


@dataclass(frozen=True, slots=True)
class Simulated:
    """A reader: places of liked and skipped texts that the carrier sees, and the head that knows others of them."""

    liked: np.ndarray
    skipped: np.ndarray
    judge: object


@dataclass(frozen=True, slots=True)
class Measured:
    """One arm of one reader: mean probability and variance of the whole pool, of the drafts that came first, of as many
    by lot, of the best, of those offered. `overlap`: the largest share of runs in one offered that stand in the texts.
    """

    pool: tuple[float, float]
    first: tuple[float, float]
    lot: tuple[float, float]
    best: tuple[float, float]
    offered: tuple[float, float]
    overlap: float
    seconds: float


class Kept:
    """A voice that remembers what it said and thought, by what it was asked."""

    def __init__(self, voice: Voice, path: Path, name: str, *, only: bool) -> None:
        self._voice, self._path, self._label, self._only = voice, path, name, only
        self.name, self.can, self.seconds = voice.name, voice.can, 0.0
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known = {row[0]: row[1:] for row in map(json.loads, lines)}

    def _key(self, *asked: object) -> str:
        said = json.dumps([self._label, self.name, *asked])
        return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()

    def _keep(self, key: str, *row: object) -> None:
        if self._only:
            raise SystemExit("this was never written: leave --cached out")
        self._known[key] = list(row)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, *row]) + "\n")

    async def write(self, user: str, tokens: int, carried: Carried, **options: Any) -> AsyncGenerator[str, None]:
        """See `Voice.write`."""
        key = self._key(user, tokens, carried.system, carried.strength, sorted(options.items()))
        if key not in self._known:
            began = time.monotonic()
            pieces = (
                [] if self._only else [piece async for piece in self._voice.write(user, tokens, carried, **options)]
            )
            self._keep(key, pieces, round(time.monotonic() - began, 2))
        pieces, seconds = self._known[key]
        self.seconds += seconds
        for piece in pieces:
            yield piece

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        """See `Voice.loglik`."""
        key = self._key(list(texts), carried.history, carried.strength)
        if key not in self._known:
            self._keep(key, [] if self._only else await self._voice.loglik(texts, carried))
        return list(self._known[key][0])


def main() -> int:
    options = _options()
    world = _world(options)
    print(f"{len(world.texts)} texts, {options.seeds} readers, arms {', '.join(options.arms)}", flush=True)
    found = asyncio.run(_measured(world, options))
    return _told(world, found, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/penchant-bench/writing"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--arms", type=lambda text: text.split(","), default=["none", SUBJECTS, "vector"])
    parser.add_argument("--dial", type=float, default=USUAL)
    parser.add_argument("--model", default="")
    parser.add_argument("--static", action="store_true", help="rank and choose by the bundled vectors alone")
    parser.add_argument("--cached", action="store_true")
    options = parser.parse_args()
    options.cache = options.cache.expanduser()
    options.arms = [arm for arm in options.arms if arm in carriers.ALL or arm == SUBJECTS]
    return options


# -- the world and its readers
def _world(options: argparse.Namespace) -> World:
    from sklearn.cluster import KMeans

    whole = _texts(options.texts)
    vectors = SentenceVectors("auto", models=options.cache / "models", cache=options.cache / "vectors")
    found = vectors(whole)
    if found is None:
        raise SystemExit(vectors.why)
    shown = [" ".join(text.split())[:160] for text in whole]
    clusters = KMeans(CLUSTERS, n_init=3, random_state=0).fit(found).labels_
    return World(shown, found, clusters)


def _texts(path: Path | None) -> list[str]:
    if path is not None:
        return list(dict.fromkeys(line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()))
    shared = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    folders = [shared / name for name in ("rss_one_user_sods17", "hn_one_user")]
    files = [folder / "items.jsonl" for folder in folders if folder.is_dir()]
    files = files or sorted((ROOT / "adapters" / "sample_data").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]
    texts = (item_text(str(row.get("title") or ""), str(row.get("text") or "")) for row in rows)
    return list(dict.fromkeys(text for text in texts if text.strip()))


def _reader(world: World, seed: int) -> Simulated:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng([29, seed])
    y = np.isin(world.clusters, rng.choice(CLUSTERS, TASTE, replace=False))
    pro, con = rng.permutation(np.flatnonzero(y)), rng.permutation(np.flatnonzero(~y))
    taught = np.concatenate([pro[LABELS : LABELS + JUDGED], con[LABELS : LABELS + JUDGED]])
    judge = LogisticRegression(C=10.0, max_iter=1_000).fit(world.vectors[taught], y[taught])
    return Simulated(pro[:LABELS], con[:LABELS], judge)


# -- writing
class Minilm:
    """MiniLM's vectors of drafts, each made once."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self._known = runner, dict[str, np.ndarray]()

    async def __call__(self, texts: Sequence[str]) -> np.ndarray:
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        made = await self._runner.embed(missing) if missing else []
        self._known |= {text: np.frombuffer(row or b"", "<f4") for text, row in zip(missing, made, strict=True)}
        return np.stack([self._known[text] for text in texts])


async def _measured(world: World, options: argparse.Namespace) -> dict[str, list[Measured]]:
    paths = Paths.from_environment()
    paths = replace(paths, cache=options.cache, data=options.cache)
    found: dict[str, list[Measured]] = {arm: [] for arm in options.arms}
    model = SentenceVectors("auto", models=options.cache / "models", cache=options.cache / "vectors").model or ""
    async with open_voice(options.model, Config(), paths, copy=1 << 30) as voice, Runner(model) as runner:
        minilm = Minilm(runner)
        for seed in range(options.seeds):
            reader = _reader(world, seed)
            known = _as_reader(world, reader, options.dial)
            for arm in options.arms:
                shelf = MemoryShelf(options.cache / "voice" / str(seed), world.texts[:200])
                shelf.folder.mkdir(parents=True, exist_ok=True)
                carrier = carriers.make("none" if arm == SUBJECTS else arm, carriers.Tools(shelf))
                taste = await carrier.taste(known, voice)
                kept = Kept(voice, options.cache / "said.jsonl", f"{arm} {seed}", only=options.cached)
                tools = _tools(world, reader, None if options.static else minilm)
                writer = await _written(arm, known, taste, kept, tools, seed)
                found[arm].append(await _of(writer, world, reader, minilm, kept.seconds))
                print(f"reader {seed} {arm:8} {found[arm][-1]}", flush=True)
    return found


def _as_reader(world: World, reader: Simulated, dial: float) -> Reader:
    sides = [
        tuple(Text(int(each), world.texts[each], 1e9 - n) for n, each in enumerate(side))
        for side in (reader.liked, reader.skipped)
    ]
    return Reader(*sides, dial=dial)


async def _written(arm: str, known: Reader, taste: Taste, voice: Kept, tools: Tools, seed: int) -> Writer:
    """As the desk writes, with all the time there is; what is not chosen from is eight drafts as they come."""
    chosen_from = arm not in ("none", SUBJECTS)
    wish = Wish(count=OFFERED if chosen_from else PLAIN, length=LENGTH, seed=1_000 * seed)
    tools = tools if chosen_from else replace(tools, patience=0.0)
    writer = Writer(wish, Setting(sparks=sparks(wish, known, arm, voice)), voice, taste, tools)
    while writer.wanting:
        async for _ in writer.write():
            pass
        await writer.take()
    await writer.weigh()
    return writer


def _tools(world: World, reader: Simulated, minilm: Minilm | None) -> Tools:
    """What the archive itself would say of drafts: a head on the carrier's own labels, runs of its texts."""
    from sklearn.linear_model import LogisticRegression

    embedder, standing = embed.load(), _standing(world)
    taught = np.concatenate([reader.liked, reader.skipped])
    static = embedder.embed_batch([world.texts[each] for each in taught])
    head = LogisticRegression(C=10.0, max_iter=1_000)
    head.fit(static if minilm is None else world.vectors[taught], np.arange(len(taught)) < len(reader.liked))

    async def judge(texts: Sequence[str]) -> list[float] | None:
        rows = embedder.embed_batch(list(texts)) if minilm is None else await minilm(texts)
        return [float(each) for each in head.predict_proba(rows)[:, 1]]

    async def repeats(text: str) -> float:
        return _overlap(text, standing)

    return Tools(lambda texts: embedder.embed_batch(list(texts)), judge, repeats, minilm, patience=float("inf"))


@lru_cache(maxsize=1)
def _standing(world: World) -> Set[tuple[str, ...]]:
    return frozenset().union(*(plain_runs(text) for text in world.texts))


def _overlap(text: str, known: Set[tuple[str, ...]]) -> float:
    own = plain_runs(text)
    return sum(run in known for run in own) / max(1, len(own))


async def _of(writer: Writer, world: World, reader: Simulated, minilm: Minilm, seconds: float) -> Measured:
    texts = [each.text for each in writer.kept]
    vectors = await minilm(texts)
    chances = reader.judge.predict_proba(vectors)[:, 1]  # type: ignore[attr-defined]
    best = sorted(range(len(texts)), key=lambda n: -(writer.kept[n].probability or 0.0))[:OFFERED]
    offered = [each.text for each in writer.ranked()][:OFFERED]
    draw = np.random.default_rng(7)

    def of(chosen: Sequence[int]) -> tuple[float, float]:
        return round(float(chances[list(chosen)].mean()), 3), round(variance(vectors[list(chosen)]), 3)

    lots = np.array([of(draw.choice(len(texts), OFFERED, replace=False).tolist()) for _ in range(200)]).mean(axis=0)
    return Measured(
        of(range(len(texts))),
        of(range(OFFERED)),
        (round(float(lots[0]), 3), round(float(lots[1]), 3)),
        of(best),
        of([texts.index(each) for each in offered]),
        max(_overlap(each, _standing(world)) for each in offered),
        round(seconds / len(texts), 1),
    )


# -- the report
def _told(world: World, found: dict[str, list[Measured]], options: argparse.Namespace) -> int:
    base = np.array([each.pool[0] for each in found["none"]])
    liked = np.array([_liked_variance(world, seed) for seed in range(options.seeds)])
    print(f"\nwithout a carrier: P {base.mean():.3f}; {OFFERED} liked texts: variance {liked.mean():.3f}")
    print(f"\n{'P, variance of':10} {' '.join(f'{name:>13}' for name in SETS)}  higher by (95 %)          s a draft")
    wrong: list[str] = []
    for arm, rows in found.items():
        mean = {name: np.array([getattr(each, name) for each in rows]).mean(axis=0) for name in SETS}
        gain, half = _interval(np.array([each.offered[0] for each in rows]) - base)
        cells = " ".join(f"{p:6.3f} {spread:6.3f}" for p, spread in mean.values())
        seconds = np.mean([each.seconds for each in rows])
        print(f"{arm:14} {cells}  {gain:+.3f} ({gain - half:+.3f} to {gain + half:+.3f}) {seconds:9.1f}")
        if arm in ("none", SUBJECTS):
            continue
        wider, wider_half = _interval(np.array([each.offered[1] / each.best[1] - 1 for each in rows]))
        ratio = mean["offered"][1] / mean["best"][1] - 1
        lot = mean["offered"][1] / mean["lot"][1] - 1
        cost = mean["best"][0] - mean["offered"][0]
        print(
            f"{'':14} choosing: variance {ratio:+.0%} against the best ({wider:+.0%} +- {wider_half:.0%} a reader), ",
            end="",
        )
        print(f"{lot:+.0%} against a lot; it costs {100 * cost:.1f} points")
        checks = {
            f"{arm}: drafts are {HIGHER} likelier to be liked than without (they are {gain:+.3f})": gain >= HIGHER,
            f"{arm}: as varied as what was liked": mean["offered"][1] >= liked.mean(),
            f"{arm}: rejection raises variance by 20 % (by {ratio:.2%})": ratio >= GAIN,
            f"{arm}: at no more than 2 points ({100 * cost:.1f})": cost <= COST,
            f"{arm}: no draft repeats a text": max(each.overlap for each in rows) == 0.0,
        }
        wrong += [words for words, holds in checks.items() if not holds]
    print("".join(f"\n! {words}" for words in wrong) or "\neverything holds")
    return 1 if wrong else 0


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Mean and half of the 95 % interval over readers (Student's t)."""
    from scipy import stats

    if len(values) < 2:
        return float(values.mean()), float("nan")
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)


def _liked_variance(world: World, seed: int) -> float:
    """The variance of as many liked texts as drafts are offered, over 200 draws."""
    rng, liked = np.random.default_rng(seed), _reader(world, seed).liked
    return float(np.mean([variance(world.vectors[rng.choice(liked, OFFERED, replace=False)]) for _ in range(200)]))


if __name__ == "__main__":
    sys.exit(main())
