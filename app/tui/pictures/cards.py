"""A card with its picture: text to the left, the picture at the right edge of a readable line. Pure."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from .frame import Frame, line

#: The picture ends here at the latest: on a very wide screen it stays beside its text.
RIGHTMOST = 126
#: A narrower list has no room for pictures.
NARROWEST = 48


def room(width: int) -> bool:
    """Whether a list of this width shows pictures."""
    return width >= NARROWEST


def column(frame: Frame, width: int) -> int:
    """The column in which a frame begins; the text ends one before."""
    return min(width - 1, RIGHTMOST) - frame.cols


def beside(strips: list[Strip], frame: Frame, width: int, tone: Style, ground: Style) -> list[Strip]:
    """The strips of a card's text, each `column(frame, width) - 1` wide, with its picture: each `width` wide."""
    start = column(frame, width)
    right = Segment(" " * (width - start - frame.cols), ground)
    blank = [Segment(" " * (width - start), ground)]
    return [
        Strip(
            [
                *strip,
                Segment(" ", ground),
                *([*line(frame, row, tone, ground), right] if row < frame.rows else blank),
            ],
            width,
        )
        for row, strip in enumerate(strips)
    ]
