"""The first choice: twelve items, as different as can be, of which the reader ticks what they would read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .rank.picks import OFFERED, to_offer

if TYPE_CHECKING:
    from .ranking import RankSession
    from .types import Card

#: The newest unseen items are looked at.
AMONG = 3_000
#: An item without a title is readable from so many characters on.
READABLE = 40


def choice(session: RankSession, without: Sequence[int] = ()) -> list[Card]:
    """Up to `OFFERED` cards, each of another source and author where there are enough, in no order of merit.

    Of the newest items that are unseen, not muted, readable and not marked as sensitive; without those
    offered before (`without`), unless too few are left. An empty list: there is nothing to choose from.
    """
    _, block = session.learned
    held = block.columns
    place = dict(zip(held.ids.tolist(), range(len(held.ids)), strict=True))
    ids = session.store.items.offerable(held.ids[held.newest[:AMONG]].tolist(), READABLE)
    known = set(without)
    fresh = [item_id for item_id in ids if item_id not in known]
    kept = fresh if len(fresh) >= 4 * OFFERED else ids
    if not kept:
        return []
    rows = [place[item_id] for item_id in kept]
    groups = np.stack([held.source[rows], held.author[rows]], axis=1)
    chosen = to_offer(block.batch.meaning[rows], groups)
    return session.store.items.cards([kept[at] for at in chosen])
