"""Measurements as lines of text, at most 80 columns wide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .rank.evaluate import AVERAGE, ONLY, Curve
from .rank.evaluate_step import HEAD, Figure, Step

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_WIDTH = 18


def curve_lines(curve: Curve, *, colour: bool = False) -> list[str]:
    """Methods in rows, numbers of labels in columns: AUC, log loss, Brier score, calibration error."""
    people = "1 reader" if curve.readers == 1 else f"{curve.readers} readers"
    out = [f"{curve.name}, {curve.order} order, {people}"]
    if not curve.steps:
        return [*out, "  too few ratings to measure"]
    steps = curve.steps

    def row(name: str, cell: Callable[[Step], float], *, bold: bool = False, form: str = ".3f") -> None:
        cells = "".join(f"{_short(cell(step), form):>6}" for step in steps)
        line = f"  {name:{_WIDTH}.{_WIDTH}}{cells}"
        out.append(f"{_BOLD}{line}{_PLAIN}" if bold and colour else line)

    row("labels", lambda s: s.labels, form="d")
    row("splits", lambda s: s.runs, form="d")
    out.append("  AUC, 0.5 is chance")
    names = list(dict.fromkeys(name for step in steps for name in step.auc))
    silent = [n for n in names if n.startswith(ONLY) and all(_mean(s.auc, n) == 0.5 for s in steps)]
    for name in ordered(n for n in names if n not in silent):
        row(name, lambda s, n=name: _mean(s.auc, n), bold=name == HEAD)  # type: ignore[misc]
        if name == HEAD:
            row("  ± (95 %)", lambda s: s.auc[HEAD].half)
    row("over the best one*", lambda s: s.margin[best(s)].mean, form="+.3f")
    row("  ± (95 %)", lambda s: s.margin[best(s)].half)
    for title, of in (("log loss, less is better", "loss"), ("Brier score, less is better", "brier")):
        out.append(f"  {title}")
        told = [n for n in names if any(math.isfinite(_mean(getattr(s, of), n)) for s in steps)]
        for name in ordered(told):
            row(name, lambda s, n=name, o=of: _mean(getattr(s, o), n), bold=name == HEAD)  # type: ignore[misc]
    out.append("  expected calibration error of penchant, all splits together")
    row("as measured", lambda s: s.error)
    row("rms, less noise", lambda s: s.error_debiased)
    out.append(f"  * the best method but ours at each number of labels; at {steps[-1].labels}: {best(steps[-1])}")
    if silent:
        out.append(f"  nothing to go by here: {', '.join(n.removeprefix(ONLY) for n in silent)}")
    return out


def best(step: Step, among: Iterable[str] | None = None) -> str:
    """The method of the highest AUC but ours (and our plain average)."""
    names = [n for n in (step.margin if among is None else among) if n != AVERAGE]
    return max(names, key=lambda name: step.auc[name].mean)


def ordered(names: Iterable[str]) -> list[str]:
    """Ours first, then the average, each expert alone, then the rest as they come."""
    kept = list(names)
    return sorted(kept, key=lambda n: (n != HEAD, n != AVERAGE, not n.startswith(ONLY)))


#: Key, heading, width, whether the interval stands beside it.
_COLUMNS = (
    ("auc", "AUC", 13, True),
    ("decided", "decided", 8, False),
    ("auc_ipw", "by place", 9, False),
    ("log_loss", "log loss", 13, True),
    ("brier", "Brier", 7, False),
    ("ndcg", "NDCG@10", 8, False),
)


def replay_lines(own: Mapping[str, Any]) -> list[str]:
    """The replay of the reader's own labels."""
    out = [
        f"your events: {own['labels']} labels ({own['decisions']} decisions, {own['liked']:.0%} for) in"
        f" {own['visits']} visit{'s' if own['visits'] != 1 else ''},",
        "each predicted before it was learned",
        f"  {'':{_WIDTH}}" + "".join(f"{title:>{width}}" for _, title, width, _ in _COLUMNS),
    ]
    for name in ordered(own["methods"]):
        cells = ""
        for key, _, width, wide in _COLUMNS:
            figure = Figure(**own["methods"][name][key])
            cells += f"{_with_half(figure) if wide else _number(figure.mean):>{width}}"
        out.append(f"  {name:{_WIDTH}.{_WIDTH}}{cells}")
    out += [
        "  decided: among likes and skips alone; by place: each label counts by the inverse",
        "  chance that its place is looked at; NDCG@10: of each visit",
        f"  expected calibration error {own['calibration_error']:.3f}"
        f" (root mean square less noise {own['calibration_error_debiased']:.3f})",
    ]
    chance = own["places"]["chance"]
    if chance:
        by_place = {name: own["methods"][name]["log_loss_ipw"]["mean"] for name in (HEAD, "like rate")}
        out += [
            "  log loss by place: " + ", ".join(f"{name} {_number(value)}" for name, value in by_place.items()),
            "  chance of looking, from place: " + ", ".join(f"{2**g} {c:.2f}" for g, c in enumerate(chance)),
        ]
    return out


def _mean(figures: Mapping[str, Figure], name: str) -> float:
    return figures[name].mean if name in figures else math.nan


def _number(value: float, form: str = ".3f") -> str:
    return f"{value:{form}}" if math.isfinite(value) else "-"


def _short(value: float, form: str) -> str:
    return _number(value, form).replace("0.", ".", 1)


def _with_half(figure: Figure) -> str:
    half = f" ±{figure.half:.3f}" if math.isfinite(figure.half) else ""
    return _number(figure.mean) + half
