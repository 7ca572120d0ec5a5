"""Rows kept in blocks come back as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from penchant.app.ranking import RankSession
from penchant.app.ranking_own import BLOCK, OwnRows


def test_rows_come_back_bit_by_bit(archive: Callable[[], Path]) -> None:
    session = RankSession(archive())
    session.load()
    batch = session.learned[1].batch
    session.close()
    own = OwnRows()
    count = 2 * BLOCK + 5
    for start in range(0, count, 7):
        own.keep({int(batch.item_ids[i]): batch.take([i]) for i in range(start, min(start + 7, count))})
    own.keep({int(batch.item_ids[0]): batch.take([1])})
    for i in range(count):
        there, true = own.get(int(batch.item_ids[i])), batch.take([i])
        assert there.item_ids.tolist() == true.item_ids.tolist() and there.at.tolist() == true.at.tolist()
        for name in true.blocks:
            one, other = there.row(name, 0), true.row(name, 0)
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)), name  # type: ignore[call-overload]
    assert int(batch.item_ids[count]) not in own
    own.clear()
    assert int(batch.item_ids[0]) not in own
