"""Where texts lie in a call of llama.cpp, so that a text's numbers do not depend on the others (pure).

Its attention takes 64 places of memory at a time and adds them up in 16 lanes. A text that always begins on a
multiple of 16 and lies inside one block of 64 (or begins one) meets the same sums in the same order, whatever stands
beside it; rounded halves and quantised activations then repeat to the last bit (bench/judge_speed.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Places of a block of attention, and of its lanes.
BLOCK, LANES = 64, 16
#: Texts beside one another in a call; more were no faster (16, 32).
SEQUENCES = 8


class Place(NamedTuple):
    """Row number of a text, and its first token's place in the call."""

    row: int
    start: int


def up(number: int, step: int) -> int:
    """The next multiple of a step."""
    return -(-number // step) * step


def placed(lengths: Sequence[int], room: int) -> Iterator[list[Place]]:
    """Calls of up to SEQUENCES texts within `room` tokens (a multiple of BLOCK), longest first, in order of place.

    Empty texts are left out. Raises `ValueError` for a text longer than `room`.
    """
    order = sorted((row for row in range(len(lengths)) if lengths[row]), key=lambda row: -lengths[row])
    if order and lengths[order[0]] > room:
        raise ValueError(f"a text of {lengths[order[0]]} tokens in a call of {room}")
    group: list[Place] = []
    ends: list[int] = []  # of what lies in each block
    for row in order:
        start = _free(ends, lengths[row])
        if group and (start + lengths[row] > room or len(group) == SEQUENCES):
            yield sorted(group, key=lambda place: place.start)
            group, ends, start = [], [], 0
        group.append(Place(row, start))
        end = start + up(lengths[row], LANES)
        ends += [0] * (up(end, BLOCK) // BLOCK - len(ends))
        for block in range(start // BLOCK, len(ends)):
            ends[block] = max(ends[block], min(end - block * BLOCK, BLOCK))
    if group:
        yield sorted(group, key=lambda place: place.start)


def _free(ends: Sequence[int], length: int) -> int:
    """The first place where a text fits into what is left of a block; else the next block."""
    if length <= BLOCK:
        for block, end in enumerate(ends):
            if end + length <= BLOCK:
                return block * BLOCK + end
    return len(ends) * BLOCK
