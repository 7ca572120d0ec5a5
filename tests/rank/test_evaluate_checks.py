"""What the benchmark calls a failure, and drawings on a terminal and on a pipe."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from penchant.app import evaluation_plot
from penchant.app.rank.evaluate import AVERAGE, Curve
from penchant.app.rank.evaluate_step import HEAD, Figure, Step
from penchant.app.rank.metrics import Bin

BENCH = Path(__file__).resolve().parents[2] / "bench" / "rank_checks.py"


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rank_checks", BENCH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def step(
    n: int,
    *,
    expert: float = 0.0,
    average: float = 0.0,
    saved: float = 0.1,
    error: float = 0.02,
    less: float = 0.0,
    rival: float = 0.1,
) -> Step:
    margin = {"only words": expert, "only static": expert + 0.1, AVERAGE: average, "tf-idf svm": rival}
    auc = {HEAD: Figure(0.7, 0.01), **{name: Figure(0.7 - value, 0.01) for name, value in margin.items()}}
    margins = {name: Figure(value, 0.004) for name, value in margin.items()}
    loss = {HEAD: Figure(0.6, 0.01), "like rate": Figure(0.6 + saved, 0.01)}
    bins = [Bin(0.2, 0.25, 20, 0.5, 0.1), Bin(0.8, 0.75, 20, 0.5, 0.1)]
    return Step(n, 20, auc, loss, loss, margins, {"like rate": Figure(saved, 0.01)}, error, less, bins)


def failing(checks: ModuleType, **figures: float) -> list[str]:
    n = int(figures.pop("n", 128))
    return [c.title for c in checks.of_curve(Curve("set", "random", 1, [step(n, **figures)])) if not c.holds]


def test_what_holds_and_what_does_not(checks: ModuleType) -> None:
    assert failing(checks) == []
    assert failing(checks, expert=-0.0004) == []
    assert failing(checks, expert=-0.001) == ["over the best expert"]
    assert failing(checks, expert=-0.009, n=32) == [] == failing(checks, expert=-0.3, n=8)
    assert failing(checks, expert=-0.011, n=64) == ["over the best expert"]
    assert failing(checks, average=-0.003) == [] and failing(checks, average=-0.005) == ["over plain average"]
    assert failing(checks, saved=-0.0001, n=0) == ["log loss saved"] and failing(checks, saved=0.0, n=0) == []
    assert failing(checks, error=0.08, less=0.06) == ["calibration error"]
    assert failing(checks, error=0.08, less=0.03) == [] == failing(checks, error=0.3, less=0.3, n=32)


def test_the_mean_over_the_sets_is_asked_of_every_rival(checks: ModuleType) -> None:
    curves = [Curve("a", "random", 1, [step(8, rival=0.05)]), Curve("b", "random", 1, [step(8, rival=0.0)])]
    timed = Curve("a", "time", 1, [step(8)])
    (only,) = checks.over_sets([*curves, timed], "random")
    assert only.value == pytest.approx(0.025) and not only.holds and only.half == pytest.approx(0.004 / math.sqrt(2))
    assert checks.over_sets(curves[:1], "random")[0].holds
    (mixed,) = checks.over_sets([*curves, timed], "time")
    assert mixed.where == "mean of 2 sets, time order where there are times"


def test_failures_are_marked_and_listed(checks: ModuleType) -> None:
    found = checks.of_curve(Curve("set", "random", 1, [step(128, expert=-0.02)]))
    assert any("-0.020±0.004!" in line for line in checks.lines(found))
    assert any("\x1b[31m" in line for line in checks.lines(found, colour=True))
    first, second = checks.summary(found)
    assert first == "3 of 4 requirements hold"
    assert second.startswith("FAIL set, random order, 128 labels: over the best expert (only words) -0.020")
    alone = [Step(**{**{k: getattr(step(8), k) for k in Step.__slots__}, "auc": {HEAD: Figure(0.5, math.nan)}})]
    assert checks.of_curve(Curve("one observation", "random", 1, alone)) == []


def test_drawings_carry_no_control_byte_on_a_pipe_and_colours_on_a_terminal() -> None:
    curve = Curve("set", "random", 1, [step(0), step(8), step(32)])
    own = {
        "learning": [{"labels": 16, "auc": 0.6}, {"labels": 32, "auc": math.nan}, {"labels": 64, "auc": 0.7}],
        "calibration": [{"said": 0.2, "liked": 0.1}, {"said": 0.6, "liked": 0.9}],
    }
    plain = "\n".join(evaluation_plot.plots([curve, Curve("empty", "time", 1)], own))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", plain)
    for words in ("AUC by number of labels: set, random order", "said and came true: your events", "only words"):
        assert words in plain
    assert max(len(line) for line in plain.splitlines()) <= 100
    assert "\x1b[" in "\n".join(evaluation_plot.plots([curve], None, colour=True))


def test_without_the_library_the_table_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    assert evaluation_plot.plots([], None) == [evaluation_plot.MISSING]
