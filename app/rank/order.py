"""From scores to the feed: a pure, list-wise step over probability, age, variety and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

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


class Placed(NamedTuple):
    """Row of the batch, and why it stands there out of turn: "", "explored" or "people"."""

    row: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """What ordering needs of n items, made once: `at` in Unix seconds, equal codes for equal keys (-1: none).

    `brought` lists (row, times at which each distinct person brought it) where several did.
    """

    ids: np.ndarray
    at: np.ndarray
    author: np.ndarray
    source: np.ndarray
    brought: tuple[tuple[int, np.ndarray], ...]


def columns(items: Sequence[RankItem]) -> Columns:
    """The columns of n items."""
    brought = []
    for row, item in enumerate(items):
        if len(item.people) > 1:
            latest: dict[str, float] = {}
            for key, _name, _how, at in item.people:
                latest[key] = max(at or 0.0, latest.get(key, 0.0))
            brought.append((row, np.array(list(latest.values()))))
    return Columns(
        np.array([item.item_id for item in items], np.int64),
        np.array([item.at for item in items], np.float64),
        _codes([item.author_key for item in items]),
        _codes([item.source_key for item in items]),
        tuple(brought),
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
) -> list[Placed]:
    """All n rows, best first. Equal arguments give an equal order.

    belief float64[n] is in logits; static float[n, d] unit rows say what is near; drawn float64[n] is
    the same under one draw of the model (None: no exploration); `seed` places the explored items.
    """
    options = options or OrderOptions()
    n = len(items.ids)
    if n == 0:
        return []
    age = np.maximum(0.0, now - items.at) / 86400.0
    talk = _talk(items, now, options)
    bonus = talk - np.minimum(np.log(2.0) * age / options.half_life, OLDEST)
    value = belief + bonus
    # Ties go to the newer, then to the lower id: never to chance.
    best = np.lexsort((items.ids, age, -value))
    taken = _spread(best, items, value, static, options)
    rest = np.ones(n, bool)
    rest[taken] = False
    rows = [*taken, *best[rest[best]].tolist()]
    notes = np.where(talk > 0, PEOPLE, "").tolist()
    places = [Placed(row, notes[row]) for row in rows]
    if drawn is None or options.explore <= 0:
        return places
    return _explore(places, np.lexsort((items.ids, -(drawn + bonus))), seed, options.explore)


def _talk(items: Columns, now: float, options: OrderOptions) -> np.ndarray:
    out = np.zeros(len(items.ids))
    for row, times in items.brought:
        people = int(np.count_nonzero(now - times <= options.people_days * 86400.0))
        if people > 1:
            out[row] = options.people * float(np.log2(people))
    return out


#: Logit that age takes away at most: past some days old is old.
OLDEST = 1.5
#: Places that are filled by looking at everything still open; the rest keeps its plain order.
HEAD_PLACES = 200
#: Open items looked at for one place: a flood of near-copies longer than this is cut off behind it.
POOL = 400


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
        if author[place] >= 0:
            effect += options.author * (author == author[place])
        if source[place] >= 0:
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
        if code >= 0:
            count[code] = count.get(code, 0) + 1
            if count[code] > POOL // 8:
                continue
        rows.append(row)
        if len(rows) == POOL:
            break
    return np.array(rows, np.intp)


def _codes(keys: list[str]) -> np.ndarray:
    """int64[n]: equal numbers for equal keys, -1 for an empty one."""
    table: dict[str, int] = {}
    return np.array([table.setdefault(key, len(table)) if key else -1 for key in keys])


def _explore(places: list[Placed], wish: np.ndarray, seed: int, share: float) -> list[Placed]:
    """Give one place in every 1/share to the best drawn row from below it; never one of the first three."""
    step = max(2, round(1.0 / share))
    head, tail = places[:HEAD_PLACES], places[HEAD_PLACES:]
    rank = {place.row: i for i, place in enumerate(head)}
    moved: dict[int, int] = {}
    wishes = iter(wish.tolist())
    for block in range(len(head) // step):
        # The draw decides who comes; seed and block decide where: both fixed for the visit.
        offset = int(np.random.default_rng([seed & 0xFFFFFFFF, block]).integers(0, step))
        at = max(3, block * step + offset)
        found = next((r for r in wishes if rank.get(r, len(places)) > at + step), None)
        if found is None:
            break
        moved[found] = at
    rows = iter(place for place in head if place.row not in moved)
    by_place = {at: row for row, at in moved.items()}
    out = []
    for at in range(len(head) + len(moved)):
        place = Placed(by_place[at], EXPLORED) if at in by_place else next(rows, None)
        if place is not None:
            out.append(place)
    return out + [place for place in tail if place.row not in moved]
