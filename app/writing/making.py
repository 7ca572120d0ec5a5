"""Candidates, one after another, until enough stand: written, tidied, compared, weighed. I/O through what is given.

A candidate that says what another one (or one seen before) says is refused, and the next is written hotter and from
another angle. One that repeats the archive word for word is refused as well. Once as many stand as were asked for,
others are written for as long as patience lasts, so that there is something to choose from.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from penchant.app.voice.values import LIKELIHOOD, Carried, Taste, Voice, ratio
from penchant.app.voice.words import scored

from . import prompt, style
from .choosing import nearest, offering, same, worths
from .tidy import speaks_for_itself, tidy
from .values import Candidate, Progress, Setting, Wish

if TYPE_CHECKING:
    Embed = Callable[[Sequence[str]], np.ndarray]

#: Texts written for one that is asked for, at most: until as many stand, and to choose from. The latter are written
#: only within so many seconds of the first, and where more than one is asked for.
TRIES, POOL, PATIENCE = 3, 6, 45.0
#: How hot the first are written, and how much hotter it gets each time that the model repeats itself.
COOL, STEP, HOT = 0.7, 0.15, 1.3
#: How loud a control vector speaks in turn: by itself it says the same of everything, at half its strength the subject
#: is heard as well, and a choice has both.
LOUD = (1.0, 0.5)
#: The share of eight-word runs that may stand in the archive: none.
REPEATED = 0.0
#: Characters of a text that are too few for a draft.
SHORT = 8
SAME, COPIED, EMPTY = "says what another one says", "repeats the archive", "is empty"
ITSELF, ECHOES = "is the model talking of itself", "repeats what was asked"


class Judge(Protocol):
    """The head: how likely the reader likes each text; None where it has nothing to go by."""

    def __call__(self, texts: Sequence[str]) -> Awaitable[list[float] | None]: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """`embed`: texts to unit vectors float[n, d]; `judge`: see `Judge`; `repeats`: the share of a text's runs of
    eight words that stand in the archive; `meanings`: better vectors by which a choice is varied, None where there are
    none now; `patience`: seconds within which others are written to choose from.
    """

    embed: Embed
    judge: Judge
    repeats: Callable[[str], Awaitable[float]]
    meanings: Callable[[Sequence[str]], Awaitable[np.ndarray | None]] | None = None
    patience: float = PATIENCE


async def compose(
    wish: Wish, setting: Setting, voice: Voice, taste: Taste, tools: Tools, arm: str = ""
) -> AsyncGenerator[Progress, None]:
    """The candidates as they come, at the end ranked. Raises `PenchantError`; closing the generator stops the model.

    Until then those stand that came first; of what is written to choose from nothing stands before the end.
    """
    writer = Writer(wish, setting, voice, taste, tools)
    notes = (taste.note,) if taste.note else ()
    step = Progress("reading", notes=notes, arm=arm, by=voice.name)
    yield step
    while writer.wanting:
        async with contextlib.aclosing(writer.write()) as pieces:
            async for text in pieces:
                step = replace(step, state="choosing" if writer.enough else "writing", text=text)
                yield step
        await writer.take()
        step = replace(step, text="", offered=tuple(writer.kept[: wish.count]), refused=dict(writer.refused))
        yield step
    await writer.weigh()
    yield replace(step, state="done", offered=tuple(writer.ranked()), refused=dict(writer.refused))


class Writer:
    """The state of one request. `kept`: every candidate that stands; `refused`: how many did not, and why, until enough
    stood.
    """

    def __init__(self, wish: Wish, setting: Setting, voice: Voice, taste: Taste, tools: Tools) -> None:
        self._wish, self._setting, self._voice, self._taste, self._tools = wish, setting, voice, taste, tools
        self._length = style.usual_length(setting.mine, wish.length)
        self._tried, self._heat, self._began = 0, COOL, time.monotonic()
        self._candidate, self._asked = Candidate(""), ""
        self._meanings: np.ndarray | None = None
        self.kept: list[Candidate] = []
        self.refused: dict[str, int] = {}
        given = [setting.post.text] if setting.post else []
        self._seen = [*wish.avoid, *given]
        self._vectors = tools.embed(self._seen) if self._seen else np.zeros((0, 1), np.float32)

    @property
    def enough(self) -> bool:
        """Whether as many stand as were asked for."""
        return len(self.kept) >= self._wish.count

    @property
    def wanting(self) -> bool:
        """Whether another one is to be written."""
        count = self._wish.count
        if not self.enough:
            return self._tried < TRIES * count
        late = time.monotonic() - self._began >= self._tools.patience
        return count > 1 and not late and self._tried < POOL * count

    async def write(self) -> AsyncGenerator[str, None]:
        """One candidate as it grows."""
        self._asked = asked = prompt.request(self._wish, self._setting, self._tried, self._length)
        room, pieces, began, said = prompt.tokens(self._length), 0, time.monotonic(), ""
        heat, seed = round(self._heat, 2), (self._wish.seed + self._tried) & 0x7FFFFFFF
        turns = prompt.turns(self._wish, self._setting)
        carried = _turned(self._taste.toward, LOUD[self._tried % len(LOUD)])
        stream = self._voice.write(asked, room, carried, temperature=heat, seed=seed, turns=turns)
        self._tried += 1
        async with contextlib.aclosing(stream):
            async for piece in stream:
                pieces += bool(piece)
                said += piece
                yield self._tidied(said, whole=True)
                if len(said) > 2 * self._wish.length + 80:
                    break
        text = self._tidied(said, whole=pieces < room)
        self._candidate = Candidate(text, temperature=self._heat, tokens=pieces, seconds=time.monotonic() - began)

    def _tidied(self, said: str, *, whole: bool) -> str:
        return tidy(said, self._wish.length, whole=whole, links=self._setting.links, people=self._setting.people)

    async def take(self) -> None:
        """Keep what was written, or refuse it in words."""
        found = self._candidate
        if len(found.text) < SHORT:
            self._refuse(EMPTY)
            return
        for why, so in ((ITSELF, speaks_for_itself(found.text)), (ECHOES, prompt.echoes(found.text, self._asked))):
            if so:
                self._refuse(why, hotter=False)
                return
        vector = self._tools.embed([found.text])
        if len(self._seen) and same(found.text, vector[0], self._seen, self._vectors):
            self._refuse(SAME)
            return
        overlap = await self._tools.repeats(found.text)
        if overlap > REPEATED:
            self._refuse(COPIED)
            return
        probability = await self._tools.judge([found.text])
        near = nearest(vector[0], self._vectors) if len(self._seen) else 0.0
        known = probability[0] if probability else None
        self.kept.append(replace(found, probability=known, overlap=overlap, near=near))
        self._seen.append(found.text)
        self._vectors = vector if len(self._seen) == 1 else np.vstack([self._vectors, vector])

    def _refuse(self, why: str, *, hotter: bool = True) -> None:
        if not self.enough:
            self.refused[why] = self.refused.get(why, 0) + 1
        if hotter:
            self._heat = min(HOT, self._heat + STEP)

    async def weigh(self) -> None:
        """What the model itself finds likelier toward the reader's taste, where it can tell and a taste is carried;
        and where the candidates lie.
        """
        taste = self._taste
        if self._tools.meanings is not None and self.kept:
            self._meanings = await self._tools.meanings([each.text for each in self.kept])
        if not self.kept or LIKELIHOOD not in self._voice.can or taste.toward == taste.away:
            return
        values = await ratio(self._voice, taste, [scored(each.text) for each in self.kept])
        self.kept = [replace(each, ratio=value) for each, value in zip(self.kept, values, strict=True)]

    def ranked(self) -> list[Candidate]:
        """The most varied of the sets that are nearly as good as the best one, the best of it first."""
        if not self.kept:
            return []
        probabilities = [each.probability for each in self.kept]
        worth = worths(probabilities, [each.ratio for each in self.kept])
        vectors = self._meanings if self._meanings is not None else self._tools.embed([each.text for each in self.kept])
        return [self.kept[place] for place in offering(worth, probabilities, vectors, self._wish.count)]


def _turned(carried: Carried, loud: float) -> Carried:
    """What is carried, its control vector so much louder; without one it stays as it is."""
    return carried if carried.steer is None else replace(carried, strength=carried.strength * loud)
