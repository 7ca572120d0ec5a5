"""Text as it stands on the screen: cells, ages, counts. Pure.

Widths are terminal cells (a CJK character or an emoji takes two, a combining
mark none), as Rich counts them.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from rich.cells import cell_len, set_cell_size

#: C0, DEL, C1, bidi marks, embeddings, overrides and isolates, line separators, tags, lone surrogates.
CONTROLS = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_MOST_MARKS = 4


def one_line(text: str) -> str:
    """`text` without any character that moves the cursor, reorders or commands a terminal.

    The last gate before the terminal: everything remote was cleaned on the
    way in, and most lines pass here in 0.1 us.
    """
    if not text.isprintable():
        text = re.sub(CONTROLS, _gap, text)
    return text if text.isascii() else _few_marks(text)


#: A joiner with anything but an emoji on either side.
_LONE_JOINER = (
    "(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)


def _gap(match: re.Match[str]) -> str:
    return " " if match[0] in "\t\n\r\x0b\x0c\x85\u2028\u2029" else ""


def _few_marks(text: str) -> str:
    """At most four combining marks on one letter: more overflow into the lines above and below.

    And joiners only inside emoji: Rich counts whatever follows one as no cell at all.
    """
    if "\u200d" in text:
        text = re.sub(_LONE_JOINER, "", text)
    if not any(map(unicodedata.combining, text)):
        return text
    kept, run = [], 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def fit(text: str, width: int) -> str:
    """`text` in exactly `width` cells: cut with an ellipsis, or filled with spaces."""
    if width <= 0:
        return ""
    # A character takes at most two cells: the tail of a monstrous title need not be measured.
    if len(text) > 16 * width + 64:
        text = text[: 16 * width + 64].rstrip("\u200d")
    length = cell_len(text)
    if length == width:
        return text
    if length < width:
        return text + " " * (width - length)
    cut = set_cell_size(text, width - 1).rstrip("\u200d")
    return cut + " " * (width - 1 - cell_len(cut)) + "…"


def wrap(text: str, width: int, limit: int = 0) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where possible; at most `limit` (0: all)."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        for line in _wrap_one(one_line(paragraph), max(2, width)):
            lines.append(line)
            if limit and len(lines) > limit:
                return [*lines[: limit - 1], fit(lines[limit - 1] + " …", width)]
    return lines


def _wrap_one(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    for word in text.split(" "):
        size = cell_len(word)
        if used and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if used:
            yield line
        while size > width:
            piece = _prefix(word, width)
            yield piece
            word = word[len(piece) :]
            size = cell_len(word)
        line, used = word, size
    yield line


def _prefix(word: str, width: int) -> str:
    """The longest beginning of `word` in `width` cells, at least one character."""
    used = 0
    for index, char in enumerate(word):
        used += cell_len(char)
        if used > width:
            return word[: max(1, index)]
    return word


def age(then: float | None, now: float | None = None) -> str:
    """How long ago, in at most four characters: "now", "5m", "3h", "2d", "6w", "1y"; "" when unknown."""
    if then is None:
        return ""
    seconds = (time.time() if now is None else now) - then
    if seconds < 60:
        return "now"
    for unit, size, most in (("m", 60, 60), ("h", 3600, 24), ("d", 86400, 14), ("w", 604800, 52)):
        if seconds < size * most:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 31_557_600) or 1}y"


def until(then: float, now: float | None = None) -> str:
    """How long from now: "in 5m", or "now"."""
    ahead = then - (time.time() if now is None else now)
    return "now" if ahead < 30 else f"in {age(0.0, max(60.0, ahead))}"


def span(seconds: float) -> str:
    """A length of time: "40 minutes", "3 hours"."""
    for size, one in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size or size == 60:
            return many(max(1, round(seconds / size)), one)
    return ""


def sentences(text: str, hint: str = "", *, now: bool = False) -> str:
    """What happened and what to do, each with one full stop.

    `now`: the reader is waiting for it, and nothing will be tried again by itself.
    """
    if now:
        hint = hint.replace("; penchant will try again later", "")
    text = text.rstrip()
    stop = "" if not text or text.endswith((".", "!", "?", "…", ":")) else "."
    return f"{text}{stop} {hint}".strip()


def many(count: int, one: str, more: str = "") -> str:
    """ "1 comment", "2 comments"."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def domain(url: str) -> str:
    """The host of an address as a reader names it, "" when there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return one_line(host.removeprefix("www."))


def bar(done: int, total: int | None, width: int) -> str:
    """A progress bar of `width` cells; half-lit all along when the total is unknown."""
    if not total:
        return "╌" * width
    full = min(width, round(width * done / total))
    return "━" * full + "╌" * (width - full)
