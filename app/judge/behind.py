"""Virtual tokens that stand behind a text and answer whether this reader likes it (`tune` makes them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .library import library
from .llama import PLAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge
    from .virtual import Virtual

#: Tokens read of one text (a title and what follows), and virtual tokens behind it at most.
LONGEST, MOST = 64, 8


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """`rows`: the tokens [k, width]; `yes`, `no`: ids of the words that answer. The answer is their difference, times
    `scale`, from `centre` on; `sign` turns it round."""

    rows: NDArray[np.float32]
    yes: tuple[int, ...]
    no: tuple[int, ...]
    scale: float
    centre: float
    sign: float


def line(judge: Judge, text: str) -> list[int]:
    """The ids of a text as it is read before an answer."""
    return judge.model.onward(f" {' '.join(text.split())}\n", LONGEST) if text.strip() else []


def opening(judge: Judge) -> tuple[int, ...]:
    """The ids before it: the beginning of a line of a list."""
    return judge.history(PLAIN)


def of(facts: Mapping[str, Any], rows: NDArray[np.float32], words: int) -> Behind | None:
    """What a file of virtual tokens says of answers; None where it says nothing. Raises `PenchantError`."""
    answer = facts.get("behind")
    if answer is None:
        return None
    sides = [facts.get(side) for side in ("yes", "no")]
    numbers = [facts.get(name) for name in ("scale", "centre")]
    known = all(isinstance(side, list) and side and all(_is_word(id, words) for id in side) for side in sides)
    if answer not in ("yes", "no") or not known or not all(isinstance(each, float) for each in numbers):
        raise PenchantError(
            "the file of tuned virtual tokens does not fit this model", hint="They are tuned again from what you liked."
        )
    yes, no = (tuple(side or ()) for side in sides)
    scale, centre = (float(each or 0.0) for each in numbers)
    return Behind(rows[:MOST], yes, no, scale, centre, 1.0 if answer == "yes" else -1.0)


def answered(judge: Judge, virtual: Virtual, behind: Behind, texts: Sequence[str]) -> NDArray[np.float64]:
    """log p of the answer about each text [n], nats: that under "yes" less that under "no" are log odds of a like.

    NaN for an empty text.
    """
    import numpy as np

    found, rows = np.full(len(texts), np.nan), [line(judge, text) for text in texts]
    prefix, count = judge.plain(), len(behind.rows)
    begin = len(prefix.tokens)
    for group in judge.groups(prefix, rows, last_only=True):
        places = []
        for sequence, (row, _) in enumerate(group, 1):
            end = begin + len(rows[row])
            library().llama_memory_seq_rm(judge.memory, sequence, end, -1)  # what fills the rest of a block
            places += [(end + at, sequence, at == count - 1) for at in range(count)]
        virtual.put(np.tile(behind.rows, (len(group), 1)), places)
        for (row, _), logits in zip(group, judge.logits(len(group)), strict=True):
            told = logits[list(behind.yes)].mean(dtype=np.float64) - logits[list(behind.no)].mean(dtype=np.float64)
            found[row] = -np.logaddexp(0.0, -behind.sign * (behind.scale * told - behind.centre))
    return found


def _is_word(id: object, words: int) -> bool:
    return isinstance(id, int) and 0 <= id < words
