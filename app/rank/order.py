"""From scores to the feed: a pure, list-wise step over probability, age, variety, stories and people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .order_columns import Columns
from .order_places import explore, people_places, spread

EXPLORED, PEOPLE = "explored", "people"


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """`half_life` in days: at that age an item's odds count half. `author`, `source`, `near`: logits that
    each earlier item of the same author, same source, or near-same text within the last `memory`
    places takes away. `explore`: share of places given to draws. `people`: logit that a second,
    fourth, eighth ... person bringing an item within `people_days` adds; what `crowd` of them brought
    gets one place in ten in any case. `told`: logits that an item loses whose story was seen.
    """

    half_life: float = 5.0
    author: float = 0.8
    source: float = 0.12
    near: float = 1.0
    memory: int = 12
    explore: float = 0.1
    people: float = 0.5
    people_days: float = 2.0
    crowd: int = 3
    told: float = 4.0


#: Logit that age takes away at most: past some days old is old.
OLDEST = 1.5
#: No place is kept for what the reader silenced (a source's dial at 0 is -8 logits), or heard before.
UNWANTED = -5.0


@dataclass(frozen=True, slots=True)
class Ordered:
    """`rows` best first; `notes` {row: EXPLORED or PEOPLE}; `folded` {row: the other rows of its story},
    which are not in `rows`; `people` int64[n]: how many followed people brought the row's story lately.
    """

    rows: np.ndarray
    notes: dict[int, str]
    folded: dict[int, tuple[int, ...]] = field(default_factory=dict)
    people: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


def faded(seconds: Any, half_life: Any = 5.0) -> Any:
    """Logits that an age takes away; `half_life` in days. Numbers or arrays."""
    days = np.maximum(0.0, seconds) / 86400.0
    return np.minimum(np.log(2.0) * days / half_life, OLDEST)


def order(
    items: Columns,
    belief: np.ndarray,
    near: np.ndarray,
    now: float,
    *,
    drawn: np.ndarray | None = None,
    seed: int = 0,
    options: OrderOptions | None = None,
    half_life: np.ndarray | None = None,
    story: np.ndarray | None = None,
    told: np.ndarray | None = None,
    above: int = 0,
) -> Ordered:
    """Every row once, best first, or folded behind another of its story. Equal arguments give equal orders.

    belief float64[n] is in logits; near float[n, d] unit rows say what is near; drawn float64[k, n] is
    the same under k draws of the model (None: no exploration; -inf: not to be asked about); `seed`
    places the explored rows.
    half_life float64[n]: days, for each row; story int64[n]: equal for the items of one story; told
    bool[n]: its story was seen before. `above`: places of this visit that stand fixed before these.
    """
    options = options or OrderOptions()
    n = len(items.ids)
    if n == 0:
        return Ordered(np.zeros(0, np.intp), {})
    story = items.ids if story is None else story
    people = crowd(items, story, now, options.people_days)
    bonus = options.people * np.log2(np.maximum(people, 1))
    bonus = bonus - faded(now - items.at, options.half_life if half_life is None else half_life)
    if told is not None:
        bonus = bonus - options.told * told
    value = belief + bonus
    best = items.newest[np.argsort(-value[items.newest], kind="stable")]
    best, folded = fold(best, story)
    head = spread(best, items, value, near, options)
    notes = {}
    if options.people > 0:
        wanted = best[(people[best] >= 2) & (value[best] > UNWANTED)]
        if told is not None:
            wanted = wanted[~told[wanted]]
        notes = dict.fromkeys(wanted.tolist(), PEOPLE)
        crowded = wanted[people[wanted] >= options.crowd]
        head = people_places(head, crowded, items.author, above)
    if drawn is not None and options.explore > 0:
        wishes = np.atleast_2d(drawn) + bonus
        stands = np.zeros(n, bool)
        stands[best] = True
        head, moved = explore(head, wishes, stands, items, near, seed, options.explore, above)
        notes = {row: note for row, note in notes.items() if row not in moved} | dict.fromkeys(moved, EXPLORED)
    open_ = np.ones(n, bool)
    open_[head] = False
    rows = np.concatenate([np.array(head, np.intp), best[open_[best]]])
    return Ordered(rows, notes, folded, people)


def fold(best: np.ndarray, story: np.ndarray) -> tuple[np.ndarray, dict[int, tuple[int, ...]]]:
    """Of each story only its best row stays: (those rows, {row: the story's others}), both best first."""
    _, inverse, count = np.unique(story[best], return_inverse=True, return_counts=True)
    several = count[inverse] > 1
    if not several.any():
        return best, {}
    folded: dict[int, list[int]] = {}
    first: dict[int, int] = {}
    gone = np.zeros(len(best), bool)
    for place in np.flatnonzero(several).tolist():
        row = int(best[place])
        leader = first.setdefault(int(inverse[place]), row)
        if leader == row:
            folded[row] = []
        else:
            folded[leader].append(row)
            gone[place] = True
    return best[~gone], {row: tuple(others) for row, others in folded.items()}


def crowd(items: Columns, story: np.ndarray, now: float, days: float) -> np.ndarray:
    """int64[n]: distinct people who brought the row's story within `days`: by posting, boosting, linking
    to the same address or quoting.
    """
    out = np.zeros(len(items.ids), np.int64)
    late = now - items.when <= days * 86400.0
    if not late.any():
        return out
    which = story[np.repeat(np.arange(len(items.ids)), np.diff(items.start))[late]]
    who = items.who[late]
    sorted_ = np.lexsort((who, which))
    which, who = which[sorted_], who[sorted_]
    new = np.ones(len(who), bool)
    new[1:] = (which[1:] != which[:-1]) | (who[1:] != who[:-1])
    brought, count = np.unique(which[new], return_counts=True)
    place = np.minimum(np.searchsorted(brought, story), len(brought) - 1)
    return np.where(brought[place] == story, count[place], 0)
