"""From scores to the feed: a pure, list-wise step over probability, age, variety and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .batch import code
from .types import RankItem

EXPLORED, PEOPLE = "explored", "people"


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """`half_life` in days: at that age an item's odds count half. `author`, `source`, `near`: logits that
    each earlier item of the same author, same source, or near-same text within the last `memory`
    places takes away. `explore`: share of places given to draws. `people`: logit that a second,
    fourth, eighth ... person bringing an item within `people_days` adds."""

    half_life: float = 5.0
    author: float = 0.8
    source: float = 0.12
    near: float = 1.0
    memory: int = 12
    explore: float = 0.1
    people: float = 0.5
    people_days: float = 2.0


#: Logit that age takes away at most: past some days old is old.
OLDEST = 1.5


def faded(seconds: Any, options: OrderOptions | None = None) -> Any:
    """Logits that an age (a number or an array) takes away."""
    days = np.maximum(0.0, seconds) / 86400.0
    return np.minimum(np.log(2.0) * days / (options or OrderOptions()).half_life, OLDEST)


@dataclass(frozen=True, slots=True)
class Columns:
    """What ordering needs of n items, made once: `at` in Unix seconds, equal codes for equal keys (0: none).

    `brought` lists (row, times at which each distinct person brought it) where several did. `newest`
    are all rows, newest first, then by id: ties are broken by it, never by chance.
    """

    ids: np.ndarray
    at: np.ndarray
    author: np.ndarray
    source: np.ndarray
    brought: tuple[tuple[int, np.ndarray], ...]
    newest: np.ndarray

    def take(self, rows: np.ndarray) -> Columns:
        """The columns of these rows (ascending)."""
        place = np.full(len(self.ids), -1)
        place[rows] = np.arange(len(rows))
        newest = place[self.newest]
        brought = tuple((int(place[row]), times) for row, times in self.brought if place[row] >= 0)
        return Columns(
            self.ids[rows], self.at[rows], self.author[rows], self.source[rows], brought, newest[newest >= 0]
        )


def join(parts: Sequence[Columns]) -> Columns:
    """The columns of several blocks, one after another."""
    offsets = np.cumsum([0, *(len(part.ids) for part in parts)]).tolist()
    ids = np.concatenate([part.ids for part in parts])
    dated = np.concatenate([part.at for part in parts])
    return Columns(
        ids,
        dated,
        np.concatenate([part.author for part in parts]),
        np.concatenate([part.source for part in parts]),
        tuple((row + off, times) for part, off in zip(parts, offsets, strict=False) for row, times in part.brought),
        np.lexsort((ids, -dated)),
    )


def columns(items: Sequence[RankItem]) -> Columns:
    """The columns of n items."""
    brought = []
    for row, item in enumerate(items):
        if len(item.people) > 1:
            latest: dict[str, float] = {}
            for key, _name, _how, at in item.people:
                latest[key] = max(at or 0.0, latest.get(key, 0.0))
            brought.append((row, np.array(list(latest.values()))))
    ids = np.array([item.item_id for item in items], np.int64)
    dated = np.array([item.at for item in items], np.float64)
    return Columns(
        ids,
        dated,
        _codes([item.author_key for item in items]),
        _codes([item.source_key for item in items]),
        tuple(brought),
        np.lexsort((ids, -dated)),
    )


def order(
    items: Columns,
    belief: np.ndarray,
    static: np.ndarray,
    now: float,
    *,
    drawn: np.ndarray | None = None,
    seed: int = 0,
    options: OrderOptions | None = None,
) -> tuple[np.ndarray, dict[int, str]]:
    """(all n rows best first, {row: "explored" or "people"}). Equal arguments give an equal order.

    belief float64[n] is in logits; static float[n, d] unit rows say what is near; drawn float64[n] is
    the same under one draw of the model (None: no exploration); `seed` places the explored rows.
    """
    options = options or OrderOptions()
    n = len(items.ids)
    if n == 0:
        return np.zeros(0, np.intp), {}
    talk = _talk(items, now, options)
    bonus = talk - faded(now - items.at, options)
    value = belief + bonus
    best = items.newest[np.argsort(-value[items.newest], kind="stable")]
    taken = _spread(best, items, value, static, options)
    open_ = np.ones(n, bool)
    open_[taken] = False
    rows = np.concatenate([np.array(taken, np.intp), best[open_[best]]])
    notes = {int(row): PEOPLE for row in np.flatnonzero(talk > 0)}
    if drawn is None or options.explore <= 0:
        return rows, notes
    wish = items.newest[np.argsort(-(drawn + bonus)[items.newest], kind="stable")]
    return _explore(rows, notes, wish, seed, options.explore)


def _talk(items: Columns, now: float, options: OrderOptions) -> np.ndarray:
    out = np.zeros(len(items.ids))
    for row, times in items.brought:
        people = int(np.count_nonzero(now - times <= options.people_days * 86400.0))
        if people > 1:
            out[row] = options.people * float(np.log2(people))
    return out


#: Places that are filled by looking at everything still open; the rest keeps its plain order.
HEAD_PLACES = 120
#: Open items looked at for one place: a flood of near-copies longer than this is cut off behind it.
POOL = 320


def _spread(
    best: np.ndarray, items: Columns, value: np.ndarray, static: np.ndarray, options: OrderOptions
) -> list[int]:
    """Greedy choice of the best value less what it repeats of the last places."""
    pool = _pool(best, items.author)
    worth, author, source = value[pool], items.author[pool], items.source[pool]
    vectors = np.asarray(static[pool], np.float32)
    taken: list[int] = []
    effects: list[np.ndarray] = []
    for _ in range(min(HEAD_PLACES, len(pool))):
        place = int(np.argmax(worth))
        taken.append(int(pool[place]))
        # Cosine 0.6 to 0.9 grows from another angle to the same story.
        effect = options.near * np.clip((vectors @ vectors[place] - 0.6) / 0.3, 0.0, 1.0).astype(np.float64)
        if author[place]:
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


def _codes(keys: list[str]) -> np.ndarray:
    """int64[n]: equal numbers for equal keys, 0 for an empty one; the same in every block."""
    return np.array([code(key) for key in keys], np.int64)


def _explore(
    rows: np.ndarray, notes: dict[int, str], wish: np.ndarray, seed: int, share: float
) -> tuple[np.ndarray, dict[int, str]]:
    """Give one place in every 1/share to the best drawn row from below it; never one of the first three."""
    step = max(2, round(1.0 / share))
    head = rows[:HEAD_PLACES].tolist()
    rank = {row: i for i, row in enumerate(head)}
    moved: dict[int, int] = {}
    wishes = iter(wish.tolist())
    for block in range(len(head) // step):
        # The draw decides who comes; seed and block decide where: both fixed for the visit.
        offset = int(np.random.default_rng([seed & 0xFFFFFFFF, block]).integers(0, step))
        at = max(3, block * step + offset)
        found = next((r for r in wishes if rank.get(r, len(rows)) > at + step), None)
        if found is None:
            break
        moved[found] = at
    kept = [row for row in head if row not in moved]
    for row, at in sorted(moved.items(), key=lambda pair: pair[1]):
        kept.insert(at, row)
    tail = rows[HEAD_PLACES:]
    if moved:
        tail = tail[~np.isin(tail, list(moved))]
    return np.concatenate([np.array(kept, np.intp), tail]), {**notes, **dict.fromkeys(moved, EXPLORED)}
