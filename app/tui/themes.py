"""The two themes. Colours are chosen for contrast of at least 4.5 to 1 of text on its ground."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter, monochrome_style
from textual.theme import Theme

DARK = Theme(
    "penchant-dark",
    primary="#8ab4f8",
    secondary="#c58af9",
    accent="#f8b26a",
    foreground="#e3e6ea",
    background="#14171c",
    surface="#14171c",
    panel="#22272f",
    success="#7fd08a",
    warning="#f2c14e",
    error="#ff8a80",
    dark=True,
    variables={"muted": "#98a1ad", "faint": "#7d8794", "cursor-ground": "#263140"},
)
LIGHT = Theme(
    "penchant-light",
    primary="#1a56b8",
    secondary="#7a3ab0",
    accent="#9a5200",
    foreground="#1d2126",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#ece9e1",
    success="#1b7032",
    warning="#8a5a00",
    error="#b3261e",
    dark=False,
    variables={"muted": "#5b6470", "faint": "#6b7480", "cursor-ground": "#dfe8f5"},
)


class Greys(LineFilter):
    """For NO_COLOR. Textual's own filter fails on segments without a style, of which a card has some."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [s if s.style is None else Segment(s.text, monochrome_style(s.style)) for s in segments]


def named(setting: str) -> str:
    """The theme for the configuration's word ("dark" or "light")."""
    return LIGHT.name if setting == "light" else DARK.name
