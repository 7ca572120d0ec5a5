"""Statistics drawn with characters, without control bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .exposure import Exposure
    from .numbers import Numbers

T = TypeVar("T")
MISSING = "plotext is not installed, so nothing is drawn: pip install 'plotext<6' adds it. The table has all numbers."
#: Columns and rows within which something can be read.
NARROWEST, WIDEST, LOWEST = 30, 120, 8


def of_numbers(numbers: Numbers, width: int, rows: int = 11) -> list[str]:
    """Weeks and hours. Lines of at most `width` columns."""
    weeks = _begun([(week, bool(week[1].seen)) for week in numbers.weeks])
    labels = [f"{monday:%d %b}" for monday, _ in weeks]
    read = [tally.opened for _, tally in weeks]
    liked = [tally.liked for _, tally in weeks]
    skipped = [tally.skipped for _, tally in weeks]
    hours = [round(seconds / 60, 1) for _, seconds in numbers.hours]
    unit = "reading by hour (minutes)"
    if not any(hours):
        hours, unit = [float(opened) for opened, _ in numbers.hours], "opened by hour (items)"
    series = [("read", read, "●"), ("liked", liked, "+"), ("skipped", skipped, "x")]
    return [
        *lines("items by week", labels, series, width, rows),
        *bars(unit, [f"{hour}" for hour in range(24)], hours, width, rows),
    ]


def of_exposure(exposure: Exposure, width: int, rows: int = 11) -> list[str]:
    """How many sources were as good as shown and as good as there, week by week."""
    weeks = _begun([(week, bool(week.items)) for week in exposure.weeks])
    labels = [f"{each.monday:%d %b}" for each in weeks]
    series = [("shown", [each.shown for each in weeks], "●"), ("came", [each.came for each in weeks], "+")]
    return lines("effective sources by week", labels, series, width, rows)


def _begun(weeks: Sequence[tuple[T, bool]]) -> list[T]:
    """Weeks from the first in which there was anything."""
    first = next((n for n, (_, there) in enumerate(weeks) if there), len(weeks))
    return [week for week, _ in weeks[first:]]


def lines(
    title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[float], str]], width: int, rows: int
) -> list[str]:
    """Curves over weeks; the first is drawn on top."""
    if len(labels) < 2:
        return []
    plot = _begin(title, width, rows)
    if plot is None:
        return [MISSING]
    places = list(range(len(labels)))
    for name, values, mark in reversed(series):
        plot.plot(places, list(values), marker=mark, label=name)
    step = max(1, -(-len(labels) * 9 // max(1, width - 12)))
    plot.xticks(places[::step], list(labels)[::step])
    plot.ylim(0, max(1.0, *(value for _, values, _ in series for value in values)))
    return _end(plot)


def bars(title: str, labels: Sequence[str], values: Sequence[float], width: int, rows: int) -> list[str]:
    """Bars, such as of hours."""
    plot = _begin(title, width, rows)
    if plot is None:
        return [MISSING]
    step = 1 if width >= 90 else 3
    plot.bar(list(range(len(labels))), list(values), width=0.6)
    plot.xticks(list(range(0, len(labels), step)), list(labels)[::step])
    plot.ylim(0, max(1.0, *values))
    return _end(plot)


def _begin(title: str, width: int, rows: int) -> Any:
    try:
        import plotext
    except ImportError:
        return None
    plotext.clear_figure()
    plotext.theme("pro")
    # Of the size asked for, not of whatever terminal there is.
    plotext.limit_size(False, False)
    plotext.plot_size(max(NARROWEST, min(width, WIDEST)), max(LOWEST, rows))
    plotext.title(title)
    return plotext


def _end(plot: Any) -> list[str]:
    text: str = plot.uncolorize(plot.build())
    plot.clear_figure()
    return [*(line.rstrip() for line in text.splitlines()), ""]
