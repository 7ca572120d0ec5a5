"""The judge that may abstain, held to the later likes of real readers: what it promised and what came.

    python bench/lab_audit.py DATA/hn_one_user DATA/rss_one_user_sods17 --cache DIR

Each data set is a folder with items.jsonl and ratings.csv (see bench/judge.py); one reader each. Labels are foretold in
their order of time (in random order where there is none) by a head on sentence vectors that learned from those before;
weights and threshold of the judge come from earlier labels, too. Exits with 1 where a promise was broken beyond chance.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

from penchant.app.embed.base import item_text
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.lab.jury import learned
from penchant.app.voice import abstain

#: Labels before anything is foretold, labels at a time, labels that the head learns from at most.
FIRST, BLOCK, MOST = 32, 16, 400


def read(folder: Path) -> tuple[list[str], np.ndarray, bool]:
    """(texts, y, whether in order of time): the upper half of the ratings is liked."""
    texts = {}
    with (folder / "items.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            texts[str(raw["id"])] = item_text(str(raw.get("title") or ""), str(raw.get("text") or ""))
    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    timed = all(row.get("timestamp") for row in rows)
    order = np.random.default_rng(17).permutation(len(rows)).tolist()
    rows = sorted(rows, key=lambda row: float(row["timestamp"])) if timed else [rows[place] for place in order]
    rating = np.array([float(row["rating"]) for row in rows])
    top = rating.max()
    return [texts[row["item"]] for row in rows], (rating >= (2 if top > 1 else 1)).astype(int), timed


def foretold(vectors: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Logits of a head that learned from earlier labels, float64[n]; NaN at first."""
    out = np.full(len(y), np.nan)
    for start in range(FIRST, len(y), BLOCK):
        earlier = slice(max(0, start - MOST), start)
        out[start : start + BLOCK] = learned(vectors[earlier], y[earlier]).logit(vectors[start : start + BLOCK])
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where sentence vectors are kept")
    args = parser.parse_args()
    embed = SentenceVectors("auto", models=args.cache, cache=args.cache)
    broken = 0
    print("| reader | labels | promised | speaks of | wrong when it speaks | wrong if it always spoke |")
    print("|---|---|---|---|---|---|")
    for folder in args.data:
        texts, y, timed = read(folder)
        vectors = embed(texts)
        if vectors is None:
            print(embed.why, file=sys.stderr)
            return 2
        logit = foretold(vectors, y)
        known = np.isfinite(logit)
        for risk in (0.1, 0.2, 0.3):
            made = abstain.audit(logit[known][:, None], y[known], risk, BLOCK)
            points = abstain.curve(made.p, made.y)
            wrong = round(made.error * made.spoken) if made.spoken else 0
            # by chance alone a promise that holds is overstepped by this much in one of twenty
            broken += made.spoken > 0 and abstain.upper(made.spoken - wrong, made.spoken, 0.05) < 1.0 - risk
            error = f"{made.error:.3f} ({wrong} of {made.spoken})" if made.spoken else "-"
            name = folder.name + ("" if timed else ", random order")
            print(f"| {name} | {len(y)} | {risk:.1f} | {made.coverage:.2f} | {error} | {points[-1].error:.3f} |")
        print("curve:", ", ".join(f"{p.error:.2f} at {p.coverage:.1f}" for p in points), file=sys.stderr)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
