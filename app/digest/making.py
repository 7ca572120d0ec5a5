"""A digest of an archive: candidates from the store, interests from their vectors, reasons from the ranking."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.app.store import missed

from .because import because
from .compose import MOST, Candidate, Digest, compose

if TYPE_CHECKING:
    from penchant.app.rank.types import Why
    from penchant.app.store import Store

    from .period import Period


def read(store: Store, period: Period, *, most: int = MOST, now: float | None = None) -> Digest:
    """The digest without its reasons, from what is published: some milliseconds. Raises `StoreError`."""
    now = time.time() if now is None else now
    with store.db.snapshot():
        found = missed.candidates(store, period, now)
        counts = missed.counts(store, period)
        found = _with_interests(store, found)
    return compose(period, found, counts, most=most)


def _with_interests(store: Store, found: Sequence[Candidate]) -> list[Candidate]:
    """Each with the interest that it is nearest to, if it lies within; numpy is loaded only where there are any."""
    interests = [each for each in store.interests.all() if each.members]
    if not interests or not found:
        return list(found)
    import numpy as np

    space = interests[0].space
    interests = [each for each in interests if each.space == space]
    centres = np.stack([np.frombuffer(each.centre, "<f4") for each in interests])
    matrix, known = store.vectors.get_matrix(space, [c.item_id for c in found])
    if matrix.shape[1] != centres.shape[1]:
        return list(found)
    norm = np.maximum(np.linalg.norm(matrix, axis=1), 1e-9)
    near = (matrix @ centres.T) / norm[:, None]
    best = near.argmax(axis=1)
    within = near.max(axis=1) >= np.array([each.radius for each in interests])[best]
    return [
        replace(c, interest=interests[int(best[n])].key) if known[n] and within[n] else c
        for n, c in enumerate(found)
    ]  # fmt: skip


def reasons(ids: Sequence[int], why: Callable[[int], Why]) -> dict[int, str]:
    """A line of why for each item that is still there; `why` is the ranking's."""
    lines = {}
    for item_id in ids:
        try:
            lines[item_id] = because(why(item_id))
        except KeyError:
            continue
    return lines
