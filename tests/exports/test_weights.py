"""Each act of an export has a weight of its own in the first guess."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from penchant.app.rank.labels import EXPORTED_ACTS, LabelBook
from penchant.app.rank.picks import fit_picks
from penchant.app.types import Event


class Rows:
    """Two items as the profile sees them: no words, directions at right angles."""

    from penchant.app.rank.features import SparseRows

    meaning = np.eye(2, dtype=np.float32)
    words = SparseRows(np.array([0, 1, 2]), np.array([3, 5], np.uint16), np.ones(2, np.float32))
    item_ids = np.array([1, 2])

    def __len__(self) -> int:
        return 2


class Nothing(Rows):
    def __len__(self) -> int:
        return 0


def test_acts_add_up_and_are_taken_back_exactly() -> None:
    book = LabelBook()
    acts = [Event("open", 1, {"exported": True, "act": act}) for act in EXPORTED_ACTS]
    for event in acts:
        book.add(event)
    assert book.exported == {1: sum(EXPORTED_ACTS.values())}
    for event in acts[1:]:
        book.add(Event("undo", undoes=event.id))
    assert book.exported == {1: EXPORTED_ACTS["liked"]} and book.labels == []


def test_what_was_liked_counts_more_than_what_was_answered() -> None:
    rows: Any = Rows()
    profile = fit_picks(rows, Nothing(), 1.0, np.array([1.0, 0.25]))  # type: ignore[arg-type]
    assert profile is not None
    assert profile.meaning[0] == pytest.approx(4 * profile.meaning[1])
    assert profile.words[3] == pytest.approx(4 * profile.words[5])
    alike = fit_picks(rows, Nothing(), 1.0, np.array([1.0, 1.0]))  # type: ignore[arg-type]
    plain = fit_picks(rows, Nothing())  # type: ignore[arg-type]
    assert alike is not None and plain is not None
    assert np.allclose(alike.meaning, plain.meaning) and np.allclose(alike.words, plain.words)
    assert alike.voice == plain.voice > profile.voice
