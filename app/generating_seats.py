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
    ids: Sequence[int], fixed: int, pool: Sequence[int], drafts: Collection[int], step: int, group: int = 1
) -> list[int]:
    """`ids` with a draft of `pool` in one place of every `step`; the first `fixed` stay exactly as they are.

    `drafts` are all items that are drafts: below `fixed` only those of the pool stand, each once. In a blind test
    `pool` holds each draft beside its real one (`group` 2): both come, or none. A draft needs real items around it: a
    list that ends early takes no more of them.
    """
    head = list(ids[:fixed])
    here = set(head)
    rest = [item for item in ids[fixed:] if item not in drafts]
    if step < 2 or not pool:
        return head + rest
    out, waiting = head, _open(pool, here, group)
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


def _open(pool: Sequence[int], here: Collection[int], group: int) -> list[list[int]]:
    """What waits, in groups; of a group that has begun to be shown its other half."""
    groups = [list(pool[at : at + group]) for at in range(0, len(pool), group)]
    left = [[item for item in members if item not in here] for members in groups]
    return [members for members in left if members]


def _offset(item: int, step: int) -> int:
    digest = hashlib.blake2b(str(item).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % step
