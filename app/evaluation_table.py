"""Measurements as lines of text."""

from __future__ import annotations

import math
from typing import Any

from .rank.evaluate import Curve, Figure, Step

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def verdict(step: Step, rate: str = "like rate") -> str:
    """What is wrong with a step: "" when ours is at least equal within its interval and no worse than the rate."""
    faults = []
    margin = step.margin
    if step.labels >= 8 and margin.mean < 0 and not margin.mean + (margin.half or 0.0) >= 0:
        faults.append(f"AUC below {step.rival}")
    ours = next(iter(step.loss.values())).mean
    if rate in step.loss and ours > step.loss[rate].mean:
        faults.append(f"log loss above the {rate}")
    return ", ".join(faults)


def curve_lines(curve: Curve, *, colour: bool = False) -> list[str]:
    """A table: one row for each number of labels, AUC and log loss of each method."""
    people = "1 reader" if curve.readers == 1 else f"{curve.readers} readers"
    out = [f"{curve.name} ({people})"]
    if not curve.steps:
        return [*out, "  too few ratings to measure"]
    names = list(curve.steps[0].auc)
    out.append("  labels  AUC " + "".join(f"{name:>15}" for name in names) + "   margin over the best recipe")
    for step in curve.steps:
        fault = verdict(step)
        cells = "".join(f"{_cell(step.auc[name]):>15}" for name in names)
        line = f"  {step.labels:6}      {cells}   {_signed(step.margin)} {step.rival}"
        out.append(_paint(line + (f"   BELOW: {fault}" if fault else ""), fault, colour))
    told = [name for name in names if any(math.isfinite(s.loss[name].mean) for s in curve.steps)]
    out.append("  labels  log loss" + "".join(f"{name:>15}" for name in told))
    for step in curve.steps:
        cells = "".join(f"{_cell(step.loss[name]):>15}" for name in told)
        out.append(_paint(f"  {step.labels:6}          {cells}", "log loss" in verdict(step), colour))
    return out


def replay_lines(own: dict[str, Any]) -> list[str]:
    """The replay of the reader's own labels."""
    out = [
        f"your events: {own['decisions']} decisions ({own['liked']:.0%} liked), {own['labels']} labels,"
        " each predicted before it was learned",
        f"  {'':14}{'AUC':>15}{'log loss':>15}",
    ]
    for name, figures in own["methods"].items():
        cells = "".join(f"{_cell(Figure(**figures[key])):>15}" for key in ("auc", "log_loss"))
        out.append(f"  {name:14}{cells}")
    return [*out, f"  expected calibration error {own['calibration_error']:.3f}"]


def _cell(figure: Figure) -> str:
    if not math.isfinite(figure.mean):
        return "-"
    half = f" ±{figure.half:.3f}" if math.isfinite(figure.half) else ""
    return f"{figure.mean:.3f}{half}"


def _signed(figure: Figure) -> str:
    if not math.isfinite(figure.mean):
        return "-"
    half = f" ±{figure.half:.3f}" if math.isfinite(figure.half) else ""
    return f"{figure.mean:+.3f}{half}"


def _paint(line: str, bad: object, colour: bool) -> str:
    return f"{_RED}{line}{_PLAIN}" if bad and colour else line
