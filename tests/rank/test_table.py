"""Tables that share memory never show one another's rows."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.rank import table
from penchant.app.rank.table import Table


@given(seed=st.integers(0, 10_000), window=st.integers(1, 9))
def test_every_copy_is_what_a_list_would_be(seed: int, window: int) -> None:
    chance = random.Random(seed)
    room, table.ROOM = table.ROOM, chance.randint(1, 5)
    try:
        start = np.arange(2.0 * chance.randint(0, 12)).reshape(-1, 2)
        pairs = [(Table(start, window), [tuple(row) for row in start.tolist()])]
        for step in range(40):
            shown, true = chance.choice(pairs)
            if chance.random() < 0.25:
                pairs.append((shown.copy(), list(true)))
            else:
                before = [(t.rows, t.rows.copy()) for t, _ in pairs]
                shown.append(np.array([step, -step], float))
                true.append((step, -step))
                assert all((view == copy).all() for view, copy in before), "what was handed out stays"
        for shown, true in pairs:
            assert [tuple(row) for row in shown.rows.tolist()] == true[-window:]
    finally:
        table.ROOM = room
