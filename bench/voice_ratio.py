"""How well each carrier tells what a reader likes, by likelihood ratio alone and beside the head, on simulated readers.

    python bench/voice_ratio.py [DIR] [--model GGUF] [--cache DIR] [--seeds N] [--first SEED] [--labels N] [--test N]
                                [--carriers A,B] [--beside A,B] [--topics N] [--noise SHARE]

DIR holds data sets (default: PENCHANT_SHARED/datasets), whose texts are sorted into twelve topics; a reader likes one
of them (`--topics`). The model is SmolLM2-135M in F16 unless another is named. Settings of carriers were chosen on
readers 100 and up; the figures are of readers 0 to 4.

A carrier alone carries all labels. Beside the head (`--beside`) the labels are dealt into two halves: each half is
carried and scores the other one and the texts to judge, so that the head learns from opinions that never saw what they
are about. There are two heads: of words and word vectors, and with sentence vectors too. The hidden topics are made of
the latter, so that head is better here than it can be of a person. Every answer of the model is kept in the cache.
What does not hold is marked with ! and listed; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import voice_model
import voice_readers
from voice_kept import Kept

from penchant.app.evaluation_data import from_folder
from penchant.app.judge.runner import Runner
from penchant.app.lab.values import Case, Pool
from penchant.app.llm.local import Local
from penchant.app.paths import Paths
from penchant.app.rank.evaluate import DataSet, fresh
from penchant.app.rank.metrics import auc
from penchant.app.rank.stats import fit_stats
from penchant.app.rank.types import Label
from penchant.app.voice import words
from penchant.app.voice.carriers import Tools, make
from penchant.app.voice.shelf import MemoryShelf
from penchant.app.voice.values import Reader, ratio

ROOT = Path(__file__).resolve().parent.parent
#: What has to hold: AUC of a carrier alone; what the ratio adds to a head.
ALONE, ADDED = {"history": 0.85, "vector": 0.85}, 0.01
#: Texts of nobody in particular; tokens that the model reads at a time.
WORLD, CONTEXT = 160, 1024
#: Heads: of what everybody has, and with sentence vectors.
HEADS = {"head": False, "sentence head": True}


def main() -> int:
    options = _options()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    options.model = options.model or voice_model.smollm2(options.cache)
    known, found = voice_readers.pool(options.folder, options.cache), []
    for seed in range(options.first, options.first + options.seeds):
        found.append(asyncio.run(_one(known, seed, options)))
        print(_line(f"reader {seed} ({found[-1]['about']})", found[-1]), flush=True)
    return _report(found, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--labels", type=int, default=128)
    parser.add_argument("--test", type=int, default=60)
    parser.add_argument("--topics", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--carriers", type=lambda text: text.split(","), default=["history", "vector"])
    parser.add_argument("--beside", type=lambda text: [name for name in text.split(",") if name], default=["history"])
    return parser.parse_args()


async def _one(known: Pool, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """One reader's figures."""
    case = voice_readers.reader(known, seed, options.labels, options.test, options.topics, options.noise)
    folder = options.cache / "voice_ratio" / f"reader-{seed}"
    n = len(case.liked)
    order = np.concatenate([case.liked, case.skipped, case.test])
    y = np.concatenate([np.repeat([1.0, 0.0], [n, n]), case.test_y])
    voice_readers.write(folder, known, order, y)
    test = np.arange(2 * n, len(order))
    opinions: dict[str, np.ndarray] = {}
    figures: dict[str, dict[str, float]] = {"auc": {}, "cpu": {}}
    async with Runner(str(options.model), context_tokens=CONTEXT) as runner:
        voice = Kept(Local(runner, await runner.ready()), options.cache / "voice_ratio" / "answers.db")
        tools = Tools(MemoryShelf(folder / "shelf", [str(text) for text in known.texts[:WORLD]]))
        for name in options.carriers:
            before = voice.cpu
            told = await _ratios(name, tools, voice, case.reader, [known.texts[row] for row in case.test])
            figures["cpu"][name] = voice.cpu - before
            figures["auc"][name] = auc(told, case.test_y)
        for name in options.beside:
            before = voice.cpu
            opinions[name] = await _opinions(name, tools, voice, known, case, order)
            figures["cpu"][f"beside {name}"] = voice.cpu - before
    for head, sentence in HEADS.items():
        data = from_folder(folder, (lambda texts: known.vectors[order]) if sentence else None)
        for name, said in {"": None, **opinions}.items():
            scores = _headed(data, y, 2 * n, test, said)
            figures["auc"][f"{head} + {name}" if name else head] = auc(scores, case.test_y)
    return {
        "about": ", ".join(known.words[each][0] for each in case.topics),
        "test": len(test),
        "labels": 2 * n,
        **figures,
    }


async def _ratios(name: str, tools: Tools, voice: Kept, reader: Reader, texts: list[str]) -> np.ndarray:
    """float64[n]: what the carrier of a reader says of texts; NaN where it cannot."""
    taste = await make(name, tools).taste(reader, voice)
    told = await ratio(voice, taste, [words.scored(text) for text in texts])
    return np.array([np.nan if value is None else value for value in told])


async def _opinions(name: str, tools: Tools, voice: Kept, known: Pool, case: Case, order: np.ndarray) -> np.ndarray:
    """float64[items]: likelihood ratios of labels and test, each half's from its own mean over the other half."""
    n = len(case.liked)
    found = np.full((2, len(order)), np.nan)
    for place in (0, 1):
        reader = Reader(case.reader.liked[place::2], case.reader.skipped[place::2])
        other = np.concatenate([np.arange(1 - place, n, 2), np.arange(n + 1 - place, 2 * n, 2)])
        rows = np.concatenate([other, np.arange(2 * n, len(order))])
        told = await _ratios(name, tools, voice, reader, [known.texts[order[row]] for row in rows])
        found[place, rows] = told - np.nanmean(told[: len(other)])
    return np.asarray(np.nanmean(found, axis=0))


def _headed(data: DataSet, y: np.ndarray, labels: int, test: np.ndarray, opinions: np.ndarray | None) -> np.ndarray:
    """What the head says of the test items after the labels, with the opinions of a judge or without."""
    from dataclasses import replace

    blocks = dict(data.batch.blocks)
    if opinions is not None:
        blocks["judge"] = fit_stats([], [], {}, {}, {"judge": opinions}).scales["judge"].rows(opinions)
    batch = replace(data.batch, blocks=blocks)
    model = fresh(replace(data, batch=batch))
    for row in np.arange(labels).reshape(2, -1).T.ravel().tolist():  # liked and skipped in turn
        model.learn(Label("", row, int(y[row]), 1.0), batch, row)
    return np.asarray(model.score(batch.take(test)).logit)


def _line(name: str, figures: dict[str, object]) -> str:
    areas = figures["auc"]
    assert isinstance(areas, dict)
    return f"{name:34} " + "  ".join(f"{key} {value:.3f}" for key, value in areas.items())


def _report(found: list[dict[str, object]], options: argparse.Namespace) -> int:
    areas: list[dict[str, float]] = [each["auc"] for each in found]  # type: ignore[misc]
    cpu: list[dict[str, float]] = [each["cpu"] for each in found]  # type: ignore[misc]
    failed = []
    print(f"\n{len(found)} readers, {found[0]['labels']} labels, {found[0]['test']} texts to judge each; mean and 95 %")
    for name in areas[0]:
        mean, half = _interval([each[name] for each in areas])
        bad = name in ALONE and mean < ALONE[name]
        print(f"{'!' if bad else ' '} {name:24} {mean:.3f} +- {half:.3f}{_spent(cpu, name)}")
        failed += [f"{name} alone is {mean:.3f}, below {ALONE[name]}"] if bad else []
    for head in HEADS:
        for name in options.beside:
            mean, half = _interval([each[f"{head} + {name}"] - each[head] for each in areas])
            sure = "the interval excludes 0" if abs(mean) > half else "the interval holds 0"
            bad = mean < ADDED or mean <= half
            print(f"{'!' if bad else ' '} {head} + {name} over it: {mean:+.3f} +- {half:.3f} ({sure})")
            said = f"the ratio of {name} adds {mean:+.3f} +- {half:.3f} to the {head}, not {ADDED} for sure"
            failed += [said] if bad else []
    print("\n".join(f"! {line}" for line in failed) or "everything holds")
    return int(bool(failed))


def _spent(cpu: list[dict[str, float]], name: str) -> str:
    """CPU seconds of a reader, of what was not in the cache."""
    spent = float(np.mean([each.get(name, 0.0) for each in cpu]))
    return f"   {spent:.0f} CPU s" if spent >= 1.0 else ""


def _interval(values: list[float]) -> tuple[float, float]:
    """Mean and the half width of its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return float(np.mean(values)), float("nan")
    return float(np.mean(values)), float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


if __name__ == "__main__":
    sys.exit(main())
