"""Carriers of words: (a) nothing, (b) what the reader says of themselves, (d) what they liked. Any model takes them."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.app.voice import words
from penchant.app.voice.values import Carried, Reader, Taste, Voice

from .base import CannotCarry, Tools, liked_enough

#: Likes that a told history holds at most, and with how few there is none; histories that a text is scored under, and
#: the lines of either side below which there is one. Several short ones err differently: their mean tells more than
#: any of them.
MOST, FEW, PAIRS, LEAST = 16, 1, 4, 8
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
        """The latest likes and as many skips that fit, dealt out into `PAIRS`. Raises `CannotCarry` without likes."""
        liked_enough(reader, FEW, self.name)
        room = PAIRS * self._tokens
        sides = [words.lines(side, room, PAIRS * MOST)[::-1] for side in (reader.liked, reader.skipped)]
        said = words.taste(_fitting(sides[0], self._tokens, SAID))
        dealt = _dealt(sides, self._tokens)
        pairs = tuple((Carried(said, liked), Carried(history=skipped)) for liked, skipped in dealt)
        if not pairs:
            alone = words.listed(_fitting(sides[0], self._tokens))
            note = "there are no skips and nothing unseen to compare with"
            return Taste(Carried(said, alone), Carried(history=words.PLAIN), words.tokens(alone), note)
        toward, away = pairs[0]
        note = "you skip little: items that you never looked at stand in for skips, too" if reader.assumed else ""
        return Taste(toward, away, words.tokens(toward.history), note, pairs)


def _dealt(sides: Sequence[Sequence[str]], tokens: int) -> list[tuple[str, str]]:
    """Pairs of histories (liked, skipped) of lines, the latest first: each of other lines, as many of either side."""
    even = min(map(len, sides))
    number = max(1, min(PAIRS, even // LEAST))
    found = []
    for place in range(number):
        liked, skipped = (_fitting(side[:even][place::number], tokens) for side in sides)
        both = min(len(liked), len(skipped))  # a model learns from a longer list that lists go on
        if both:
            found.append((words.listed(liked[len(liked) - both :]), words.listed(skipped[len(skipped) - both :])))
    return found


def _fitting(lines: Sequence[str], tokens: int, most: int = MOST) -> list[str]:
    """The first of these lines that fit, in the other order: what stands last in a list is heard best."""
    return words.fitting(lines, tokens, most)[::-1]
