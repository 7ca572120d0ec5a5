"""What ordering needs of each item, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .batch import code
from .types import RankItem


@dataclass(frozen=True, slots=True)
class Columns:
    """What ordering needs of n items, made once: `at` in Unix seconds, equal codes for equal keys (0: none).

    Person `who[k]` brought item i latest at `when[k]`, for each k of `start[i]:start[i + 1]`. `newest`
    are all rows, newest first, then by id: ties are broken by it, never by chance.
    """

    ids: np.ndarray
    at: np.ndarray
    author: np.ndarray
    source: np.ndarray
    start: np.ndarray
    who: np.ndarray
    when: np.ndarray
    newest: np.ndarray

    def take(self, rows: np.ndarray) -> Columns:
        """The columns of these rows (ascending)."""
        place = np.full(len(self.ids), -1)
        place[rows] = np.arange(len(rows))
        newest = place[self.newest]
        size = np.diff(self.start)[rows]
        start = np.concatenate([[0], np.cumsum(size)])
        where = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[:-1][rows], size)
        return Columns(
            self.ids[rows],
            self.at[rows],
            self.author[rows],
            self.source[rows],
            start,
            self.who[where],
            self.when[where],
            newest[newest >= 0],
        )


def join(parts: Sequence[Columns]) -> Columns:
    """The columns of several blocks, one after another."""
    ids = np.concatenate([part.ids for part in parts])
    dated = np.concatenate([part.at for part in parts])
    sizes = np.concatenate([np.diff(part.start) for part in parts])
    return Columns(
        ids,
        dated,
        np.concatenate([part.author for part in parts]),
        np.concatenate([part.source for part in parts]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([part.who for part in parts]),
        np.concatenate([part.when for part in parts]),
        np.lexsort((ids, -dated)),
    )


def columns(items: Sequence[RankItem]) -> Columns:
    """The columns of n items."""
    people = [_latest(item) for item in items]
    ids = np.array([item.item_id for item in items], np.int64)
    dated = np.array([item.at for item in items], np.float64)
    return Columns(
        ids,
        dated,
        np.array([code(item.author_key) for item in items], np.int64),
        np.array([code(item.source_key) for item in items], np.int64),
        np.concatenate([[0], np.cumsum([len(each) for each in people])]).astype(np.int64),
        np.array([who for each in people for who in each], np.int64),
        np.array([when for each in people for when in each.values()], np.float64),
        np.lexsort((ids, -dated)),
    )


def _latest(item: RankItem) -> dict[int, float]:
    latest: dict[int, float] = {}
    for key, _name, _how, at in item.people:
        if key:
            who = code(key)
            latest[who] = max(at or 0.0, latest.get(who, 0.0))
    return latest
