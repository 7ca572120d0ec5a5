"""Values and seams of the voice (pure): a reader, what a carrier hands a model, what a model can do with it."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: What a model can do beyond reading and writing text; a carrier names what it needs.
LIKELIHOOD, STATES, STEER, SOFT, DEEP, LORA, TUNE = "likelihood", "states", "steer", "soft", "deep", "lora", "tune"


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the reader's past. `at`: when it was decided or written (Unix seconds); `parent`: what it answers."""

    item_id: int
    text: str
    at: float = 0.0
    parent: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """What the event log knows of a reader; every list has the latest first.

    `liked` and `skipped` say what they like (taste); `authored` how they write (style): the two are never mixed.
    `assumed`: little was skipped, and `skipped` has items never looked at, too. `upto` is the `events.seq` it was
    read at.
    """

    liked: tuple[Text, ...] = ()
    skipped: tuple[Text, ...] = ()
    authored: tuple[Text, ...] = ()
    description: str = ""
    dial: float = 1.0
    assumed: bool = False
    upto: int = 0


@dataclass(frozen=True, slots=True)
class Carried:
    """What a carrier puts before (or into) a model. Files are those of `app.judge.statefile`.

    `system`: said in the chat when it writes; `history`: text before a scored text, and before what is written by a
    model without a chat; `steer`: a control vector, taken `strength` times; `soft`: virtual tokens (float32 [k, width])
    at the beginning; `deep`: an evaluated prefix as a block of state; `lora`: an adapter file.
    """

    system: str = ""
    history: str = ""
    steer: Path | None = None
    strength: float = 1.0
    soft: Path | None = None
    deep: Path | None = None
    lora: Path | None = None

    @property
    def needs(self) -> frozenset[str]:
        """What a model must be able to do for it."""
        parts = ((self.steer, STEER), (self.soft, SOFT), (self.deep, DEEP), (self.lora, LORA))
        return frozenset(name for part, name in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Taste:
    """A reader as one carrier carries them: `toward` writes. A text scores log p(text | toward) - log p(text | away),
    nats a token, or where there are `pairs` of both, the mean over those instead.

    `tokens`: what it costs in the context; `note`: for the reader, such as why it is weaker than it could be.
    """

    toward: Carried = field(default_factory=Carried)
    away: Carried = field(default_factory=Carried)
    tokens: int = 0
    note: str = ""
    pairs: tuple[tuple[Carried, Carried], ...] = ()

    @property
    def scored(self) -> tuple[tuple[Carried, Carried], ...]:
        """What a text is scored under."""
        return self.pairs or ((self.toward, self.away),)


class Voice(Protocol):
    """A language model that a carrier can be put into: the judge's child, or a server (text only)."""

    name: str
    can: frozenset[str]

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        """Mean log p (nats) of a token of each text after what is carried; None where it cannot be told.

        Raises `PenchantError` where `LIKELIHOOD` or what `carried` needs is not in `can`.
        """
        ...

    def write(
        self, user: str, tokens: int, carried: Carried, *, stop: str = "", temperature: float = 0.0, seed: int = 0,
        turns: Sequence[tuple[str, str]] = (),
    ) -> AsyncGenerator[str, None]:  # fmt: skip
        """What it writes to `user`, in pieces as they come; closing the generator stops it. Raises `PenchantError`.

        `turns`: the chat so far, (said, answered).
        """
        ...


class Carrier(Protocol):
    """One way to carry a reader into a model. `needs`: what the model must be able to do."""

    name: str
    needs: frozenset[str]

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The reader, carried; kept state is brought up to date first. Raises `PenchantError` in words."""
        ...


async def ratio(voice: Voice, taste: Taste, texts: Sequence[str]) -> list[float | None]:
    """How much likelier each text is toward the reader's taste than away from it, nats a token; None where the model
    cannot tell it of every pair."""
    left = list(range(len(texts)))
    found: dict[int, float] = dict.fromkeys(left, 0.0)
    pairs = taste.scored
    for sides in pairs:
        for sign, carried in zip((1.0, -1.0), sides, strict=True):
            told = await voice.loglik([texts[place] for place in left], carried)
            for place, value in zip(left, told, strict=True):
                found[place] = math.nan if value is None else found[place] + sign * value
            # what killed it under one is not tried under the next
            left = [place for place in left if math.isfinite(found[place])]
    return [found[place] / len(pairs) if math.isfinite(found[place]) else None for place in range(len(texts))]
