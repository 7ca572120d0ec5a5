"""The ranking beside simple recipes on every data set of a folder, and whether what must hold holds, in one run.

    python bench/rank.py [DIR] [--quick] [--repeats N] [--sentence MODEL] [--cache DIR] [--checks] [--json]

DIR holds folders with items.jsonl and ratings.csv (default: ../shared/datasets, or
PENCHANT_SHARED/datasets). Every set in random orders and, where it has times, in time order. `--quick` takes 6
splits of a single reader, 1 of each of 24 others, and fewer numbers of labels. `--checks` leaves the tables out. What
does not hold is marked with ! and listed at the end; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import rank_checks

from penchant.app.evaluation import evaluate_folder
from penchant.app.evaluation_data import folders_in, from_folder
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.paths import Paths
from penchant.app.rank.baselines import like_rate
from penchant.app.rank.evaluate import STEPS, DataSet, Reader, curve, ours

ROOT = Path(__file__).resolve().parent.parent
QUICK_STEPS = (0, 8, 32, 64, 128, 512)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--repeats", type=int, default=0, help="splits of each reader (default: 20 of one, 2 of many)")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sentence", default="auto", help="auto, minilm, none or a GGUF file")
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--checks", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore")
    cache = options.cache.expanduser()
    progress = _note if sys.stderr.isatty() else None
    sentence = SentenceVectors(
        options.sentence, models=cache / "models", cache=cache / "vectors", progress=progress
    )
    started = time.process_time()
    report = evaluate_folder(
        options.folder,
        sentence=sentence,
        steps=QUICK_STEPS if options.quick else STEPS,
        repeats=options.repeats,
        quick=options.quick,
        progress=progress,
    )
    checks = [check for curve in report.curves for check in rank_checks.of_curve(curve)]
    checks += [check for order in ("random", "time") for check in rank_checks.over_sets(report.curves, order)]
    if options.json:
        found = [rank_checks.as_json(check) for check in checks]
        print(json.dumps({**report.as_json(), "sentence": sentence.space, "checks": found}, indent=1))
    else:
        colour = sys.stdout.isatty()
        if not options.checks:
            print("\n".join(report.lines(colour=colour)))
        print("\n".join(rank_checks.lines(checks, colour=colour)))
        print("\n".join(rank_checks.summary(checks)))
        if not options.quick:
            print("\n".join(_coins(from_folder(folders_in(options.folder)[0], sentence))))
        print(f"sentence vectors: {sentence.space or sentence.why}; {time.process_time() - started:.0f} CPU-seconds")
    return int(not all(check.holds for check in checks))


def _coins(data: DataSet, people: int = 24) -> list[str]:
    """What believing costs where there is nothing to learn: readers who toss a coin over the items of a set."""
    rng = np.random.default_rng(4_711)  # another than that of the splits, or their order would be that of the tosses
    chance = float(data.readers[0].y.mean())
    rows = np.arange(len(data.batch))
    tosses = [(rng.random(len(rows)) < chance).astype(float) for _ in range(people)]
    readers = [Reader(str(k), rng.permutation(rows), y) for k, y in enumerate(tosses)]
    found = curve(replace(data, readers=readers), (ours, like_rate), repeats=1)
    out = [f"control: {people} readers who toss a coin over the items of {data.name}, log loss above the like rate"]
    for step in found.steps:
        figure = step.saved["like rate"]
        out.append(f"  {step.labels:4} labels {-figure.mean:+.4f} ±{figure.half:.4f}")
    return out


def _note(line: str) -> None:
    print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
