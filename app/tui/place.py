"""The end of Why: where the item stands or would stand in For you, and what holds it down. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .whylines import Line

if TYPE_CHECKING:
    from penchant.app.rank.types import WhyNot

#: Why an item stands where its number alone would not have put it.
PUT = {
    "explored": "It was put here to find out whether you like such things: answer with l or x.",
    "people": "It stands here because several people you follow brought it.",
}


def place_lines(found: WhyNot, width: int, position: int | None = None, note: str = "") -> list[Line]:
    """`position`: where it stands on screen in For you, from 0; None: it was found elsewhere, by a search."""
    if position is not None:
        lines = [Line(f"It stands at place {position + 1:,} of For you", "head")]
    elif found.place is None or not found.of:
        lines = [Line("It has no place in For you", "head")]
    else:
        lines = [Line(f"Its place in For you: {found.place + 1:,} of {found.of:,}", "head")]
    said = [PUT[note]] if note in PUT else []
    held = [] if position == 0 else list(found.reasons)
    if held:
        said.append("What holds it down:")
    lines += [Line(text, "meta") for line in said for text in words.wrap(line, width)]
    for reason in held:
        wrapped = words.wrap(words.one_line(reason), max(2, width - 8))
        lines += [Line(("    - " if n == 0 else "      ") + text, "meta") for n, text in enumerate(wrapped)]
    return [Line(""), *lines]
