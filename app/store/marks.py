"""Where the words of a query stand in a text, and the part of it worth showing. Pure.

FTS5's own highlight() re-runs the query for every hit (20 ms each for a
common beginning such as "the*") and knows nothing of hits by meaning; looking
through 50 texts of 2,000 characters here takes 2 ms.
"""

from __future__ import annotations

import re
import unicodedata

from .condition import unspaced
from .query import Query

#: (start, end) offsets into a str, in order, without overlap.
Ranges = tuple[tuple[int, int], ...]

#: Longest snippet, in characters.
WIDTH = 160
#: A snippet is cut between words where one ends within so many characters.
WORD = 20


class _Folding(dict[int, str]):
    """Maps each character to one of the same length without case and accents, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = unicodedata.normalize("NFD", char)[0].lower()
        self[code] = folded = base if len(base) == 1 else char
        return folded


_FOLDING = _Folding()
_OTHERS = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """`text` without case and accents; every offset stays what it was."""
    if text.isascii():
        return text.lower()
    if 8 * (len(text.encode("utf-8", "surrogatepass")) - len(text)) < len(text):  # few others, such as curly quotes
        lower = _OTHERS.sub(lambda run: run[0].translate(_FOLDING), text).lower()
    else:
        lower = text.translate(_FOLDING)
    return lower if len(lower) == len(text) else text


def pattern(query: Query, field: str = "") -> re.Pattern[str] | None:
    """What to look for in folded text: the query's words that may be in `field`; None for none."""
    parts: dict[str, None] = {}
    for clause in query.positive:
        for word in clause.words:
            if word.field in ("", field) and (tokens := re.findall(r"\w+", fold(word.text))):
                before, after = _edges("".join(tokens), word.prefix)
                first, *more = map(re.escape, tokens)
                parts[r"\W{1,3}".join([first + before.format(first), *more]) + after] = None
    return re.compile("|".join(sorted(parts, key=len, reverse=True))) if parts else None


def _edges(text: str, prefix: bool) -> tuple[str, str]:
    """What must stand around a word: nothing in scripts that put no spaces between them.

    What stands before it is asked behind its first token ({}): a pattern that begins with letters is found six times
    faster.
    """
    if unspaced(text):
        return "", ""
    return r"(?<!\w{})", r"\w*" if prefix else r"(?!\w)"


def find(text: str, wanted: re.Pattern[str] | None) -> Ranges:
    """Every place of the wanted words."""
    return () if wanted is None or not text else tuple([match.span() for match in wanted.finditer(fold(text))])


def snippet(text: str, wanted: re.Pattern[str] | None, width: int = WIDTH) -> tuple[str, Ranges]:
    """At most `width` characters on one line around the words (or the beginning), and the words' places."""
    flat = " ".join(text.split())
    spans = find(flat, wanted)
    if len(flat) <= width:
        return flat, spans
    start = _densest(spans, width) if spans else 0
    if start:
        start = flat.find(" ", start, start + WORD) + 1 or start
    end = len(flat)
    if end - start > width - bool(start):
        end = start + width - bool(start) - 1
        end = max(flat.rfind(" ", end - WORD, end), start + 1) if " " in flat[end - WORD : end] else end
    before, after = "\u2026" if start else "", "\u2026" if end < len(flat) else ""
    moved = len(before) - start
    inside = tuple((a + moved, b + moved) for a, b in spans if a >= start and b <= end)
    return before + flat[start:end] + after, inside


def _densest(spans: Ranges, width: int) -> int:
    """Where a window of `width` holds most of the spans; a little text stands before the first of them."""
    lead = width // 4
    best, most, end = 0, 0, 0
    for first, (start, _) in enumerate(spans):
        while end < len(spans) and spans[end][1] <= start + width - lead:
            end += 1
        if end - first > most:
            best, most = max(start - lead, 0), end - first
    return best
