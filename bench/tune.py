"""Whether self-tuning helps: tuned on the first part of each reader's past, judged on the rest, beside the defaults.

    python bench/tune.py [DIR] [--readers N] [--json]

DIR holds folders with items.jsonl and ratings.csv (default: ../shared/datasets, or
PENCHANT_SHARED/datasets). The pass sees the first 60 % of a reader's decisions (at least 80, at most 400) and
never the rest; log loss and AUC are of the rest, foretold one by one. Red, and exit code 1: tuned readers lose
log loss on average beyond the 95 % interval. Static vectors only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.app.evaluation_data import folders_in, from_folder
from penchant.app.rank.evaluate import DataSet, Reader
from penchant.app.rank.metrics import auc
from penchant.app.rank.recipe import Recipe
from penchant.app.rank.tune import Past, Trace, foretell, tune
from penchant.app.types import Event

ROOT = Path(__file__).resolve().parent.parent
SHARE, MOST = 0.6, 400
RED, PLAIN = "\033[31m", "\033[0m"


def past(data: DataSet, reader: Reader, rng: np.random.Generator) -> Past:
    """A reader's ratings as events: in time order, or in random order where there are no times."""
    noise = rng.random(len(reader.rows))
    order = np.argsort(noise) if reader.at is None else np.lexsort((noise, reader.at))
    order = order[: int(MOST / SHARE)]
    events = [
        Event("like" if reader.y[i] else "skip", int(reader.rows[i]), id=f"{n:06d}", at=0.0)
        for n, i in enumerate(order.tolist())
    ]
    return Past(events, data.batch, {int(row): int(row) for row in reader.rows})


def measure(trace: Trace, seen: int) -> tuple[float, float]:
    """(log loss, AUC) of what came after the first `seen` decisions."""
    logit, y = trace.logit[seen:], trace.y[seen:]
    return float(np.logaddexp(0.0, np.where(y > 0, -logit, logit)).mean()), float(auc(logit, y))


def one(data: DataSet, reader: Reader, rng: np.random.Generator) -> dict[str, Any] | None:
    """Tuned and default on the same later decisions; None for a reader with too few."""
    whole = past(data, reader, rng)
    seen = int(len(whole.events) * SHARE)
    found = tune(Recipe(), Past(whole.events[:seen], whole.batch, whole.rows))
    if not found.tried:
        return None
    usual = measure(foretell(Recipe(), whole), seen)
    tuned = measure(foretell(Recipe().with_values(found.values), whole), seen) if found.values else usual
    return {
        "seen": seen,
        "judged": len(whole.events) - seen,
        "adopted": {name: round(value, 4) for name, value in found.values.items()},
        "promised": round(found.gain, 4),
        "loss": [usual[0], tuned[0]],
        "auc": [usual[1], tuned[1]],
    }


def mean(values: list[float]) -> tuple[float, float]:
    """Mean and half width of the 95 % interval."""
    x = np.array(values)
    return float(x.mean()), float(1.96 * x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else float("nan")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--readers", type=int, default=6, help="readers of each set")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    started = time.process_time()
    rows: list[dict[str, Any]] = []
    for folder in folders_in(options.folder):
        data = from_folder(folder)
        for number, reader in enumerate(data.readers[: options.readers]):
            row = one(data, reader, np.random.default_rng([11, number]))
            if row is not None:
                rows.append({"set": data.name, "reader": reader.name, **row})
                if not options.json:
                    show(rows[-1])
    gains = [row["loss"][0] - row["loss"][1] for row in rows if row["adopted"]]
    bad = False
    if gains:
        (gain, half), (more, spread) = mean(gains), mean([r["auc"][1] - r["auc"][0] for r in rows if r["adopted"]])
        bad = gain + (half if np.isfinite(half) else 0.0) < 0
        colour = RED if bad and sys.stdout.isatty() else ""
        text = f"{len(gains)} of {len(rows)} adopted something: "
        text += f"log loss {-gain:+.4f} ±{half:.4f}, AUC {more:+.4f} ±{spread:.4f}"
        if not options.json:
            print(f"{colour}{text}{PLAIN if colour else ''}\n{time.process_time() - started:.0f} CPU-seconds")
    if options.json:
        print(json.dumps(rows, indent=1))
    return int(bad)


def show(row: dict[str, Any]) -> None:
    changes = ", ".join(f"{name} {value:g}" for name, value in row["adopted"].items()) or "nothing"
    print(
        f"{row['set'][:12]:12} {row['reader'][:8]:8} seen {row['seen']:4} judged {row['judged']:4}"
        f"  loss {row['loss'][0]:.4f} -> {row['loss'][1]:.4f}"
        f"  AUC {row['auc'][0]:.3f} -> {row['auc'][1]:.3f}  {changes}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
