"""Which sources a sentence of an answer rests on: those that it names, else those that say the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .terms import STOP, stem, words

#: [1], [1, 3], [2-4]
MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*)\]")
#: Share of a sentence's content words that a source must have for the sentence to be ascribed to it, and how many.
SHARE, FEWEST = 0.5, 2
#: With some of the words, a cosine from which a source says the same.
SOME, ALIKE = 0.3, 0.6
#: Numbers behind one sentence.
MOST = 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """What may be cited: the stems of each numbered source [1..n], and how near a sentence is to each (or nothing)."""

    stems: Sequence[frozenset[str]]
    near: Callable[[str], Sequence[float]] | None = None


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence without its marks, the numbers it rests on, and whether the model gave them itself."""

    text: str
    numbers: tuple[int, ...] = ()
    own: bool = False


def numbers_in(sentence: str) -> list[int]:
    """Every number in brackets, in order, ranges spelled out."""
    found: list[int] = []
    for match in MARK.finditer(sentence):
        for part in re.split(r"[,;]", match[1]):
            ends = [int(each) for each in re.split(r"[\u2013-]", part) if each.strip()]
            found += range(ends[0], min(ends[-1], ends[0] + 9) + 1) if len(ends) == 2 else ends
    return list(dict.fromkeys(found))


def cite(sentence: str, shelf: Shelf) -> Cited:
    """The numbers of one sentence.

    Numbers that the model wrote count where there is such a source and it shares a word with the sentence. Where none
    is left, the sentence is ascribed to the source that has most of its content words; to nobody where none has half.
    A source that lacks a figure of the sentence (38, 1807) is never one that it rests on.
    """
    text = " ".join(MARK.sub("", sentence).split())
    said = content_stems(text)
    real = [n for n in numbers_in(sentence) if 1 <= n <= len(shelf.stems)]
    own = [n for n in real if (not said or said & shelf.stems[n - 1]) and figures(said) <= shelf.stems[n - 1]]
    if own:
        return Cited(text, tuple(own[:MOST]), True)
    return Cited(text, ascribed(text, said, shelf))


def ascribed(text: str, said: frozenset[str], shelf: Shelf) -> tuple[int, ...]:
    """The source that a sentence without a number rests on; nothing where that is not plain."""
    if len(said) < FEWEST:
        return ()
    shares = [len(said & stems) / len(said) for stems in shelf.stems]
    near = shelf.near(text) if shelf.near is not None and shares else ()
    rated = [
        (share + (near[n] if n < len(near) else 0.0), n)
        for n, share in enumerate(shares)
        if len(said & shelf.stems[n]) >= FEWEST
        and figures(said) <= shelf.stems[n]
        and (share >= SHARE or (share >= SOME and n < len(near) and near[n] >= ALIKE))
    ]
    return (max(rated, key=lambda each: (each[0], -each[1]))[1] + 1,) if rated else ()


def content_stems(text: str) -> frozenset[str]:
    """The stems of the words that say something."""
    return frozenset(stem(word) for word in words(text) if word not in STOP)


def figures(said: frozenset[str]) -> frozenset[str]:
    """The numbers among some words: models invent them readily."""
    return frozenset(word for word in said if word.isdecimal())


def marks(numbers: Sequence[int]) -> str:
    """ "[1][3]" """
    return "".join(f"[{n}]" for n in numbers)
