"""What a model writes and says of texts, for one reader and one arm. I/O through the voice that is given."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

from penchant.app.judge import history
from penchant.app.voice import words
from penchant.app.voice.values import LIKELIHOOD, Carried, Taste, Voice, ratio
from penchant.app.writing.tidy import tidy

from . import metrics
from .values import WISH, Case, Plan

#: Characters of a post at most; likes and skips that the verbal judge is told of.
CHARACTERS, TOLD = 280, 6
SYSTEM = "You know what this reader likes. Answer with yes or no."
QUESTION = "\nNew: {}\nWould this reader like the new one?"


async def posts(voice: Voice, taste: Taste, plan: Plan, seed: int) -> list[str]:
    """What it writes, tidied as drafts are; texts that came out empty are empty."""
    found: list[str] = []
    for place in range(plan.posts):
        stream = voice.write(
            WISH, plan.tokens, taste.toward, stop="\n\n", temperature=plan.temperature, seed=1_000 * seed + place + 1
        )
        async with contextlib.aclosing(stream):
            pieces = [piece async for piece in stream]
        found.append(tidy("".join(pieces), CHARACTERS, whole=False))
    return found


async def ratios(voice: Voice, taste: Taste, texts: Sequence[str]) -> list[float | None]:
    """The likelihood ratio of each text, nats a token; None where the model tells no likelihoods."""
    if LIKELIHOOD not in voice.can or not texts:
        return [None] * len(texts)
    if taste.toward == taste.away:
        return [0.0] * len(texts)
    return await ratio(voice, taste, [words.scored(text) for text in texts])


async def gains(voice: Voice, texts: Sequence[str]) -> list[float | None]:
    """How much likelier each text is than its own words in another order, to a model that carries nobody."""
    if LIKELIHOOD not in voice.can or not texts:
        return [None] * len(texts)
    both = [*texts, *(metrics.shuffled(text) for text in texts)]
    said = await voice.loglik([words.scored(text) for text in both], Carried(history=words.PLAIN))
    pairs = zip(said[: len(texts)], said[len(texts) :], strict=True)
    return [None if a is None or b is None else a - b for a, b in pairs]


async def verbal(voice: Voice, case: Case, texts: Sequence[str]) -> list[float | None]:
    """The verbal judge: log p(yes) - log p(no) when asked whether this reader would like each text.

    None for every text where the model cannot be asked.
    """
    runner: Any = getattr(voice, "runner", None)
    if runner is None or not texts:
        return [None] * len(texts)
    sides = ((history.LIKED, case.reader.liked), (history.SKIPPED, case.reader.skipped))
    told = "".join(
        history.prefix(head, [history.line(text.text) for text in side[:TOLD]][::-1]).removesuffix("-")
        for head, side in sides
    )
    answers = await runner.ask(SYSTEM, told, [QUESTION.format(history.line(text)) for text in texts])
    return [None if answer is None or not math.isfinite(answer) else float(answer) for answer in answers]
