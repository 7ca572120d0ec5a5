"""Are drafts in the reader's taste, varied, and their own? Simulated readers with hidden tastes over real texts.

    python bench/writing.py [--texts FILE] [--cache DIR] [--seeds N] [--arms none,history] [--model GGUF] [--cached]

A reader likes two of twelve clusters of the texts (k-means of all-MiniLM-L6-v2). 32 likes and 32 skips go to the
carrier and to a small head that ranks the drafts, as the archive's does; how likely the reader likes a draft is then
said by another head (logistic regression on MiniLM vectors) that learned from other labels. FILE holds a text a line;
without one: PENCHANT_SHARED/datasets, else the sample feed. What the model wrote is kept in the cache folder, so a
run goes on where it ended; `--cached` writes nothing new. Eight texts are written for each arm and reader, four are
offered. What does not hold is marked with ! and listed at the end; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.app import embed
from penchant.app.config import Config
from penchant.app.embed.base import item_text
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.llm.choose import open_voice
from penchant.app.paths import Paths
from penchant.app.voice import carriers
from penchant.app.voice.shelf import MemoryShelf
from penchant.app.voice.values import LIKELIHOOD, Reader, Taste, Text, Voice, ratio
from penchant.app.voice.words import scored
from penchant.app.writing import prompt
from penchant.app.writing.choosing import offering, same, variance, worths
from penchant.app.writing.overlap import plain_runs
from penchant.app.writing.tidy import tidy
from penchant.app.writing.values import Setting, Wish

ROOT = Path(__file__).resolve().parent.parent
CLUSTERS, TASTE, LABELS, JUDGED = 12, 2, 32, 60
WRITTEN, OFFERED, LENGTH = 8, 4, 160
HIGHER, GAIN, COST = 0.3, 1.2, 0.02
#: The temperature of every arm, and where the reader's dial stands (the control vector goes by it).
HEAT, DIAL = 0.8, 2.0


@dataclass(frozen=True, slots=True)
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
    """One arm of one reader: mean probability and variance of the first drafts, of the best, of the varied best."""

    plain: tuple[float, float]
    best: tuple[float, float]
    varied: tuple[float, float]
    same: int
    overlap: float
    seconds: float


class Kept:
    """What was written, by what it was written from."""

    def __init__(self, path: Path, *, only: bool) -> None:
        self._path, self._only = path, only
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known = {row[0]: row[1:] for row in map(json.loads, lines)}

    async def text(self, name: str, voice: Voice, asked: str, taste: Taste, seed: int) -> tuple[str, float]:
        """A draft and the seconds it took."""
        said = json.dumps([name, voice.name, asked, taste.toward.system, taste.toward.strength, seed, HEAT])
        key = hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
        if key not in self._known:
            if self._only:
                raise SystemExit("this was never written: leave --cached out")
            began, room = time.monotonic(), prompt.tokens(LENGTH)
            stream = voice.write(asked, room, taste.toward, temperature=HEAT, seed=seed)
            pieces = [piece async for piece in stream]
            row = (tidy("".join(pieces), LENGTH, whole=len(pieces) < room), round(time.monotonic() - began, 2))
            self._known[key] = list(row)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, *row]) + "\n")
        found = self._known[key]
        return str(found[0]), float(found[1])


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
    parser.add_argument("--arms", type=lambda text: text.split(","), default=["none", "history", "vector"])
    parser.add_argument("--model", default="")
    parser.add_argument("--cached", action="store_true")
    options = parser.parse_args()
    options.cache = options.cache.expanduser()
    options.arms = [arm for arm in options.arms if arm in carriers.ALL]
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
async def _measured(world: World, options: argparse.Namespace) -> dict[str, list[Measured]]:
    kept, paths = Kept(options.cache / "written.jsonl", only=options.cached), Paths.from_environment()
    paths = replace(paths, cache=options.cache, data=options.cache)
    found: dict[str, list[Measured]] = {arm: [] for arm in options.arms}
    vectors = SentenceVectors("auto", models=options.cache / "models", cache=options.cache / "vectors")
    async with open_voice(options.model, Config(), paths, copy=1 << 30) as voice:
        for seed in range(options.seeds):
            reader = _reader(world, seed)
            for arm in options.arms:
                shelf = MemoryShelf(options.cache / "voice" / str(seed), world.texts[:200])
                shelf.folder.mkdir(parents=True, exist_ok=True)
                taste = await carriers.make(arm, carriers.Tools(shelf)).taste(_as_reader(world, reader), voice)
                found[arm].append(await _arm(arm, taste, voice, world, reader, kept, vectors, seed))
                print(f"reader {seed} {arm:8} {found[arm][-1]}", flush=True)
    return found


def _as_reader(world: World, reader: Simulated) -> Reader:
    sides = [
        tuple(Text(int(each), world.texts[each], 1e9 - n) for n, each in enumerate(side))
        for side in (reader.liked, reader.skipped)
    ]
    return Reader(*sides, dial=DIAL)


async def _arm(
    arm: str,
    taste: Taste,
    voice: Voice,
    world: World,
    reader: Simulated,
    kept: Kept,
    vectors: SentenceVectors,
    seed: int,
) -> Measured:
    liked = [world.texts[each] for each in reader.liked[8 : 8 + WRITTEN]] if arm != "none" else []
    setting, texts, took = Setting(sparks=tuple(liked)), list[str](), 0.0
    for n in range(WRITTEN):
        asked = prompt.request(Wish(), setting, n, LENGTH)
        text, seconds = await kept.text(f"{arm} {seed}", voice, asked, taste, 1_000 * seed + n)
        texts.append(text or "…")
        took += seconds
    minilm = _apart(vectors, texts)
    chances = reader.judge.predict_proba(minilm)[:, 1]  # type: ignore[attr-defined]
    worth = await _worth(arm, taste, voice, world, reader, texts)
    first, best = list(range(OFFERED)), sorted(range(WRITTEN), key=lambda n: -worth[n])[:OFFERED]
    static = embed.load().embed_batch(texts)
    distinct: list[int] = []
    for n in range(WRITTEN):
        if not same(texts[n], static[n], [texts[m] for m in distinct], static[distinct]):
            distinct.append(n)
    places = offering([worth[n] for n in distinct], static[distinct], OFFERED)
    varied = [distinct[n] for n in places]
    known = set().union(*(plain_runs(text) for text in world.texts))
    own = [run for n in varied for run in plain_runs(texts[n])]
    repeated = sum(run in known for run in own) / max(1, len(own))

    def of(chosen: Sequence[int]) -> tuple[float, float]:
        return round(float(chances[list(chosen)].mean()), 3), round(variance(minilm[list(chosen)]), 3)

    return Measured(of(first), of(best), of(varied), WRITTEN - len(distinct), round(repeated, 4), round(took, 1))


async def _worth(
    arm: str, taste: Taste, voice: Voice, world: World, reader: Simulated, texts: Sequence[str]
) -> list[float]:
    """What the archive itself would say of the drafts: a head on the carrier's own labels, and the likelihood ratio."""
    from sklearn.linear_model import LogisticRegression

    if arm == "none":
        return [0.0] * len(texts)
    taught = np.concatenate([reader.liked, reader.skipped])
    labels = np.arange(len(taught)) < len(reader.liked)
    head = LogisticRegression(C=10.0, max_iter=1_000)
    head.fit(embed.load().embed_batch([world.texts[each] for each in taught]), labels)
    chances = [float(each) for each in head.predict_proba(embed.load().embed_batch(list(texts)))[:, 1]]
    found = (
        await ratio(voice, taste, [scored(text) for text in texts]) if LIKELIHOOD in voice.can else [None] * len(texts)
    )
    return worths(chances, found)


def _apart(vectors: SentenceVectors, texts: Sequence[str]) -> np.ndarray:
    """Vectors from within a running loop."""
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(vectors, texts).result()
    assert found is not None
    return found


# -- the report
def _told(world: World, found: dict[str, list[Measured]], options: argparse.Namespace) -> int:
    base = np.array([each.plain[0] for each in found["none"]])
    liked = np.array([_liked_variance(world, seed) for seed in range(options.seeds)])
    print(f"\nwithout a carrier: P {base.mean():.3f}; {OFFERED} liked texts: variance {liked.mean():.3f}\n")
    print("arm        P plain  P best  P offered  higher by (95 %)        variance best  offered  copied  s a draft")
    wrong: list[str] = []
    for arm, rows in found.items():
        plain, best, varied = (np.array([getattr(each, name) for each in rows]) for name in ("plain", "best", "varied"))
        gain, half = _interval(varied[:, 0] - base)
        copied = max(each.overlap for each in rows)
        seconds = sum(each.seconds for each in rows) / (WRITTEN * len(rows))
        print(
            f"{arm:10} {plain[:, 0].mean():7.3f} {best[:, 0].mean():7.3f} {varied[:, 0].mean():10.3f}"
            f"  {gain:+.3f} ({gain - half:+.3f} to {gain + half:+.3f}) {best[:, 1].mean():13.3f}"
            f" {varied[:, 1].mean():8.3f}  {copied:6.3f} {seconds:10.1f}"
        )
        if arm == "none":
            continue
        ratio_of = varied[:, 1].mean() / max(1e-9, best[:, 1].mean())
        checks = {
            f"{arm}: drafts are {HIGHER} likelier to be liked than without (they are {gain:+.3f})": gain >= HIGHER,
            f"{arm}: as varied as what was liked": varied[:, 1].mean() >= liked.mean(),
            f"{arm}: rejection raises variance by 20 % (by {ratio_of - 1:.0%})": ratio_of >= GAIN,
            f"{arm}: at no more than 2 points": varied[:, 0].mean() >= best[:, 0].mean() - COST,
            f"{arm}: no draft repeats a text": copied == 0.0,
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
