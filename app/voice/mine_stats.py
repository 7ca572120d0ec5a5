"""What there is of a reader's own data, counted (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import median
from typing import Any

from .mine import KINDS, OWN, Example, bare

_WORD = re.compile(r"\w+")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


@dataclass(frozen=True, slots=True)
class Kind:
    """Examples of one kind: how many, how many answer something, how many of those have their parent, words of half."""

    name: str
    count: int
    answers: int
    parents: int
    words: float
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class Style:
    """How the reader's own texts are written: shares of texts, 0..1; `words` is the median."""

    texts: int
    words: float
    questions: float
    exclamations: float
    emoji: float
    lower: float
    usual: tuple[str, ...]


def kinds(examples: Sequence[Example]) -> list[Kind]:
    """Every kind that there is, in the order of `KINDS`."""
    found = []
    for name in KINDS:
        of = [e for e in examples if e.kind == name]
        if of:
            dated = [e.at for e in of if e.at > 0]
            lengths = median(len(_WORD.findall(e.text)) for e in of)
            parents = sum(bool(e.parent) for e in of)
            answers = sum(e.answers for e in of)
            found.append(Kind(name, len(of), answers, parents, float(lengths), min(dated, default=None),
                              max(dated, default=None)))  # fmt: skip
    return found


def style(examples: Sequence[Example], others: Sequence[str] = ()) -> Style | None:
    """Of the reader's own texts; None where there are none. `usual`: words used more than `others` use them."""
    texts = [bare(e.text) for e in examples if e.kind in OWN]
    texts = [text for text in texts if text]
    if not texts:
        return None

    def share(marks: Sequence[bool]) -> float:
        return sum(marks) / len(marks)

    return Style(
        len(texts), float(median(len(_WORD.findall(text)) for text in texts)), share(["?" in t for t in texts]),
        share(["!" in t for t in texts]), share([bool(_EMOJI.search(t)) for t in texts]),
        share([t[:1].islower() for t in texts]), _usual(texts, [bare(text) for text in others]),
    )  # fmt: skip


def _usual(mine: Sequence[str], others: Sequence[str], count: int = 12) -> tuple[str, ...]:
    """Words in more of the reader's texts than chance would have it: the largest z of a log odds ratio with a prior.

    (Monroe, Colaresi and Quinn 2008, informative Dirichlet prior.)
    """
    own, their = _in(mine), _in(others)
    n, m = sum(own.values()), sum(their.values())
    if not n or not m:
        return ()
    scored = []
    for word, times in own.items():
        if times < 3:
            continue
        prior = 0.01 * (times + their[word]) + 0.01
        total = 0.01 * (n + m) + 0.01 * len(own)
        a, b = times + prior, their[word] + prior
        gap = log(a / (n + total - a)) - log(b / (m + total - b))
        scored.append((gap / sqrt(1 / a + 1 / b), word))
    return tuple(word for z, word in sorted(scored, reverse=True)[:count] if z > 1.96)


def _in(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in set(_WORD.findall(text.lower())) if len(word) > 1)


def facts(found: Sequence[Kind], how: Style | None) -> dict[str, Any]:
    """Both as JSON."""
    return {
        "kinds": [
            {"kind": k.name, "count": k.count, "answers": k.answers, "parents": k.parents, "words": k.words,
             "first": k.first, "last": k.last}
            for k in found
        ],
        "style": None if how is None else {
            "texts": how.texts, "words": how.words, "questions": round(how.questions, 3),
            "exclamations": round(how.exclamations, 3), "emoji": round(how.emoji, 3),
            "lower_case": round(how.lower, 3), "usual_words": list(how.usual),
        },
    }  # fmt: skip
