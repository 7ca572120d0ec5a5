"""Who gets which place at the head of the feed: variety, a place for people, places for draws. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .order_columns import Columns

if TYPE_CHECKING:
    from .order import OrderOptions

#: Places that are filled by looking at everything still open; the rest keeps its plain order.
HEAD_PLACES = 120
#: Open items looked at for one place.
POOL = 320
#: So many first places hold no author twice, unless there is nobody else.
FIRST = 5
#: One place in so many is for what several people brought.
TEN = 10
#: Explored items are no nearer to one another than this (cosine): each asks another question.
OTHER = 0.3


def spread(best: np.ndarray, items: Columns, value: np.ndarray, near: np.ndarray, options: OrderOptions) -> list[int]:
    """Greedy choice of the best value less what it repeats of the last places."""
    pool = _pool(best, items.author)
    worth, author, source = value[pool], items.author[pool], items.source[pool]
    vectors = np.asarray(near[pool], np.float32)
    taken: list[int] = []
    effects: list[np.ndarray] = []
    again = np.zeros(len(pool), bool)
    for n in range(min(HEAD_PLACES, len(pool))):
        place = int(np.argmax(worth))
        if n < FIRST and again[place]:
            others = np.where(again, -np.inf, worth)
            if np.isfinite(others).any():
                place = int(np.argmax(others))
        taken.append(int(pool[place]))
        # Cosine 0.6 to 0.9 grows from another angle to the same story.
        effect = options.near * np.clip((vectors @ vectors[place] - 0.6) / 0.3, 0.0, 1.0).astype(np.float64)
        if author[place]:
            again |= author == author[place]
            effect += options.author * (author == author[place])
        if source[place]:
            effect += options.source * (source == source[place])
        effects.append(effect)
        worth = worth - effect
        if len(effects) > options.memory:
            worth = worth + effects.pop(0)
        worth[place] = -np.inf
    return taken


def _pool(best: np.ndarray, author: np.ndarray) -> np.ndarray:
    """The first POOL rows in order, no author filling more than an eighth of them."""
    count: dict[int, int] = {}
    rows: list[int] = []
    for row in best.tolist():
        code = int(author[row])
        if code:
            count[code] = count.get(code, 0) + 1
            if count[code] > POOL // 8:
                continue
        rows.append(row)
        if len(rows) == POOL:
            break
    return np.array(rows, np.intp)


def people_places(head: list[int], crowded: np.ndarray, author: np.ndarray, above: int = 0) -> list[int]:
    """In every ten places at least one of `crowded` (best first), as long as there are any.

    `above`: places on screen before these, which count in tens as well.
    """
    head = list(head)
    waiting = crowded.tolist()
    known = set(waiting)
    for start in range(-(above % TEN), len(head), TEN):
        here = [row for row in head[max(0, start) : start + TEN] if row in known]
        at = start + 3
        if here:
            waiting = [row for row in waiting if row not in here]
        elif waiting and at >= 0:
            row = waiting.pop(0)
            if row in head:
                head.remove(row)
            head.insert(at if at >= FIRST or _new_there(row, head[:FIRST], author) else start + FIRST, row)
    return head


def _new_there(row: int, first: Iterable[int], author: np.ndarray) -> bool:
    """Whether a row's author is not yet among the first places."""
    return not author[row] or all(author[row] != author[other] for other in first)


def explore(
    head: list[int],
    wishes: np.ndarray,
    stands: np.ndarray,
    items: Columns,
    near: np.ndarray,
    seed: int,
    share: float,
    above: int = 0,
) -> tuple[list[int], set[int]]:
    """Give one place in every 1/share to the best row of a draw from below it; never one of the first three.

    wishes float64[k, n]: the draws take turns. Returns the head and the rows that moved into it. The
    draws decide who comes; seed and place decide where: both are fixed for a visit, in which `above`
    places were filled before these.
    """
    step = max(2, round(1.0 / share))
    rank = {row: i for i, row in enumerate(head)}
    queues = [_best(wish, stands, items.newest) for wish in wishes]
    moved: dict[int, int] = {}
    for block in range(above // step, above // step + max(1, len(head) // step)):
        offset = int(np.random.default_rng([seed & 0xFFFFFFFF, block]).integers(0, step))
        at = max(3, block * step + offset) - above
        if at < 0:
            continue
        first = [*head[:FIRST], *moved] if at < FIRST else []
        for row in queues[block % len(queues)]:
            above = rank.get(row, at + step + 1) <= at + step
            if not above and row not in moved and _other(row, moved, near) and _new_there(row, first, items.author):
                moved[row] = at
                break
    kept = [row for row in head if row not in moved]
    for row, at in sorted(moved.items(), key=lambda pair: pair[1]):
        kept.insert(at, row)
    return kept, set(moved)


def _best(wish: np.ndarray, stands: np.ndarray, newest: np.ndarray) -> list[int]:
    """The first POOL rows of a draw, best first."""
    rows = newest[(stands & (wish > -np.inf))[newest]]
    if len(rows) > POOL:
        least = -np.partition(-wish[rows], POOL - 1)[POOL - 1]
        rows = rows[wish[rows] >= least]
    return rows[np.argsort(-wish[rows], kind="stable")][:POOL].tolist()  # type: ignore[no-any-return]


def _other(row: int, moved: Iterable[int], near: np.ndarray) -> bool:
    """Whether an item asks another question than those that moved already."""
    known = list(moved)
    return not known or float(np.max(near[known] @ near[row])) <= OTHER
