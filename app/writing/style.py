"""How the reader writes, from what they wrote, and which of it fits. Pure; taste has no part in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from .values import Example

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.voice.values import Text

#: Own texts that are looked through (the latest), and characters of one that stand as an example.
LATEST, CHARACTERS = 400, 280
#: So many own texts say how long one writes.
FEW = 5
_ADDRESS = re.compile(r"https?://\S+")


def usable(authored: Sequence[Text], *, replies: bool) -> list[Example]:
    """Own texts that can stand as examples, the latest first: answers for an answer (and posts where there are too
    few), without addresses, empty ones and repeats.
    """
    texts = authored[:LATEST]
    answers = [text for text in texts if text.parent or text.act == "replied"]
    others = [text for text in texts if text not in answers]
    wanted = (
        [*answers, *(others if len(answers) < FEW else [])]
        if replies
        else [*others, *(answers if len(others) < FEW else [])]
    )
    found: dict[str, Example] = {}
    for text in wanted:
        words = " ".join(_ADDRESS.sub("", text.text).split())
        if len(words) >= 3:
            found.setdefault(words.casefold(), Example(words[:CHARACTERS], " ".join(text.parent.split())[:CHARACTERS]))
    return list(found.values())


def about(example: Example) -> str:
    """What is compared with the post that is answered: what the example answered, else itself."""
    return example.parent or example.text


def fitting(examples: Sequence[Example], vectors: np.ndarray, wanted: np.ndarray, count: int) -> tuple[Example, ...]:
    """The `count` examples (unit vectors float[n, d] of `about`) nearest to what is written about (float[d]).

    Without any direction (a zero vector) the latest.
    """
    if not len(examples):
        return ()
    order = sorted(range(len(examples)), key=lambda n: (-round(float(vectors[n] @ wanted), 6), n))
    return tuple(examples[n] for n in order[:count])


def usual_length(examples: Sequence[Example], most: int) -> int:
    """Characters of a draft: half as much again as the reader's median, `most` where they wrote too little to tell."""
    if len(examples) < FEW:
        return most
    return max(40, min(most, int(1.5 * median(len(each.text) for each in examples))))
