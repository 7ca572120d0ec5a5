"""Calibration and learning curves drawn with characters."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .rank.evaluate import AVERAGE, ONLY, Curve
from .rank.evaluate_step import HEAD

MISSING = "plotext is not installed, so nothing is drawn: pip install 'plotext<6' adds it. The table has all numbers."
#: Rows of one drawing, and columns at most.
ROWS, WIDEST = 16, 100
#: Methods drawn beside ours.
BESIDE = 3
_MARKS = ("●", "+", "x", "o")


def plots(curves: Sequence[Curve], own: Mapping[str, Any] | None, *, colour: bool = False) -> list[str]:
    """Lines without control characters (with `colour` colours), or MISSING where the library is missing."""
    try:
        import plotext
    except ImportError:
        return [MISSING]
    out: list[str] = []
    for each in curves:
        if not each.steps:
            continue
        title = f"{each.name}, {each.order} order"
        out += _learning(plotext, title, _series(each), [s.labels for s in each.steps], colour)
        last = each.steps[-1]
        out += _calibration(plotext, f"{title}, {last.labels} labels", [asdict(b) for b in last.calibration], colour)
    if own is not None:
        points = [p for p in own["learning"] if math.isfinite(p["auc"])]
        if len(points) > 1:
            labels = [p["labels"] for p in points]
            out += _learning(plotext, "your events", {HEAD: [p["auc"] for p in points]}, labels, colour)
        out += _calibration(plotext, "your events", own["calibration"], colour)
    return out


def _series(curve: Curve) -> dict[str, list[float]]:
    """Ours and those that are best at the end: among experts and among the rest."""
    last = curve.steps[-1].auc
    names = sorted((n for n in last if n not in (HEAD, AVERAGE)), key=lambda n: -last[n].mean)
    experts = [n for n in names if n.startswith(ONLY)][:1]
    chosen = [HEAD, *experts, *[n for n in names if not n.startswith(ONLY)][: BESIDE - len(experts)]]
    return {name: [step.auc[name].mean for step in curve.steps] for name in chosen}


def _learning(
    plotext: Any, title: str, series: Mapping[str, Sequence[float]], labels: Sequence[int], colour: bool
) -> list[str]:
    _begin(plotext, f"AUC by number of labels: {title}")
    places = list(range(len(labels)))
    for (name, values), mark in reversed(list(zip(series.items(), _MARKS, strict=False))):  # ours on top
        known = [(x, v) for x, v in zip(places, values, strict=True) if math.isfinite(v)]
        plotext.plot([x for x, _ in known], [v for _, v in known], marker=mark, label=name)
    plotext.xticks(places, [str(n) for n in labels])
    return _end(plotext, colour)


def _calibration(plotext: Any, title: str, bins: Sequence[Mapping[str, float]], colour: bool) -> list[str]:
    if not bins:
        return []
    _begin(plotext, f"said and came true: {title}")
    plotext.plot([0, 1], [0, 1], marker="·")
    plotext.scatter([b["said"] for b in bins], [b["liked"] for b in bins], marker=_MARKS[0])
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    plotext.xlabel("probability on the card")
    return _end(plotext, colour)


def _begin(plotext: Any, title: str) -> None:
    plotext.clear_figure()
    plotext.theme("pro")
    plotext.plot_size(min(WIDEST, shutil.get_terminal_size().columns - 1), ROWS)
    plotext.title(title)


def _end(plotext: Any, colour: bool) -> list[str]:
    text: str = plotext.build()
    plotext.clear_figure()
    return [*(text if colour else plotext.uncolorize(text)).splitlines(), ""]
