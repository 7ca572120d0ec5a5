"""Duels: a simulated taste found from pairs, and jokes rated by real people (jester5k).

    python bench/duels.py [DIR] [--seeds N] [--people N] [--no-sentence] [--json]

DIR holds data sets (default: PENCHANT_SHARED/datasets).

Simulated: texts are real titles and articles; a hidden reader likes what is about three of their twelve topics, as
the lab's readers do ("topics"; of two texts liked alike neither is preferred, and that is no duel), or is near to some
texts and far from others ("graded": every text a little otherwise), both in all-MiniLM's space. One answer in ten goes
against the taste. The head learns pair after pair, chosen at random or as those that tell most; what is measured is the
share of pairs of unseen texts whose true order it gives. With `static` it has the bundled word vectors only, not the
space of the taste.

Jester: a person's own ratings, n of them, then AUC on the jokes that are left (liked: above the person's own median).
Rows: the mean of everybody else (the crowd), the head with likes, the head with duels, other people's ratings as a
prior (jokes are normal with the others' mean and covariance; own ratings, or duels alone, condition it), and both.
What does not hold is marked with ! and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import duels_jester as jester
import duels_taste as taste

from penchant.app.evaluation_data import from_folder
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.paths import Paths

#: Held-out accuracy that a simulated taste must reach, after how many pairs.
FOUND, AFTER = 0.75, 60
SETS = ("hn_one_user", "rss_one_user_sods17")


def main() -> int:
    options = _options()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    cache = options.cache.expanduser()
    sentence = SentenceVectors(
        "none" if options.no_sentence else "auto", models=cache / "models", cache=cache / "vectors",
        progress=lambda line: print(line, file=sys.stderr),
    )  # fmt: skip
    found, wrong = [], []
    for name in SETS:
        data = from_folder(options.folder / name, sentence)
        for row in taste.rows(data, options.seeds):
            found.append(row)
            held = row["taste"] == "topics" and row["choice"] == "telling" and row["space"] == "head"
            if held and row[str(AFTER)] < FOUND:
                wrong.append(name)
    people = jester.rows(
        from_folder(options.folder / "jester5k", sentence), options.folder / "jester5k", options.people
    )
    if options.json:
        print(json.dumps({"simulated": found, "jester5k": people, "wrong": wrong}, indent=1))
    else:
        _print(found, people, wrong)
    return int(bool(wrong))


def _print(found: list[dict[str, object]], people: list[dict[str, object]], wrong: list[str]) -> None:
    print(f"a simulated taste: share of unseen pairs in the right order, after n pairs ({FOUND:.0%} after {AFTER})")
    for row in found:
        cells = "  ".join(f"{n:>3}: {row[str(n)]:.3f}" for n in taste.STEPS)
        mark = "!" if row["set"] in wrong and (row["taste"], row["choice"]) == ("topics", "telling") else " "
        print(f"{mark} {row['set']:20} {row['space']:7} {row['taste']:9} {row['choice']:8} {cells}")
    print("jester5k: AUC on jokes left, mean over people, and gain over the crowd's mean with its 95 % interval")
    for row in people:
        cells = "  ".join(
            f"{n:>2}: {row[f'{n}']:.3f} ({row[f'{n} gain']:+.3f} ±{row[f'{n} half']:.3f})" for n in jester.STEPS
        )
        print(f"  {row['method']:28} {cells}")
    if wrong:
        print(f"does not hold: {', '.join(wrong)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Duels on simulated tastes and on jester5k.")
    shared = os.environ.get("PENCHANT_SHARED")
    root = Path(shared) if shared else Path(__file__).resolve().parents[2] / "shared"
    parser.add_argument("folder", nargs="?", type=Path, default=root / "datasets")
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--no-sentence", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
