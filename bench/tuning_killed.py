"""Does a tuning that is killed and goes on end as one that was left alone? On a real model, with SIGKILL.

    PENCHANT_SHARED=../shared python bench/tuning_killed.py --model SmolLM2.gguf [--steps 24] [--kills 3] [--out DIR]

`forward_tuning.py` runs one reader (seed 0, 32 labels) twice: once whole, once killed so many times, each a while after
another look at what was held out was told, so in the middle of a step. What it found and the files of virtual tokens
are compared number by number, CPU seconds aside. The exit code is 1 where they differ.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from penchant.app.judge import carried

TUNING = Path(__file__).with_name("forward_tuning.py")
FILES = ("toward", "away")
#: Steps between two looks; seconds until a kill after one, at most.
EVERY, LATER = 4, 3.0


def run(model: str, steps: int, folder: Path, kill_at: float | None = None) -> bool:
    """One process; killed `kill_at` seconds after its second look. Whether it came to its end."""
    plan = json.dumps({"steps": steps, "every": EVERY, "batch": 8})
    command = [sys.executable, str(TUNING), "--model", model, "--seeds", "1", "--labels", "32", "--cpu", "1e6",
               "--plan", plan, "--out", str(folder)]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    for told, line in enumerate(child.stderr):
        print(f"  {line.rstrip()}", flush=True)
        if kill_at is not None and told == 1:
            time.sleep(kill_at)
            child.kill()
            break
    return child.wait() == 0


def found(folder: Path) -> dict[str, object]:
    """What a finished run found, and its files."""
    seed = folder / "seed0"
    told = json.loads((seed / "found.json").read_text())
    files: dict[str, object] = dict.fromkeys(FILES)
    for name in FILES:
        if (seed / name).exists():
            facts, rows = carried.read(seed / name, carried.SOFT, "bench")
            files[name] = ({key: value for key, value in facts.items() if key != "cpu"}, rows.tolist())
    return {name: value for name, value in told.items() if name != "cpu"} | files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="tuning-killed-"))
    print("whole:")
    if not (out / "whole/seed0/found.json").exists() and not run(options.model, options.steps, out / "whole"):
        raise SystemExit("the undisturbed run failed")
    draw, kills = random.Random(1), 0
    while kills < options.kills:
        print(f"killed, number {kills + 1}:")
        if run(options.model, options.steps, out / "killed", draw.uniform(0, LATER)):
            break  # it came to its end first
        kills += 1
    if not (out / "killed/seed0/found.json").exists():
        print("left to end:")
        run(options.model, options.steps, out / "killed")
    whole, killed = found(out / "whole"), found(out / "killed")
    other = [name for name in whole | killed if whole.get(name) != killed.get(name)]
    kept = [name for name in FILES if whole[name] is not None]
    verdict = "the same" if not other else f"differs in {', '.join(other)}"
    tokens = ", ".join(kept) or "none, it was not adopted"
    figures = len(whole) - len(FILES)
    print(f"{options.steps} steps, killed {kills} times: {verdict} ({figures} figures; files: {tokens})")
    return 1 if other or not kills else 0


if __name__ == "__main__":
    sys.exit(main())
