"""Control bytes, escape sequences, direction overrides and stacks of marks taken out of remote text."""

from __future__ import annotations

import re
import unicodedata

#: Longest run of combining marks kept. Names and scripts need fewer than 8; the longest of the public list of
#: naughty strings has 88, which must come back as it was; terminals choke on thousands.
MAX_MARKS = 100

_NEWLINES = re.compile(r"\r\n?")
#: CSI; OSC, DCS, SOS, PM and APC with their payload when it ends; other escapes of two or more bytes.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"
    r"|[\]PX^_][^\x1b\x07\x9c]{0,4096}(?:\x07|\x9c|\x1b\\)"
    r"|[\]PX^_\[]"
    r"|[ -/]+[0-~])?"
)
_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ud800-\udfff\U000e0001"
_BAD = re.compile(f"[{_UNSAFE}]")
_BAD_RUN = re.compile(f"[{_UNSAFE}]+")
_ASCII_CONTROLS = bytes([*range(9), *range(11, 32), 127])
#: Candidates for stacks of marks: no letters, spaces or Latin in between (marks are not \w in Python).
_STACK = re.compile(rf"[^\w\s\x00-\u02ff]{{{MAX_MARKS},}}")
_BREAKS = re.compile("[^\\S\xa0\u2007\u202f]*[\n\t\u2028\u2029][\\s]*")


def _thin(stack: re.Match[str]) -> str:
    kept, run = [], 0
    for char in stack[0]:
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            run += 1
            if run > MAX_MARKS:
                continue
        elif category != "Cf":
            run = 0
        kept.append(char)
    return "".join(kept)


def _harmless(text: str) -> bool:
    """Whether no character is forbidden; the first two ways are several times faster than the third."""
    if text.isascii():
        return len(text.encode().translate(None, _ASCII_CONTROLS)) == len(text)
    return text.replace("\n", "").isprintable() or not _BAD.search(text)


def strip_escapes(text: str) -> str:
    """Without whole escape sequences (CSI, OSC, DCS ...), so that no "[31m" is left behind."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def clean(text: str) -> str:
    r"""Text of any length without anything a terminal would obey.

    >>> clean("red \x1b[31mtext\x1b[0m\u202e and\r\nmore\x00")
    'red text and\nmore'
    """
    if not _harmless(text):
        if "\r" in text:
            text = _NEWLINES.sub("\n", text)
        text = _BAD_RUN.sub("", strip_escapes(text))
    if not text.isascii() and _may_stack(text) and _STACK.search(text):
        text = _STACK.sub(_thin, text)
    return text


def _may_stack(text: str) -> bool:
    """Whether a stack of marks is possible: each takes a byte more than one, and it holds no space."""
    spare = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return spare >= MAX_MARKS and max(map(len, text.split()), default=0) >= MAX_MARKS


def clean_line(text: str, limit: int = 500) -> str:
    """Text for one line of at most `limit` characters; line breaks and tabs become single spaces."""
    text = clean(text)
    if "\n" in text or "\t" in text or "\u2028" in text or "\u2029" in text:
        text = _BREAKS.sub(" ", text)
    return cut(text.strip(), limit)


def cut(text: str, limit: int) -> str:
    """The first `limit` characters; a cut is marked with an ellipsis and splits no character sequence."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end > max(limit - 32, 0) and unicodedata.category(text[end]) in ("Mn", "Me", "Cf"):
        end -= 1
    return text[:end].rstrip().rstrip("\u200d") + "…"


def excerpt(text: str, n: int) -> str:
    """The beginning of a text on one line, at most `n` characters, cut between words where possible."""
    line = " ".join(text[: n * 4 + 64].split())
    if len(line) <= n:
        return line
    short = cut(line, n)
    space = short.rfind(" ", n * 2 // 3)
    return (short[:space].rstrip(" ,;:-\u2013\u2014") + "…") if space > 0 else short
