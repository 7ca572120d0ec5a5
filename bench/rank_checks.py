"""What must hold of the ranking, judged on learning curves. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from penchant.app.evaluation_table import best
from penchant.app.rank.baselines import RIVALS
from penchant.app.rank.evaluate import AVERAGE, ONLY, Curve
from penchant.app.rank.evaluate_step import HEAD, Step

#: Most that the head may lie below the best expert from so many labels on.
BEHIND = {32: 0.01, 128: 0.0}
#: What it must be ahead of every rival on the mean over the sets, at these numbers of labels.
AHEAD, AT = 0.03, (8, 32, 128)
#: Differences of AUC that print as 0.000 are none.
NONE = 0.0005
MOST_ERROR, ERROR_FROM = 0.05, 64


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement at one number of labels: `value` with the half width of its interval, and the `bound`.

    `at_most` says which side of the bound is right; `noise` that the half width is granted; `without_noise` is
    the value less its own noise, where that alone could pass the bound (10 bins of 10 perfect forecasts: 0.12);
    `exact` that not even NONE is granted.
    """

    title: str
    where: str
    labels: int
    value: float
    half: float
    bound: float
    at_most: bool = False
    noise: bool = False
    against: str = ""
    without_noise: float = math.nan
    exact: bool = False

    @property
    def holds(self) -> bool:
        if self.at_most and self.without_noise <= self.bound:
            return True
        room = self.half if self.noise and math.isfinite(self.half) else 0.0
        if self.at_most:
            return self.value <= self.bound + room
        return self.value + room >= self.bound - (1e-9 if self.exact else NONE)

    @property
    def unsure(self) -> bool:
        """Whether the bound lies within the interval."""
        return math.isfinite(self.half) and abs(self.value - self.bound) <= self.half


def of_curve(curve: Curve) -> list[Check]:
    """Everything required of one set in one order, where there is more than one observation."""
    where = f"{curve.name}, {curve.order} order"
    judged = [step for step in curve.steps if math.isfinite(step.auc[HEAD].half)]
    return [check for step in judged for check in _of_step(where, step)]


def _of_step(where: str, step: Step) -> list[Check]:
    n = step.labels
    out = []
    behind = [most for least, most in BEHIND.items() if n >= least]
    if behind:
        name = best(step, [name for name in step.margin if name.startswith(ONLY)])
        found = step.margin[name]
        out.append(Check("over the best expert", where, n, found.mean, found.half, -behind[-1], against=name))
    if n:
        found = step.margin[AVERAGE]
        out.append(Check("over plain average", where, n, found.mean, found.half, 0.0, noise=True))
    saved = step.saved["like rate"]
    out.append(Check("log loss saved", where, n, saved.mean, saved.half, 0.0, against="like rate", exact=True))
    if n >= ERROR_FROM:
        less = step.error_debiased
        out.append(Check("calibration error", where, n, step.error, math.nan, MOST_ERROR, True, without_noise=less))
    return out


def over_sets(curves: Sequence[Curve], order: str) -> list[Check]:
    """Our AUC less each rival's on the mean over the sets that have so many labels.

    In time order the sets without times stand in random order: a mean over two sets is no mean over the sets.
    """
    out = []
    timed = {curve.name for curve in curves if curve.order == order}
    mine = [curve for curve in curves if curve.order == order or curve.name not in timed]
    for n in AT:
        steps = [(c.name, s) for c in mine for s in c.steps if s.labels == n]
        names = dict.fromkeys(name for _, s in steps for name in s.margin if name.startswith(RIVALS))
        for name in names:
            told = [s.margin[name] for _, s in steps if name in s.margin]
            mean = sum(f.mean for f in told) / len(told)
            half = math.sqrt(sum(f.half**2 for f in told)) / len(told)
            sets = f"mean of {len(told)} sets, {order} order" + (" where there are times" if order == "time" else "")
            out.append(Check(f"over {name}", sets, n, mean, half, AHEAD, against=name))
    return out


def as_json(check: Check) -> dict[str, Any]:
    """One check for programs; null where a number does not apply."""
    found = {key: None if value != value else value for key, value in asdict(check).items()}
    return {**found, "holds": check.holds}


def lines(checks: Sequence[Check], *, colour: bool = False) -> list[str]:
    """Requirements in rows, numbers of labels in columns; what does not hold is marked with ! and red."""
    out: list[str] = []
    for where in dict.fromkeys(check.where for check in checks):
        mine = [check for check in checks if check.where == where]
        steps = sorted({check.labels for check in mine})
        out.append(f"{where}")
        out.append(f"  {'labels':22}" + "".join(f"{n:>14}" for n in steps))
        for title in dict.fromkeys(check.title for check in mine):
            cells = {check.labels: _cell(check, colour) for check in mine if check.title == title}
            out.append(f"  {title:22}" + "".join(cells.get(n, " " * 14) for n in steps))
            rivals = {check.labels: check.against.removeprefix(ONLY) for check in mine if check.title == title}
            if title == "over the best expert":
                out.append(f"  {'  which is':22}" + "".join(f"{rivals.get(n, ''):>14}" for n in steps))
            if title == "calibration error":
                less = {c.labels: f"{c.without_noise:.3f}" for c in mine if c.title == title}
                out.append(f"  {'  less its noise':22}" + "".join(f"{less.get(n, ''):>14}" for n in steps))
        out.append("")
    return out


def _cell(check: Check, colour: bool) -> str:
    half = f"±{check.half:.3f}" if math.isfinite(check.half) else ""
    number = f"{check.value:.3f}" if check.at_most else f"{check.value:+.3f}"
    text = f"{number}{half}{'' if check.holds else '!'}".rjust(14)
    return f"\x1b[31m{text}\x1b[0m" if colour and not check.holds else text


def summary(checks: Sequence[Check]) -> list[str]:
    """How many hold, and each that does not."""
    failing = [check for check in checks if not check.holds]
    out = [f"{len(checks) - len(failing)} of {len(checks)} requirements hold"]
    for c in failing:
        against = f" ({c.against})" if c.against else ""
        sign = "<=" if c.at_most else ">="
        grace = "; the bound is within the interval" if c.unsure else ""
        found = f"{c.title}{against} {c.value:+.3f}, must be {sign} {c.bound:g}{grace}"
        out.append(f"FAIL {c.where}, {c.labels} labels: {found}")
    return out


