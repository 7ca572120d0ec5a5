"""The page behind `B` as lines. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from penchant.app import generating_status as status

from . import words
from .pager import MEASURE

if TYPE_CHECKING:
    from penchant.app.generating_blind import Row

#: Cells of a bar of like rates, and of the columns beside an arm's name.
BAR, BESIDE = 12, 46


class Line(NamedTuple):
    """A line (or a paragraph) and its role in the pager."""

    text: str
    role: str = "text"


ABOUT = (
    "A model writes posts for you, one arm after another: an arm is a way to tell it what you like. They stand in For"
    " you among the others and say so. Liking and skipping them teaches the ranking, as with any item; otherwise they"
    " count nowhere, and nothing of them leaves this machine."
)
BLIND = (
    "In a blind test (t) drafts and as many real items are shown alike, without source, author, points and time, until"
    " you unblind (U). Likes of real ones then move to the items themselves."
)


def lines(found: status.Standing, width: int) -> list[Line]:
    """Everything below the headline; `width` of the screen in cells."""
    out = [Line(text) for text in status.lately(found)]
    if found.marked:
        out += [Line(""), Line("Shown with their mark", "head"), *table(found.marked, width)]
    for at, rows in found.past:
        day = time.strftime("%d %B %Y", time.localtime(at))
        out += [Line(""), Line(f"Blind test, opened on {day}", "head"), Line(status.verdict(rows)), *table(rows, width)]
    out += [Line(""), Line("What this is", "head"), Line(ABOUT, "meta"), Line(BLIND, "meta")]
    return out


def table(rows: Sequence[Row], width: int) -> list[Line]:
    """A line for each arm: how often it was liked, a bar with its interval, how many were shown."""
    room = max(40, min(width - 4, MEASURE))
    name = min(32, max(8, room - BESIDE))
    head = f"{words.fit('arm', name)} {'liked':>6} {words.fit('', BAR)}  {'interval':<12} shown"
    out = [Line(words.fit(head, room), "meta")]
    for row in rows:
        bar = words.bar(round(1000 * row.rate), 1000, BAR)
        between = f"{row.low:.0%} to {row.high:.0%}"
        arm = words.fit(words.one_line(status.name_of(row.arm)), name)
        said = f"{arm} {row.rate:6.0%} {bar}  {between:<12} {row.shown}"
        out.append(Line(words.fit(said, room)))
    return out
