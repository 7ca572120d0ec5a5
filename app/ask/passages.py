"""Texts cut into passages of whole sentences, and those among them that a question needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .terms import stems

#: Characters of a passage, at most and (where a text has as many) about.
LONGEST, ABOUT = 700, 420
#: Passages worth less than this share of the best one only distract.
WORTH = 0.55
#: What a word counts that only the heading has: it is said of every passage of the item.
IN_HEAD = 0.85
#: Passages looked at in one text: the whole of a long paper.
MOST = 600
_END = re.compile('(?<=[.!?\u2026])["\u201d\u2019)\\]]*\\s+(?=["\u201c\u2018(\\[\\w])|(?<=[\u3002\uff01\uff1f])|\\n+')
#: What looks like the end of a sentence and is none. Only the last TAIL characters are looked at: a text of nothing but
#: initials would be read again for each.
_SHORT = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|no|vs|etc|cf|Fig|Eq|al|e\.g|i\.e|approx)|\b[A-Z])\.$")
TAIL = 16


@dataclass(frozen=True, slots=True)
class Source:
    """An item to answer from. `about`: whose it is and of when, in words."""

    item_id: int
    title: str
    text: str
    about: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """Some sentences of a source (its place in the list of sources); `at` counts its passages from 0."""

    source: int
    at: int
    text: str
    coverage: float = 0.0
    cosine: float = 0.0

    @property
    def score(self) -> float:
        """How much a question needs it: both parts run from 0 to about 1."""
        return self.coverage + max(0.0, self.cosine)


def sentences(text: str) -> list[str]:
    """Whole sentences in their order; paragraphs end them too.

    >>> sentences("Owls hunt. At night, Dr. Ada says! Do\\nthey?")
    ['Owls hunt.', 'At night, Dr. Ada says!', 'Do', 'they?']
    """
    found: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        end = match.start() + len(match[0].rstrip())
        if "\n" not in match[0] and _SHORT.search(text[max(begin, end - TAIL) : end]):
            continue
        found.append(" ".join(text[begin:end].split()))
        begin = match.end()
    found.append(" ".join(text[begin:].split()))
    return [part for part in found if part]


def cut(text: str, about: int = ABOUT) -> list[str]:
    """Passages of whole sentences of `about` so many characters; only a sentence that is too long is broken."""
    found: list[str] = []
    gathered = ""
    for sentence in sentences(text):
        for part in _broken(sentence):
            if gathered and len(gathered) + len(part) >= about:
                found.append(gathered)
                gathered = ""
            gathered = f"{gathered} {part}".lstrip()
        if len(found) >= MOST:
            break
    return [*found, gathered] if gathered else found


def _broken(sentence: str) -> list[str]:
    parts = []
    while len(sentence) > LONGEST:
        end = sentence.rfind(" ", LONGEST // 2, LONGEST)
        end = end if end > 0 else LONGEST
        parts.append(sentence[:end])
        sentence = sentence[end:].lstrip()
    return [*parts, sentence] if sentence else parts


def rate(passages: Sequence[Passage], sources: Sequence[Source], weights: Mapping[str, float]) -> list[Passage]:
    """Passages with the share of the question's words (stem -> weight) that each has, its heading included."""
    total = sum(weights.values())
    heads = [stems((source.title, source.about)) & weights.keys() for source in sources]
    found = []
    for passage in passages:
        there = (stems((passage.text,)) & weights.keys()) | heads[passage.source]
        alone = there - stems((passage.text,))
        have = sum(weights[each] * (IN_HEAD if each in alone else 1.0) for each in there)
        found.append(replace(passage, coverage=have / total if total else 0.0))
    return found


def choose(passages: Sequence[Passage], sizes: Sequence[int], room: int, most: int) -> list[Passage]:
    """The best passages whose sizes fit into `room`, of at most `most` sources, in the order of their sources.

    A source stands where its best passage stands; its own passages keep their order.
    """
    floor = WORTH * max((each.score for each in passages), default=0.0)
    ranked = sorted(range(len(passages)), key=lambda n: (-passages[n].score, passages[n].source, passages[n].at))
    taken: list[int] = []
    order: dict[int, int] = {}
    left = room
    for n in ranked:
        source = passages[n].source
        if passages[n].score < floor or sizes[n] > left or (source not in order and len(order) == most):
            continue
        order.setdefault(source, len(order))
        taken.append(n)
        left -= sizes[n]
    return sorted((passages[n] for n in taken), key=lambda each: (order[each.source], each.at))
