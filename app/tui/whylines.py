"""Why, as lines to move over: parts, the things they name, what can be answered, how the dials stand. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penchant.app.types import Card

from . import words
from .cardview import title_of

if TYPE_CHECKING:
    from penchant.app.rank.types import Part, Thing, Why

#: Parts that nothing is learned for: they are the reader's own words, or a mere count.
OWN = ("topics", "picks", "dials", "base")
_HALF = 8

#: What a dial is for: ("expert", its name) or ("source", its key).
Target = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of cells. `answer` is (part, key) of "less like this", `dial` what + and - turn.

    `tail` says what the reader has answered; it stays whole where the text is too long.
    """

    text: str
    role: str = "text"
    name: str = ""
    answer: tuple[str, str] | None = None
    dial: Target | None = None
    tail: str = ""

    @property
    def open(self) -> bool:
        """Whether there is anything to do here."""
        return self.answer is not None or self.dial is not None


@dataclass(frozen=True, slots=True)
class Said:
    """What the reader has answered: (part, key) of each "less", dials that are not 1, the item's source."""

    less: Collection[tuple[str, str]] = ()
    dials: Mapping[Target, float] | None = None
    source: str = ""
    #: Part -> its name, in the order shown so far: what stands on screen stays where it is.
    names: Mapping[str, str] = field(default_factory=dict)

    def tail(self, answer: tuple[str, str] | None, dial: Target | None) -> str:
        """ "  dial 0.5  ✗ less", or "" where nothing was answered and the dial stands at 1."""
        value = 1.0 if dial is None else (self.dials or {}).get(dial, 1.0)
        return ("" if value == 1.0 else f"  dial {value:g}") + ("  ✗ less" if answer in self.less else "")


def why_lines(card: Card, why: Why, said: Said, width: int) -> list[Line]:
    """Every line in `width` cells: a bar to the left (against) or right (for) of the middle for each part."""
    percent = round(why.probability * 100)
    lines = [Line(text, "title") for text in words.wrap(title_of(card), width, 2)]
    said_by = f"{percent} % likely that you like it, from {words.many(why.labels, 'opinion')} of yours"
    lines += [Line(text, "meta") for text in words.wrap(said_by, width)]
    lines.append(Line(""))
    top = max((abs(part.logit) for part in why.parts), default=0.0) or 1.0
    for part in in_order(why, list(said.names)):
        lines += _part(part, top, said, width)
    lines += _silenced(why, said)
    total = math.fsum(part.logit for part in why.parts)
    lines += [Line(""), Line(f"{' ' * (2 * _HALF + 1)} {total:+.2f}  together, which is {percent} %", "head")]
    lines += [
        Line(text, "meta") for text in words.wrap("Each +0.69 doubles the odds, each -0.69 halves them.", width)
    ]
    return lines


def in_order(why: Why, shown: Sequence[str] = ()) -> list[Part]:
    """Parts as they were `shown`, further ones by size."""
    place = {key: number for number, key in enumerate(shown)}
    return sorted(why.parts, key=lambda part: (place.get(part.key, len(place)), -abs(part.logit)))


def _part(part: Part, top: float, said: Said, width: int) -> list[Line]:
    learned = part.key not in OWN and bool(part.key)
    dial: Target | None = ("expert", part.key) if learned else None
    if part.key == "dials" and said.source:
        dial = "source", said.source
    answer = (part.key, "") if learned else None
    head = f"{bar(part.logit / top)} {part.logit:+.2f}  {part.name}"
    found = [Line(head, _role(part.logit), part.name, answer, dial, said.tail(answer, dial))]
    left = list(part.things)
    for line in part.words:
        within = sorted((t for t in left if t.text in line), key=lambda thing: line.find(thing.text))
        left = [thing for thing in left if thing not in within]
        # A line that only lists what follows is not needed where each shows its own number.
        if not within or any(thing.key.startswith("item:") for thing in within):
            heading = line if not within else line.split(":", 1)[0] + ":"
            found += [Line(f"    {text}", "meta") for text in words.wrap(heading, max(2, width - 4))]
        found += [_thing(part, thing, said) for thing in within]
    return found + [_thing(part, thing, said) for thing in left]


def _thing(part: Part, thing: Thing, said: Said) -> Line:
    dial: Target | None = ("source", thing.key[7:]) if thing.key.startswith("source:") else None
    answer = part.key, thing.key
    # Of a post, the number says how near it is, which is not a part of the sum.
    number = "" if thing.key.startswith("item:") else f"{thing.logit:+.2f}  "
    name = words.one_line(thing.text)
    return Line(f"    {number}{name}", "meta", name, answer, dial, said.tail(answer, dial))


def _silenced(why: Why, said: Said) -> list[Line]:
    """Experts that were turned down to nothing have no part, but a dial to turn them up again."""
    shown = {part.key for part in why.parts}
    gone = [key for (what, key), value in (said.dials or {}).items() if what == "expert" and not value]
    hidden = [(key, said.names.get(key, key)) for key in gone if key not in shown and key not in OWN]
    return [
        Line(f"{bar(0)}  0.00  {name}", "meta", name, None, ("expert", key), "  dial 0") for key, name in hidden
    ]


def _role(logit: float) -> str:
    return "plus" if logit > 0 else "minus" if logit < 0 else "meta"


def bar(share: float) -> str:
    """A share of -1 to 1 as cells left or right of the middle."""
    cells = min(_HALF, round(abs(share) * _HALF))
    left, right = (" " * _HALF, "━" * cells) if share >= 0 else ("━" * cells, "")
    return f"{left:>{_HALF}}│{right:<{_HALF}}"
