"""How well each carrier tells what a reader likes, by likelihood ratio alone and beside the head, on simulated readers.

    python bench/voice_ratio.py [DIR] [--model GGUF] [--cache DIR] [--seeds N] [--labels N] [--test N] [--carriers A,B]

DIR holds data sets (default: PENCHANT_SHARED/datasets); readers like texts of one subject (`--subjects`). The model is
SmolLM2-135M in F16 unless another is named. The labels are dealt into two halves: each half is carried and scores the
other one and the texts to judge, so that the head learns from opinions that never saw what they are about; what is
reported of a carrier alone are the same opinions. Every seed is a reader of its own, and is kept in the cache folder.
What does not hold is marked with ! and listed; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import voice_model
import voice_readers

from penchant.app.evaluation_data import from_folder
from penchant.app.judge.runner import Runner
from penchant.app.llm.local import Local
from penchant.app.paths import Paths
from penchant.app.rank.evaluate import DataSet, fresh
from penchant.app.rank.metrics import auc
from penchant.app.rank.stats import fit_stats
from penchant.app.rank.types import Label
from penchant.app.voice import words
from penchant.app.voice.carriers import Tools, make
from penchant.app.voice.shelf import MemoryShelf
from penchant.app.voice.values import Reader, Text, ratio

ROOT = Path(__file__).resolve().parent.parent
#: What has to hold: AUC of a carrier alone; what the ratio adds to the head.
ALONE, ADDED = {"history": 0.85, "vector": 0.85}, 0.01
WORLD = 160


def main() -> int:
    options = _options()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    found = []
    for seed in range(options.seeds):
        found.append(_known(seed, options))
        print(_line(f"reader {seed} ({', '.join(found[-1]['subjects'])})", found[-1]), flush=True)
    return _report(found, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--labels", type=int, default=64)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--subjects", type=int, default=voice_readers.LIKED)
    parser.add_argument("--carriers", default="history,vector,map")
    return parser.parse_args()


def _known(seed: int, options: argparse.Namespace) -> dict[str, object]:
    """One reader's figures, computed once."""
    model = options.model or voice_model.smollm2(options.cache)
    said = json.dumps([seed, options.labels, options.test, options.subjects, options.carriers, model.name, "1"])
    path = options.cache / "voice_ratio" / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json"
    if not path.is_file():
        made = asyncio.run(_one(seed, options, model))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made))
    return json.loads(path.read_text())


async def _one(seed: int, options: argparse.Namespace, model: Path) -> dict[str, object]:
    folder = options.cache / "voice_ratio" / f"reader-{options.subjects}-{seed}"
    known = voice_readers.texts(options.folder)
    lines, y, subjects = voice_readers.write(folder, known, seed, 400, options.subjects)
    rng = np.random.default_rng([29, seed])
    liked, skipped = (rng.permutation(np.flatnonzero(y == side)) for side in (1, 0))
    n, t = options.labels // 2, options.test // 2
    labels = np.stack([liked[:n], skipped[:n]], axis=1).ravel()
    test = np.concatenate([liked[n : n + t], skipped[n : n + t]])
    data = from_folder(folder)
    world = [str(text) for text in rng.permutation(known)[:WORLD]]
    figures: dict[str, object] = {"subjects": subjects, "test": len(test), "labels": len(labels), "auc": {}, "cpu": {}}
    base = _headed(data, y, labels, test, None)
    figures["auc"]["head"] = auc(base, y[test])  # type: ignore[index]
    async with Runner(str(model), context_tokens=1024) as runner:
        voice = Local(runner, await runner.ready())
        tools = Tools(MemoryShelf(options.cache / "voice_ratio" / "shelf", world))
        for name in options.carriers.split(","):
            before = runner.cpu
            opinions = await _opinions(name, tools, voice, lines, labels, test)
            figures["cpu"][name] = round(runner.cpu - before, 1)  # type: ignore[index]
            figures["auc"][name] = auc(opinions[test], y[test])  # type: ignore[index]
            both = _headed(data, y, labels, test, opinions)
            figures["auc"][f"head + {name}"] = auc(both, y[test])  # type: ignore[index]
    return figures


async def _opinions(
    name: str, tools: Tools, voice: Local, lines: list[str], labels: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """float64[items]: likelihood ratios of labels and test, each half's from its own mean over the other half."""
    pairs = labels.reshape(-1, 2)
    halves = [pairs[place::2] for place in (0, 1)]
    found: list[dict[int, float]] = []
    for place, half in enumerate(halves):
        sides = [tuple(Text(int(row), lines[row]) for row in half[:, side]) for side in (0, 1)]
        taste = await make(name, tools).taste(Reader(sides[0], sides[1]), voice)
        rows = [*halves[1 - place].ravel().tolist(), *test.tolist()]
        told = await ratio(voice, taste, [words.scored(lines[row]) for row in rows])
        middle = np.mean([value for value in told[: halves[1 - place].size] if value is not None])
        found.append({row: value - middle for row, value in zip(rows, told, strict=True) if value is not None})
    out = np.full(len(lines), np.nan)
    for row in [*labels.tolist(), *test.tolist()]:
        out[row] = np.mean([each[row] for each in found if row in each])
    return out


def _headed(
    data: DataSet, y: np.ndarray, labels: np.ndarray, test: np.ndarray, opinions: np.ndarray | None
) -> np.ndarray:
    """What the head says of the test items after the labels, with the opinions of a judge or without."""
    from dataclasses import replace

    blocks = dict(data.batch.blocks)
    if opinions is not None:
        blocks["judge"] = fit_stats([], [], {}, {}, {"judge": opinions}).scales["judge"].rows(opinions)
    batch = replace(data.batch, blocks=blocks)
    model = fresh(replace(data, batch=batch))
    for row in labels.tolist():
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
        spent = f"   {np.mean([each[name] for each in cpu]):.0f} CPU s" if name in cpu[0] else ""
        print(f"{'!' if bad else ' '} {name:16} {mean:.3f} +- {half:.3f}{spent}")
        failed += [f"{name} alone is {mean:.3f}, below {ALONE[name]}"] if bad else []
    for name in options.carriers.split(","):
        mean, half = _interval([each[f"head + {name}"] - each["head"] for each in areas])
        sure = "the interval excludes 0" if mean - half > 0 else "the interval holds 0"
        print(f"  head + {name} over the head: {mean:+.3f} +- {half:.3f} ({sure})")
        if name == "history" and mean < ADDED:
            failed.append(f"the ratio of the history adds {mean:+.3f} to the head, less than {ADDED}")
    print("\n".join(f"! {line}" for line in failed) or "everything holds")
    return int(bool(failed))


def _interval(values: list[float]) -> tuple[float, float]:
    """Mean and the half width of its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return float(np.mean(values)), float("nan")
    return float(np.mean(values)), float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


if __name__ == "__main__":
    started = time.process_time()
    sys.exit(main())
