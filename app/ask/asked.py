"""What a question asks for: its words, and what it says of author, source and time. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from penchant.app.store.query import Query, parse

from .terms import content, stem, words

#: Characters of a question that count.
LONGEST = 1_000
_TOKEN = re.compile(r'-?(?:[A-Za-z]+:)?"[^"]*"|\S+')
#: Times as people say them, as the search language has them.
_TIMES = (
    (r"\byesterday\b", "on:yesterday"),
    (r"\btoday\b", "on:today"),
    (r"\b(?:in the )?(?:last|past) (\d{1,3}) (day|week|month|year)s?\b", ""),
    (r"\b(?:in the )?(?:last|past|this) (day|week|month|year)\b", ""),
)
_BY = re.compile(
    r"\b(?:what|which|when|where|why|how)\b.*?\b(?:did|does|do|has|have)\s+(?P<name>[^?]{2,60}?)\s+"
    r"(?:ever\s+)?(?:write|wrote|written|say|said|post|posted|think|tell|told|publish|published|ask|asked)\b",
    re.IGNORECASE,
)
_REFER = "it its he him his she her hers they them their this that these those there then"
_BACK = frozenset(_REFER.split())
#: Whoever is meant by these is no author to look for.
_PEOPLE = frozenset(("you", "i", "we", "they", "he", "she", "it"))


@dataclass(frozen=True, slots=True)
class Asked:
    """`words`: what to look for; `only`: conditions in the search language; `author`: whom it may be about."""

    question: str
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    only: str = ""
    when: str = ""
    author: str = ""

    def search(self, *, when: bool = True, author: bool = True) -> str:
        """The question in the search language: any of the words, under all conditions.

        >>> Asked("", ("clocks", "slow"), only="source:wrackham").search()
        'source:wrackham clock* OR clocks OR slow* OR slow'
        """
        found = [each for word in self.words for each in _forms(word)]
        found += [f'"{phrase}"' for phrase in self.phrases]
        named = f'author:"{self.author}"' if author and self.author else ""
        parts = (self.only, self.when if when else "", named, " OR ".join(dict.fromkeys(found)))
        return " ".join(part for part in parts if part)

    @property
    def subject(self) -> str:
        """What it is about, for a model of meaning."""
        return " ".join((*self.words, *self.phrases)) or self.question


def understand(question: str, before: str = "", now: float | None = None) -> Asked:
    """Read a question; `before` is the one that it follows, which lends its words to "and when was that?"."""
    now = time.time() if now is None else now
    text, only = _conditions(" ".join(question[:LONGEST].split()), now)
    text, when = _time(text)
    by = _BY.search(text)
    author = by["name"].strip(" \"'") if by and not _PEOPLE & {*words(by["name"])} else ""
    phrases = tuple(re.findall(r'"([^"]+)"', text))
    found = [word for word in content(re.sub(r'"[^"]*"', " ", text)) if word not in words(author)]
    asked = Asked(text.replace('"', "'") or question.strip(), tuple(found[:16]), phrases[:4], only, when, author)
    if before and (len(found) < 2 or _BACK & {*words(text)}):
        earlier = understand(before, now=now)
        asked = replace(
            asked,
            words=tuple(dict.fromkeys((*asked.words, *earlier.words)))[:16],
            phrases=asked.phrases or earlier.phrases,
            only=asked.only or earlier.only,
            author=asked.author or earlier.author,
        )
    return asked


def _conditions(text: str, now: float) -> tuple[str, str]:
    """The text without what belongs to the search language, and that."""
    rest: list[str] = []
    only: list[str] = []
    for token in _TOKEN.findall(text):
        read = parse(token, now=now)
        (only if _is_condition(token, read) else rest).append(token)
    return " ".join(rest), " ".join(only)


def _is_condition(token: str, read: Query) -> bool:
    if read.notes:
        return False
    fields = any(word.field for clause in read.clauses for word in clause.words)
    without = len(token) > 1 and any(clause.negated for clause in read.clauses)
    return bool(read.filters or read.look or read.like or fields or without)


def _time(text: str) -> tuple[str, str]:
    """The text without a time, and that time as a condition."""
    for pattern, condition in _TIMES:
        if (match := re.search(pattern, text, re.IGNORECASE)) is not None:
            if not condition:
                many, unit = ("1", *match.groups())[-2:]
                condition = f"after:{many}{unit[0].lower()}"
            return " ".join((text[: match.start()] + text[match.end() :]).split()), condition
    return text, ""


def _forms(word: str) -> Sequence[str]:
    """A word as it stands, and every word with its stem where that is long enough to mean the same."""
    root = stem(word)
    return (f"{root}*", word) if len(root) >= 4 else (word,)
