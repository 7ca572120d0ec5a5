"""Several documents, each read by itself, as one memory.

Each was read from the same first tokens on (the opening), so those of the others are cut away, and what is left moves
behind the documents before: llama.cpp turns the positions of its keys. The later ones have not been read knowing the
earlier ones, which is the difference to reading all of them in a row (bench/plugs.py says what it costs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .library import library

if TYPE_CHECKING:
    from .llama import Judge, Prefix

#: The sequence in which a document waits to be moved.
_ASIDE = 1


def joined(judge: Judge, plugs: Sequence[Prefix], opening: int, *, exact: bool = False) -> None:
    """Make sequence 0 remember all of them in this order; `opening` is the number of tokens that they share.

    `exact`: read those after the first anew; so it is done for models whose memory cannot be moved, too.
    """
    llama = library()
    judge.forget()
    judge.restore(plugs[0].state, 0)
    end = len(plugs[0].tokens)
    movable = not exact and bool(llama.llama_memory_can_shift(judge.memory))
    for each in plugs[1:]:
        if movable:
            judge.restore(each.state, _ASIDE)
            llama.llama_memory_seq_rm(judge.memory, _ASIDE, 0, opening)
            llama.llama_memory_seq_add(judge.memory, _ASIDE, opening, -1, end - opening)
            llama.llama_memory_seq_cp(judge.memory, _ASIDE, 0, -1, -1)
            llama.llama_memory_seq_rm(judge.memory, _ASIDE, -1, -1)
        else:
            judge.feed(each.tokens[opening:], begin=end)
        end += len(each.tokens) - opening
