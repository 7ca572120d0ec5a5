"""Curves drawn with characters, as code blocks of Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: Columns and rows of a drawing.
WIDTH, HEIGHT = 88, 16
_MARKS = ("●", "+", "x", "o", "*", "#", "▲", "■")
MISSING = "(plotext is not installed, so nothing is drawn: pip install 'plotext<6' adds it)"


def lines(
    title: str,
    series: Mapping[str, Sequence[float]],
    ticks: Sequence[int | float],
    label: str = "",
    *,
    share: bool = False,
) -> list[str]:
    """One drawing of several series over the same ticks, evenly spaced; NaN is left out. `share`: from 0 to 1."""
    try:
        import plotext
    except ImportError:
        return [MISSING]
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(WIDTH, HEIGHT)
    plotext.title(title)
    drawn = False
    for (name, values), mark in zip(series.items(), _MARKS, strict=False):
        known = [(at, value) for at, value in enumerate(values) if math.isfinite(value)]
        if known:
            drawn = True
            plotext.plot([at for at, _ in known], [value for _, value in known], marker=mark, label=name)
    plotext.xticks(list(range(len(ticks))), [f"{tick:g}" for tick in ticks])
    if share:
        plotext.ylim(0, 1)
    if label:
        plotext.xlabel(label)
    text: str = plotext.build() if drawn else ""
    plotext.clear_figure()
    return ["```text", *(line.rstrip() for line in plotext.uncolorize(text).splitlines()), "```"] if drawn else []
