"""What the likelihood ratio adds to a judge that may abstain, and what asking yes or no would have said.

    python bench/lab_judge.py [DIR] --cache DIR [--seeds N] [--labels N]

Reads what bench/judge.py (with --ask for the yes/no questions) left in its cache: no model runs here. Every seed draws
another history of the same reader and other items to judge; weights and threshold come from the labels of other seeds,
without any item that is judged. Figures are over all judged items, of which some are judged in several seeds.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import argparse
import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from judge import ROOT, SETS, WORDS, _smollm2
from judge_case import Case, asked, drawn, lines_of, ratios
from judge_said import NotThere, Said

from penchant.app.evaluation_data import from_folder
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.lab.jury import learned
from penchant.app.lab.tables import unit
from penchant.app.rank.metrics import auc
from penchant.app.voice import abstain

Row = dict[str, np.ndarray]


def seed_of(case: Case, n: int, vectors: np.ndarray, said: Said) -> Row | None:
    """Opinions of one seed's judged items, each in its own unit; None where the cache lacks them."""
    labels, test = case.labels(n), case.test
    try:
        ratio = ratios(case, n, said)[test]
    except NotThere:
        return None
    head = learned(vectors[labels], case.y[labels]).logit(vectors[test])
    row = {"item": test, "y": (case.y[test] > 0).astype(int)}
    row |= {"head": unit(head.tolist()), "ratio": unit(ratio.tolist())}
    with contextlib.suppress(NotThere):
        row["yes or no"] = unit(asked(case, n, said, WORDS).tolist())
    return row


def foretold(rows: list[Row], names: tuple[str, ...], risk: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(p, verdicts, y) of every seed by the labels of the others."""
    rows = [row for row in rows if all(name in row for name in names)]
    p, said, truth = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for row in rows:
        others = [(other, ~np.isin(other["item"], row["item"])) for other in rows if other is not row]
        if not others:
            continue
        x = np.vstack([np.column_stack([other[name] for name in names])[keep] for other, keep in others])
        judge = abstain.fit(x, np.concatenate([other["y"][keep] for other, keep in others]), risk)
        mine = np.column_stack([row[name] for name in names])
        p.append(judge.probability(mine))
        said.append(judge.verdicts(mine))
        truth.append(row["y"])
    return np.concatenate(p), np.concatenate(said), np.concatenate(truth)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--labels", type=int, default=64)
    parser.add_argument("--risk", type=float, default=abstain.RISK)
    args = parser.parse_args()
    sentence = SentenceVectors("auto", models=args.cache / "models", cache=args.cache / "vectors")
    said = Said(_smollm2(args.cache), args.cache, lambda _: None, only_cached=True)
    print("| reader | judge | seeds | AUC | speaks of | wrong when it speaks | wrong if it always spoke | at half |")
    print("|---|---|---|---|---|---|---|---|")
    seen = 0
    for name, test in SETS.items():
        data, lines = from_folder(args.folder / name, sentence), lines_of(args.folder / name)
        vectors, reader = np.asarray(data.vectors["sentence"]), data.readers[0]
        cases = (drawn(lines, reader.rows, reader.y, seed, test) for seed in range(args.seeds))
        rows = [row for case in cases if (row := seed_of(case, args.labels, vectors, said)) is not None]
        seen += len(rows)
        for names in (("head",), ("ratio",), ("head", "ratio"), ("yes or no",)):
            p, verdicts, y = foretold(rows, names, args.risk)
            if not len(p):
                continue
            spoke, points = verdicts != abstain.SILENT, abstain.curve(p, y)
            wrong = f"{np.mean(verdicts[spoke] != y[spoke]):.3f}" if spoke.any() else "-"
            half = next(point.error for point in points if point.coverage >= 0.5)
            seeds = sum(all(each in row for each in names) for row in rows)
            print(f"| {name} | {' + '.join(names)} | {seeds} | {auc(p, y):.3f} | {spoke.mean():.2f} | {wrong} "
                  f"| {points[-1].error:.3f} | {half:.3f} |")  # fmt: skip
    return 0 if seen else 1


if __name__ == "__main__":
    sys.exit(main())
