"""Where drafts stand in For you: in places of their own, so that their share is what the reader set. Pure.

The places follow from the drafts' names alone, so a list that is made again has them where they were, and none can be
foretold from the ones before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

#: The first places of a list are the ranking's own.
FIRST = 2


def weave(
    ids: Sequence[int], fixed: int, pool: Sequence[Sequence[int]], drafts: Collection[int], step: int
) -> list[int]:
    """`ids` with a draft of `pool` in one place of every `step`; the first `fixed` stay exactly as they are.

    `drafts` are all items that are drafts: below `fixed` only those of the pool stand, each once. The pool holds groups
    of which all come, or none: in a blind test each draft beside its real one, else single drafts. A draft needs real
    items around it: a list that ends early takes no more of them.
    """
    head = list(ids[:fixed])
    here = set(head)
    rest = [item for item in ids[fixed:] if item not in drafts]
    if step < 2 or not pool:
        return head + rest
    out, waiting = head, [left for members in pool if (left := [item for item in members if item not in here])]
    block = -(-max(len(head), FIRST) // step)
    for members in waiting:
        seats = [(block + n) * step + _offset(item, step) for n, item in enumerate(members)]
        if seats[-1] - len(out) > len(rest) + len(members) - 1:
            break
        for seat, item in zip(seats, members, strict=True):
            missing = max(0, seat - len(out))
            out, rest = out + rest[:missing], rest[missing:]
            out.append(item)
        block += len(members)
    return out + rest


def _offset(item: int, step: int) -> int:
    digest = hashlib.blake2b(str(item).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % step
