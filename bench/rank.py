"""The ranking beside simple recipes on every data set of a folder, in one run.

    python bench/rank.py [DIR] [--repeats N] [--json]

DIR holds folders with items.jsonl and ratings.csv (default: ../shared/datasets, or
PENCHANT_SHARED/datasets). Time order where there are times, random orders else. Rows where
ours lies below the better of TF-IDF + SVM and logistic regression (beyond the 95 % interval of the
pairwise margin, from 8 labels on), or whose log loss is above the like rate, are red; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from penchant.app.evaluation import evaluate_folder
from penchant.app.evaluation_table import verdict

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--repeats", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore")
    started = time.process_time()
    report = evaluate_folder(options.folder, repeats=options.repeats)
    if options.json:
        print(json.dumps(report.as_json(), indent=1))
    else:
        print("\n".join(report.lines(colour=sys.stdout.isatty())))
        print(f"{time.process_time() - started:.0f} CPU-seconds")
    return int(any(verdict(step) for curve in report.curves for step in curve.steps))


if __name__ == "__main__":
    sys.exit(main())
