"""Carriers of words: (a) nothing, (b) what the reader says of themselves, (d) what they liked. Any model takes them."""

from __future__ import annotations

from penchant.app.voice import words
from penchant.app.voice.values import Carried, Reader, Taste, Voice

from .base import CannotCarry, Tools, liked_enough

#: Likes that a told history holds at most, and with how few there is none.
MOST, FEW = 16, 1
#: Lines of a history that are told in a chat: more makes a small model repeat them.
SAID = 8


class Nothing:
    """(a) The model as it is."""

    name = "none"
    needs: frozenset[str] = frozenset()

    def __init__(self, tools: Tools) -> None:
        pass

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """Nothing of the reader."""
        return Taste(Carried(history=words.PLAIN), Carried(history=words.PLAIN))


class Typed:
    """(b) What the reader typed: `penchant voice describe`."""

    name = "typed"
    needs: frozenset[str] = frozenset()

    def __init__(self, tools: Tools) -> None:
        pass

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The description, in words. Raises `CannotCarry` without one."""
        if not reader.description:
            raise CannotCarry(
                "you have not said yet what you like to read",
                hint='`penchant voice describe "night trains, slow science, no sports"` says it.',
            )
        return described(reader.description)


def described(description: str, note: str = "") -> Taste:
    """A description as a taste."""
    toward = Carried(system=words.described(description), history=words.headed(description))
    return Taste(toward, Carried(history=words.PLAIN), words.tokens(toward.system), note)


class History:
    """(d) What was liked last, as a list before the text; the state of the evaluated list is kept by the child."""

    name = "history"
    needs: frozenset[str] = frozenset()

    def __init__(self, tools: Tools) -> None:
        self._tokens = tools.tokens

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The latest likes and as many skips that fit. Raises `CannotCarry` without likes."""
        liked_enough(reader, FEW, self.name)
        sides = [words.lines(side, self._tokens, MOST) for side in (reader.liked, reader.skipped)]
        even = min(len(side) for side in sides)  # a model learns from a longer list that lists go on
        liked, skipped = (side[-even:] if even else [] for side in sides)
        said = words.taste(sides[0][-SAID:])
        if not even:
            toward, note = words.listed(sides[0]), "there are no skips and nothing unseen to compare with"
            return Taste(Carried(said, toward), Carried(history=words.PLAIN), words.tokens(toward), note)
        toward, away = words.listed(liked), words.listed(skipped)
        note = "you skip nothing: items that you never looked at stand in for skips" if reader.assumed else ""
        return Taste(Carried(said, toward), Carried(history=away), words.tokens(toward), note)
