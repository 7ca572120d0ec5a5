"""The reader's own past, split by time: carriers know what came first, and are measured on what came later (pure)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.app.errors import PenchantError
from penchant.app.voice.values import Reader, Text

from .values import Case, Plan

#: The share of decisions that carriers know; of what came later, every other one is scored.
KNOWN = 0.6
#: Decisions of either kind that it takes.
FEWEST = 20


def texts(reader: Reader) -> list[str]:
    """The texts of a past, in the order of `case`'s rows: likes, then skips, the latest first."""
    return [text.text for text in (*reader.liked, *reader.skipped)]


def case(plan: Plan, reader: Reader) -> Case:
    """The one case of a past; rows are those of `texts`. Raises `PenchantError` where there are too few decisions.

    Both kinds are split at the same share, so that skips that only stand in for some (`Reader.assumed`, without a
    time) are split, too. Of what came later every other decision is scored, and the rest teach the head that judges.
    """
    if min(len(reader.liked), len(reader.skipped)) < FEWEST:
        raise PenchantError(
            f"{len(reader.liked)} likes and {len(reader.skipped)} skips are too few to be split by time",
            hint=f"It takes {FEWEST} of either: like and skip some more (l and x), or import your likes.",
        )
    sides, start = [], 0
    for side in (reader.liked, reader.skipped):
        order = start + _by_time(side)
        cut = round(len(order) * (1.0 - KNOWN))  # the latest first: what came later stands before the cut
        sides.append((order[cut:], order[:cut]))
        start += len(side)
    (liked, later), (skipped, passed) = sides
    test = [side[::2][: plan.test // 2] for side in (later, passed)]
    judge = [np.setdiff1d(side, scored)[: plan.judged // 2] for side, scored in zip((later, passed), test, strict=True)]
    everything = (*reader.liked, *reader.skipped)
    known = replace(
        reader, liked=tuple(everything[row] for row in liked), skipped=tuple(everything[row] for row in skipped)
    )
    return Case(
        0, 0, 0, known, liked, skipped,
        np.concatenate(judge), np.repeat([1, 0], [len(side) for side in judge]),
        np.concatenate(test), np.repeat([1, 0], [len(side) for side in test]),
    )  # fmt: skip


def _by_time(side: tuple[Text, ...]) -> np.ndarray:
    """Places, the latest first; those without a time stay in their order behind the others."""
    return np.array(sorted(range(len(side)), key=lambda place: -side[place].at), np.int64)
