"""The arms of an experiment and the carriers behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penchant.app.voice import carriers
from penchant.app.voice.carriers import CannotCarry, Tools
from penchant.app.voice.values import Carried, Reader, Taste, Voice

#: Arm -> carriers, the first that there is. A mix is words by the one and numbers by the other.
CARRIERS: Mapping[str, tuple[str, ...]] = {
    "base": ("none",),
    "summary": ("summary",),
    "typed": ("typed",),
    "history": ("history",),
    "vector": ("vector",),
    "soft-prompt": ("map",),
    "mezo": ("soft", "tuned"),
}
MIX = ("history", "vector")


def behind(arm: str) -> tuple[str, ...]:
    """The carriers that an arm tells a model with. Raises `CannotCarry` where one is missing."""
    if arm == "mix":
        return tuple(name for part in MIX for name in behind(part))
    for name in CARRIERS[arm]:
        if name in carriers.ALL:
            return (name,)
    raise CannotCarry(
        f"there is no carrier {' or '.join(CARRIERS[arm])}", hint=f"The arm {arm} needs it: leave it out with --arms."
    )


async def taste(arm: str, reader: Reader, voice: Voice, tools: Tools) -> Taste:
    """What an arm hands over. Raises `CannotCarry`, and what its carriers raise."""
    made = [await carriers.make(name, tools).taste(reader, voice) for name in behind(arm)]
    return made[0] if len(made) == 1 else mixed(*made)


def mixed(words: Taste, numbers: Taste) -> Taste:
    """The words of one taste and the files of another."""
    note = "; ".join(part for part in (words.note, numbers.note) if part)
    toward, away = _both(words.toward, numbers.toward), _both(words.away, numbers.away)
    more, less = numbers.scored[0]
    pairs = tuple((_both(one, more), _both(other, less)) for one, other in words.scored)
    return Taste(toward, away, words.tokens + numbers.tokens, note, pairs)


def _both(words: Carried, numbers: Carried) -> Carried:
    return replace(numbers, system=words.system or numbers.system, history=words.history or numbers.history)
