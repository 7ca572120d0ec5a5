"""One card of a list as strips of styled cells. Pure: the same card, width and palette give the same strips.

A card is two lines; the selected one opens by `expand` more, whatever it
holds, so that everything below moves by the same amount for every card and a
keypress repaints only two cards.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from penchant.app.types import Card, Marks

from . import words

ROWS = 2
GUTTER = 6
#: Text runs no wider than this on a very wide screen: longer lines are hard to read.
MEASURE = 100
#: The archive gives this many characters of a text with its card, wherever that cuts.
EXCERPT = 280


class Palette(NamedTuple):
    """The styles of a card, from the theme."""

    title: Style
    seen: Style
    meta: Style
    text: Style
    high: Style
    middle: Style
    low: Style
    liked: Style
    skipped: Style
    saved: Style
    match: Style
    bar: Style
    selected: Style
    ground: Style
    picture: Style = Style()


class Found(NamedTuple):
    """What a search adds to a card: marked (start, end) spans, and its snippet."""

    title: tuple[tuple[int, int], ...] = ()
    snippet: str = ""
    snippet_marks: tuple[tuple[int, int], ...] = ()


def card_strips(
    card: Card,
    width: int,
    expand: int,
    palette: Palette,
    now: float,
    probability: float | None,
    *,
    selected: bool,
    found: Found | None = None,
) -> list[Strip]:
    """`ROWS` strips, and `expand` more when selected, each of exactly `width` cells."""
    lines = [
        _title_line(card, width, _number(probability, palette), palette, selected, found),
        _meta_line(card, width, palette, now, selected),
    ]
    if selected:
        lines += _open_lines(card, width, expand, palette, found)
    background = palette.selected if selected else palette.ground
    return [_strip(line, width, background) for line in lines]


def placeholder(width: int, ground: Style) -> list[Strip]:
    """The two lines of a card that is still being read from the archive."""
    return [Strip([Segment(words.fit("      …", width), ground)], width), Strip.blank(width, ground)]


def title_of(card: Card) -> str:
    """What to call the item: its title, or the beginning of its text, or its address."""
    for text in (card.title, card.excerpt[:300], card.url):
        if line := words.one_line(text).strip():
            return line
    return "(empty)"


def _strip(line: list[Segment], width: int, background: Style) -> Strip:
    return Strip(
        [Segment(text, background + style if style else background) for text, style, _ in line], width
    )


def _title_line(
    card: Card,
    width: int,
    number: list[Segment],
    palette: Palette,
    selected: bool,
    found: Found | None,
) -> list[Segment]:
    marks = card.marks
    style = palette.seen if (marks.seen and not selected) or marks.skipped else palette.title
    body = words.fit(title_of(card), max(0, width - GUTTER))
    spans = found.title if found and card.title and words.one_line(card.title) == card.title else ()
    gutter = [Segment("▌" if selected else " ", palette.bar), *number]
    return _cut([*gutter, *_marked(body, spans, style, palette.match)], width)


def _number(probability: float | None, palette: Palette) -> list[Segment]:
    if probability is None:
        return [Segment("   · ", palette.meta)]
    style = palette.high if probability >= 0.66 else palette.middle if probability >= 0.33 else palette.low
    return [Segment(f"{min(99, round(probability * 100)):4d} ", style)]


def _marked(text: str, spans: Sequence[tuple[int, int]], style: Style, match: Style) -> list[Segment]:
    if not spans:
        return [Segment(text, style)]
    segments, at = [], 0
    for start, end in spans:
        start, end = max(start, at), min(end, len(text))
        if start < end:
            segments += [Segment(text[at:start], style), Segment(text[start:end], style + match)]
            at = end
    return [*segments, Segment(text[at:], style)]


def marks_of(marks: Marks) -> list[tuple[str, str]]:
    """(sign, palette field) of each mark; every sign is one cell and differs without colour."""
    signs = [
        (marks.liked, "♥", "liked"),
        (marks.skipped, "✗", "skipped"),
        (marks.saved, "■", "saved"),
        (marks.later, "◷", "saved"),
        (marks.opened, "✓", "meta"),
    ]
    return [(sign, role) for on, sign, role in signs if on]


def _meta_line(card: Card, width: int, palette: Palette, now: float, selected: bool) -> list[Segment]:
    signs = marks_of(card.marks)[: GUTTER - 2]
    gutter = [Segment("▌" if selected else " ", palette.bar)]
    gutter += [Segment(sign, getattr(palette, role)) for sign, role in signs]
    gutter.append(Segment(" " * (GUTTER - 1 - len(signs))))
    said = " · ".join(part for part in (*standing_of(card), meta_of(card, now)) if part)
    return _cut([*gutter, Segment(words.fit(said, max(0, width - GUTTER)), palette.meta)], width)


#: Why an item stands where it does, in the words of its card.
NOTES = {"explored": "exploring", "people": "around you"}


def standing_of(card: Card) -> tuple[str, str]:
    """What a card says of its place: why it is there, and how many of its story stand behind it."""
    return NOTES.get(card.note, ""), f"and {card.more:,} more" if card.more else ""


def meta_of(card: Card, now: float) -> str:
    """Source, author, age, points, comments and people in one line of words."""
    author = card.author if card.author and card.author != card.source else ""
    when = card.published if card.published is not None else card.first_seen
    parts = [
        card.source,
        author,
        words.age(when, now) if when else "",  # of a blind test nothing is told
        f"▲{card.points}" if card.points is not None else "",
        words.many(card.comments, "comment") if card.comments else "",
        f"{card.people} you follow" if card.people > 1 else "",
        words.many(card.media, "picture") if card.media else "",
        f"CW {card.content_warning}" if card.content_warning else "",
    ]
    return words.one_line(" · ".join(part for part in parts if part))


def _open_lines(
    card: Card, width: int, expand: int, palette: Palette, found: Found | None
) -> list[list[Segment]]:
    if expand <= 0:
        return []
    measure = max(4, min(width - GUTTER - 2, MEASURE))
    body = _body(card, measure, expand - 1, palette, found)
    body.append([Segment(_where(card), palette.meta)])
    body += [[]] * (expand - len(body))
    edge = [Segment("▌", palette.bar), Segment(" " * (GUTTER - 1))]
    return [_cut([*edge, *segments], width) for segments in body]


def _body(card: Card, measure: int, lines: int, palette: Palette, found: Found | None) -> list[list[Segment]]:
    if lines <= 0:
        return []
    if found and found.snippet and words.one_line(found.snippet) == found.snippet:
        text = words.fit(found.snippet, measure)
        return [_marked(text, found.snippet_marks, palette.text, palette.match)]
    text = card.excerpt
    title = card.title.rstrip("…. ")
    if title and text.startswith(title):
        text = text[len(title) :].lstrip("…. \n")
    elif not title and words.cell_len(words.one_line(text)) <= measure:
        # All of it stands in the title's place.
        text = ""
    if len(card.excerpt) >= EXCERPT:
        whole = text.rpartition(" ")[0]
        # Some scripts have no spaces between words.
        text = f"{whole if len(text) - len(whole) < 30 else text} …"
    if card.dropped is not None:
        day = time.strftime("%d %B %Y", time.localtime(card.dropped))
        text = f"Body dropped on {day} by the gate; enter, then R brings it back."
    if card.content_warning:
        text = f"Content warning: {card.content_warning}. Press enter to read it."
    return [[Segment(line, palette.text)] for line in words.wrap(text, measure, lines)] if text else []


def _where(card: Card) -> str:
    also = f" · also in {words.many(card.also_in, 'other source')}" if card.also_in else ""
    place = words.domain(card.url) or (card.source if card.kind == "draft" else card.kind)
    return f"{place}{also}"


def _cut(segments: list[Segment], width: int) -> list[Segment]:
    """Exactly `width` cells, also on a screen narrower than the gutter."""
    return list(Segment.adjust_line_length(segments, width))
