"""A picture as half blocks: two pixels a cell, inside the strips of a widget. Pure."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from .raster import CLEAR, Cells, pairs


@lru_cache(1024)
def _style(upper: int, lower: int) -> Style:
    return Style(color=_color(upper), bgcolor=None if lower == CLEAR else _color(lower))


def _color(rgb: int) -> Color:
    return Color.from_rgb(rgb >> 16, rgb >> 8 & 255, rgb & 255)


def segments(line: Cells, ground: Style) -> list[Segment]:
    """One row of a picture on its ground; neighbours of the same two colours share a segment."""
    return [
        Segment(("▀" if upper != lower else " ") * len(list(run)), ground + _style(upper, lower))
        for (upper, lower), run in groupby(pairs(line))
    ]
