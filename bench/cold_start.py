"""What a first guess adds: typed topics, the choice among twelve, the likes of an export; beside none.

    python bench/cold_start.py [DIR] [--repeats N] [--json]

DIR holds folders with items.jsonl and ratings.csv (default: ../shared/datasets, or
PENCHANT_SHARED/datasets). Each simulated reader is offered twelve of their own items as the program
chooses them and takes those they liked; the likes of 30 other judgements are the export; the three
words that tell those likes best from the rest are the topics. All of these are kept out of what is
learned and of what is judged. AUC of the order after so many labels, each prior less none, with the
95 % interval; "left" is the prior's share of the spread of what the order believes, and "moved" is one less the rank
correlation of the orders with and without it. Red, and exit code 1: a prior that hurts at 50 labels beyond
the interval, or still has a tenth of a say there. Static vectors only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.app.evaluation_data import from_folder
from penchant.app.rank.evaluate import DataSet, Reader, fresh
from penchant.app.rank.influence import influence
from penchant.app.rank.metrics import auc
from penchant.app.rank.model import Model
from penchant.app.rank.picks import OFFERED, fit_picks, to_offer
from penchant.app.rank.prior import Prior
from penchant.app.rank.topics import fit_topics
from penchant.app.rank.types import Label

ROOT = Path(__file__).resolve().parent.parent
STEPS = (0, 2, 5, 10, 20, 50)
#: Items of a reader from which the twelve are offered, judgements behind an export, and items to judge on.
POOL, EXPORT, TEST = 120, 30, 30
NONE = "none"


@dataclass
class Row:
    """One prior after so many labels: mean AUC, gain over none and the half width of its interval, influence."""

    data: str
    prior: str
    labels: int
    auc: float
    gain: float
    half: float
    left: float
    moved: float

    @property
    def bad(self) -> bool:
        late = self.labels >= STEPS[-1] and self.prior != NONE
        return late and (self.gain < -self.half or max(self.left, self.moved) >= 0.1)


def priors(data: DataSet, reader: Reader, order: np.ndarray) -> tuple[dict[str, Prior], np.ndarray]:
    """Each prior of a reader, and the places (of `order`) that none of them has seen."""
    rows, y = reader.rows, reader.y
    export, rest = order[:EXPORT], order[EXPORT:]
    pool = rest[:POOL]
    offered = pool[to_offer(data.batch.meaning[rows[pool]])]
    chosen = fit_picks(
        data.batch.take(rows[offered[y[offered] > 0]]), data.batch.take(rows[offered[y[offered] == 0]])
    )
    liked = export[y[export] > 0]
    likes = fit_picks(data.batch.take(rows[liked]), data.batch.take([]))
    topics = fit_topics(_words(data, rows[liked], rows[export[y[export] == 0]]), data.batch)
    found = {
        NONE: Prior(),
        "topics": Prior(topics),
        "choice": Prior(None, (chosen,) if chosen else ()),
        "export": Prior(None, (likes,) if likes else ()),
        "all": Prior(topics, tuple(p for p in (chosen, likes) if p)),
    }
    return found, rest[~np.isin(rest, offered)]


def _words(data: DataSet, liked: np.ndarray, others: np.ndarray) -> list[str]:
    """Three words that a reader of these items would name: in several of them, and in few of the others."""
    ours, theirs = ([set(data.texts[i].lower().split()) for i in rows] for rows in (liked, others))
    counts: dict[str, float] = {}
    for words in ours:
        for word in words:
            if word.isalpha() and len(word) > 3:
                counts[word] = counts.get(word, 0.0) + 1.0
    for words in theirs:
        for word in words & counts.keys():
            counts[word] -= len(ours) / max(1, len(theirs))
    return sorted(counts, key=lambda word: (-counts[word], word))[:3]


def runs(data: DataSet, repeats: int) -> Iterator[tuple[int, str, int, float, float, float]]:
    """(reader, prior, labels, auc, left, moved) of each split."""
    for g, reader in enumerate(data.readers):
        for r in range(repeats):
            order = np.random.default_rng([7, g, r]).permutation(len(reader.rows))
            if len(order) < EXPORT + OFFERED + STEPS[-1] + TEST:
                continue
            found, rest = priors(data, reader, order)
            test = rest[STEPS[-1] :]
            y = reader.y[test]
            if y.min() == y.max():
                continue
            batch = data.batch.take(reader.rows[test])
            model = fresh(data)
            for n in range(STEPS[-1] + 1):
                if n in STEPS:
                    for name, prior in found.items():
                        yield g, name, n, *_judged(model, prior, batch, y)
                row = int(reader.rows[rest[n]])
                model.learn(Label("", row, int(reader.y[rest[n]]), 1.0), data.batch, row)


def _judged(model: Model, prior: Prior, batch: object, y: np.ndarray) -> tuple[float, float, float]:
    model.prior = prior
    value = auc(model.belief(model.score(batch)), y)  # type: ignore[arg-type]
    return value, *influence(model, batch)  # type: ignore[arg-type]


def measure(data: DataSet, repeats: int) -> list[Row]:
    """Means over readers; the splits of one reader are one observation where there are several readers."""
    table: dict[tuple[str, int], dict[int, list[tuple[float, float, float]]]] = {}
    for g, name, n, *values in runs(data, repeats):
        table.setdefault((name, n), {}).setdefault(g, []).append(tuple(values))  # type: ignore[arg-type]
    single = len(data.readers) == 1
    means: dict[tuple[str, int], np.ndarray] = {}
    for key, groups in table.items():
        each = [np.array(v) for v in groups.values()]
        means[key] = each[0] if single else np.array([v.mean(axis=0) for v in each])
    out = []
    for (name, n), values in means.items():
        gain = values[:, 0] - means[NONE, n][:, 0]
        half = float(1.96 * gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else float("nan")
        auc_, left, moved = (float(m) for m in values.mean(axis=0))
        out.append(Row(data.name, name, n, auc_, float(gain.mean()), half, left, moved))
    return out


def lines(rows: list[Row], *, colour: bool) -> Iterator[str]:
    """A table for people."""
    for data in dict.fromkeys(row.data for row in rows):
        yield f"\n{data:24}" + "".join(f"{n:>5} labels" for n in STEPS)
        mine = [row for row in rows if row.data == data]
        for name in dict.fromkeys(row.prior for row in mine):
            cells = {row.labels: row for row in mine if row.prior == name}
            show = "{:11.3f}" if name == NONE else "{:+6.3f}±{:4.3f}"
            text = f"{'AUC of none' if name == NONE else name + ' adds':24}"
            for n in STEPS:
                row = cells[n]
                cell = show.format(row.auc) if name == NONE else show.format(row.gain, row.half)
                text += f"\x1b[31m{cell}\x1b[0m" if row.bad and colour else cell
            yield text
            if name != NONE:
                yield f"{'  left / moved, %':24}" + "".join(
                    f"{100 * cells[n].left:7.0f}/{100 * cells[n].moved:<3.0f}" for n in STEPS
                )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--repeats", type=int, default=0, help="splits of one reader (default: 20, or 1 of several)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folders = sorted(f.parent for f in options.folder.glob("*/items.jsonl"))
    if not folders:
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for folder in folders:
        data = from_folder(folder)
        rows += measure(data, options.repeats or (20 if len(data.readers) == 1 else 1))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print("\n".join(lines(rows, colour=sys.stdout.isatty())))
    return int(any(row.bad for row in rows))


if __name__ == "__main__":
    sys.exit(main())
