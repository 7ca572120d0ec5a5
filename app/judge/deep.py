"""Deep prefixes: keys and values that a model finds before a text as if it had read something.

What llama.cpp remembers of a sequence is a block of bytes; where this version of it lays them out as expected, each
token's keys and values of all layers can be taken out and put in. They are told per token as one row of numbers, and
the mean of such rows over many texts (position by position, since keys are turned by their position) is a prefix that
costs the same however many texts there are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .behind import opening

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge

#: Tokens of a deep prefix at most.
MOST = 16
#: Types of numbers that rows can be kept in, as ggml numbers them, and what numpy calls them.
_TYPES = {0: "<f4", 1: "<f2"}


@dataclass(frozen=True, slots=True)
class Part:
    """Where the keys or values of one layer lie in a block: from `start`, `tokens` rows of `size` numbers of a type."""

    start: int
    size: int
    type: str


def parts(state: NDArray[np.uint8]) -> tuple[int, list[Part]] | None:
    """(tokens, keys of all layers and then values) of a block; None where it is laid out in another way."""
    data = state.tobytes()
    try:
        _, _, streams, tokens = struct.unpack_from("<4I", data, 0)
        at = 16
        for place in range(tokens if streams == 1 else 0):
            position, sequences, _ = struct.unpack_from("<iIi", data, at)
            if position != place or sequences != 1:
                return None
            at += 12
        turned, layers = struct.unpack_from("<2I", data, at)
        at += 8
        if streams != 1 or turned or not 0 < layers < 4_096:
            return None
        found = []
        for _ in range(2 * layers):
            kind, size = struct.unpack_from("<iQ", data, at)
            numbers = _TYPES[kind]
            at += 12
            found.append(Part(at, size // int(numbers[-1]), numbers))
            at += tokens * size
    except (struct.error, KeyError):
        return None
    return (tokens, found) if at == len(data) else None


def rows(state: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Keys and values of each token of a block [tokens, numbers]. Raises `PenchantError`."""
    import numpy as np

    tokens, found = _parts(state)
    data = state.tobytes()
    told = [np.frombuffer(data, each.type, tokens * each.size, each.start).reshape(tokens, -1) for each in found]
    return np.concatenate(told, axis=1).astype(np.float32)


def replaced(state: NDArray[np.uint8], first: int, wanted: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A block with these rows [n, numbers] from token `first` on. Raises `PenchantError` where they do not fit."""
    import numpy as np

    tokens, found = _parts(state)
    if wanted.shape != (tokens - first, sum(each.size for each in found)):
        raise PenchantError("the deep prefix does not fit this model", hint="It is made again from what you liked.")
    made, at = bytearray(state.tobytes()), 0
    for each in found:
        with np.errstate(over="ignore"):
            numbers = np.ascontiguousarray(wanted[:, at : at + each.size], each.type)
        if not np.isfinite(numbers).all():
            raise PenchantError("the deep prefix holds what is no number", hint="It is made again from what you liked.")
        start = each.start + first * each.size * numbers.itemsize
        made[start : start + numbers.nbytes] = numbers.tobytes()
        at += each.size
    return np.frombuffer(bytes(made), np.uint8)


def memories(judge: Judge, texts: Sequence[str], tokens: int) -> NDArray[np.float32]:
    """What the model remembers of the first so many tokens of each text, read as a line [n, tokens, numbers].

    NaN for shorter texts. Raises `PenchantError` where this kind of model or version does not show it.
    """
    import numpy as np

    if not 1 <= tokens <= MOST:
        raise PenchantError(f"a deep prefix of {tokens} tokens", hint=f"From 1 to {MOST} can be kept.")
    begin = opening(judge)
    found = np.full((len(texts), tokens, rows(judge.plain().state).shape[1]), np.nan, np.float32)
    for place, text in enumerate(texts):
        ids = judge.model.onward(f" {' '.join(text.split())}", tokens)
        if len(ids) == tokens and text.strip():
            judge.forget()
            judge.feed([*begin, *ids])
            found[place] = rows(judge.state(0))[len(begin) :]
    judge.forget()
    return found


def prefix(judge: Judge, wanted: NDArray[np.float32]) -> tuple[NDArray[np.uint8], int]:
    """A block to restore, and its tokens: the beginning of a line, then these rows. Raises `PenchantError`."""
    begin = opening(judge)
    if len(wanted) > MOST:
        raise PenchantError(f"a deep prefix of {len(wanted)} tokens", hint=f"This model takes up to {MOST}.")
    judge.forget()
    judge.feed([*begin, *[begin[-1]] * len(wanted)])
    state = judge.state(0)
    judge.forget()
    return replaced(state, len(begin), wanted), len(begin) + len(wanted)


def _parts(state: NDArray[np.uint8]) -> tuple[int, list[Part]]:
    found = parts(state)
    if found is None:
        raise PenchantError(
            "this kind of model, or this version of llama.cpp, does not show what it remembers",
            hint="Another way to carry a reader works with it: `penchant voice` names them.",
        )
    return found
