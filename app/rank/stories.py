"""Which items tell one story: leader clustering over texts, titles and addresses. Pure.

An item joins a story only by being near its leader, never by being near another member: chains
would tie a day's news into one knot (leader algorithm, Hartigan 1975, ch. 3). Precision comes first, since
joining two stories hides one behind the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .batch import Batch, code
from .features import SparseRows, tokens, word_hash
from .types import RankItem

#: Items further apart in time (seconds) are never one story.
SPAN = 3 * 86400.0
#: Least cosines of (meaning, words) in each vector space. Chosen on real titles and articles: of 13 pairs that
#: the static row joins there and 24 of the sentence row, none were two stories, but for parts of one series.
NEAR = {"static": (0.85, 0.30), "sentence": (0.85, 0.25)}
#: Two titles must share so much of their longer words (Jaccard), or the whole text must agree to COPY: a
#: publisher's boilerplate alone makes cosines of 0.69 and 0.98 between unrelated columns.
TITLES, COPY = 0.15, 0.9
#: Texts of fewer features (words and pairs) say too little: "Good morning" is no story.
SHORTEST = 6
#: Addresses that one item talks about, at most; more is a list of links and no story.
ADDRESSES = 3
#: Heaviest words and pairs of which two texts of one story share at least one.
RARE = 24
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Sets:
    """n small sets of numbers: set i is `value[start[i]:start[i + 1]]`. start int64[n + 1], value int64[k]."""

    start: np.ndarray
    value: np.ndarray

    def of(self, i: int) -> set[int]:
        """Set i."""
        return set(self.value[self.start[i] : self.start[i + 1]].tolist())

    def take(self, rows: np.ndarray) -> Sets:
        """The sets of these rows, in their order."""
        size = np.diff(self.start)[rows]
        start = np.concatenate([[0], np.cumsum(size)])
        where = np.arange(start[-1]) - np.repeat(start[:-1] - self.start[:-1][rows], size)
        return Sets(start, self.value[where])

    @staticmethod
    def make(sets: Sequence[Sequence[int]]) -> Sets:
        """From n sequences."""
        start = np.concatenate([[0], np.cumsum([len(each) for each in sets])]).astype(np.int64)
        return Sets(start, np.array([x for each in sets for x in each], np.int64))

    @staticmethod
    def concat(parts: Sequence[Sets]) -> Sets:
        """The sets of several, one after another."""
        sizes = [np.diff(part.start) for part in parts]
        start = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
        return Sets(start, np.concatenate([part.value for part in parts]))


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells stories apart beside vectors and words: n authors, title words, addresses talked about."""

    author: np.ndarray
    titles: Sets
    about: Sets

    def take(self, rows: np.ndarray) -> Signs:
        """The signs of these rows, in their order."""
        return Signs(self.author[rows], self.titles.take(rows), self.about.take(rows))

    @staticmethod
    def concat(parts: Sequence[Signs]) -> Signs:
        """Several as one."""
        return Signs(
            np.concatenate([part.author for part in parts]),
            Sets.concat([part.titles for part in parts]),
            Sets.concat([part.about for part in parts]),
        )


def signs(items: Sequence[RankItem]) -> Signs:
    """The signs of n items."""
    return Signs(
        np.array([code(item.author_key) for item in items], np.int64),
        Sets.make([sorted({word_hash(w) for w in tokens(item.title) if len(w) > 2}) for item in items]),
        Sets.make([[code(a) for a in item.about] if len(item.about) <= ADDRESSES else [] for item in items]),
    )


def leaders(batch: Batch, signs: Signs, known: Mapping[int, int], ready: np.ndarray) -> np.ndarray:
    """int64[n]: the item id of each item's leader; its own where it stands alone or leads.

    `known` maps item ids to leaders found before: those stay. `ready` bool[n] is off for items
    whose words or vectors are still to come: they stand alone and are not to be remembered.
    """
    ids = batch.item_ids
    here = set(ids.tolist())
    lead = np.array([known.get(i, 0) for i in ids.tolist()], np.int64)
    _crown(lead, ids, batch.at, here)
    lead[~ready & (lead == 0)] = -1
    order = np.lexsort((ids, batch.at))
    _Search(batch, signs, lead, order).run()
    return np.where(lead > 0, lead, ids)


def _crown(lead: np.ndarray, ids: np.ndarray, at: np.ndarray, here: set[int]) -> None:
    """A story whose leader is gone goes on under its oldest member."""
    headless = np.array([leader != 0 and leader not in here for leader in lead.tolist()], bool)
    for leader in np.unique(lead[headless]).tolist():
        rows = np.flatnonzero(lead == leader)
        lead[rows] = ids[rows[np.lexsort((ids[rows], at[rows]))[0]]]


class _Search:
    """Gives each open row (lead 0) a leader, oldest first. Products only nominate: what decides is one
    pair's own cosine, the same to the bit whatever stands beside it.
    """

    def __init__(self, batch: Batch, signs: Signs, lead: np.ndarray, order: np.ndarray) -> None:
        self.batch, self.signs, self.lead = batch, signs, lead
        self.at, self.ids = batch.at, batch.item_ids
        space = "sentence" if "sentence" in batch.blocks else "static"
        self.meaning = batch.meaning
        self.least, self.share = NEAR[space]
        self.open = order[lead[order] == 0]
        self.old = order[lead[order] == self.ids[order]]
        self.fresh = np.empty(len(self.open), np.intp)
        self.count = 0
        self.vectors = np.empty((len(self.open), self.meaning.shape[1]), np.float32)
        self.scratch = np.zeros(1 << 16, np.float32)
        self.talk: dict[int, list[int]] = {}
        self.rare = np.zeros((len(lead), RARE), np.uint16)
        self.known = np.zeros(len(lead), bool)

    def run(self) -> None:
        """Fill in `lead`."""
        for row in self.old.tolist():
            self._remember(row)
        long = np.diff(self.batch.words.start) >= SHORTEST
        for at in range(0, len(self.open), _BLOCK):
            rows = self.open[at : at + _BLOCK]
            sides = self._nominated(rows, self.fresh[: self.count])
            for i, row in enumerate(rows.tolist()):
                near = [who[mask[i]] for who, mask, some in sides if some[i]] if long[row] else []
                leader = self._by_address(row)
                if leader is None and near:
                    leader = self._nearest(row, np.concatenate(near))
                self.lead[row] = self.ids[row if leader is None else leader]
                if leader is None:
                    self.vectors[self.count], self.fresh[self.count] = self.meaning[row], row
                    self.count += 1
                    self._remember(row)

    def _nominated(self, rows: np.ndarray, fresh: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(who, bool[rows, who]: may be near in meaning, bool[rows]: is anybody) of the leaders known before, of
        those found since, and of the rows' own block.
        """
        x = self.meaning[rows]
        low, high = float(self.at[rows[0]]) - SPAN, float(self.at[rows[-1]]) + SPAN
        a, b = np.searchsorted(self.at[self.old], [low, high])
        first = int(np.searchsorted(self.at[fresh], low))
        sides = []
        for who, vectors in (
            (self.old[a:b], self.meaning[self.old[a:b]]),
            (fresh[first:], self.vectors[first : len(fresh)]),
            (rows, x),
        ):
            mask = x @ vectors.T >= self.least - 1e-4
            if who is rows:
                np.fill_diagonal(mask, False)
            sides.append((who, mask, mask.any(axis=1)))
        return sides

    def _by_address(self, row: int) -> int | None:
        """The leader of a story about the same address, told by somebody else: an own address in every
        post is a signature.
        """
        for address in sorted(self.signs.about.of(row)):
            for other in self.talk.get(address, ()):
                if self._apart(row, other) <= SPAN and self.signs.author[row] != self.signs.author[other]:
                    return other
        return None

    def _nearest(self, row: int, near: np.ndarray) -> int | None:
        near = near[(self.lead[near] == self.ids[near]) & (np.abs(self.at[near] - self.at[row]) <= SPAN)]
        if not len(near):
            return None
        # Where texts crowd (a language that the space hardly knows), their rarest words tell most apart at once.
        index, value = self.batch.words.row(row)
        own = self._rare(np.array([row]))
        self.scratch[own] = 1.0
        near = near[self.scratch[self._rare(near)].any(axis=1)]
        self.scratch[own] = 0.0
        self.scratch[index] = value
        best, found = 0.0, None
        for other in near.tolist():
            cosine = float(self.meaning[row].astype(np.float64) @ self.meaning[other].astype(np.float64))
            if cosine > best and cosine >= self.least and self._same_words(row, other):
                best, found = cosine, other
        self.scratch[index] = 0.0
        return found

    def _rare(self, rows: np.ndarray) -> np.ndarray:
        """uint16[m, RARE]: the heaviest features of rows; the first fills up where there are fewer."""
        words = self.batch.words
        for row in rows[~self.known[rows]].tolist():
            a, b = words.start[row], words.start[row + 1]
            index = words.index[a:b]
            if len(index) > RARE:
                index = index[np.argpartition(-words.value[a:b], RARE)[:RARE]]
            self.rare[row] = index[0] if len(index) else 0
            self.rare[row, : len(index)] = index
            self.known[row] = True
        return self.rare[rows]

    def _same_words(self, row: int, other: int) -> bool:
        words: SparseRows = self.batch.words
        index, value = words.row(other)
        cosine = float(value @ self.scratch[index])
        if cosine < self.share:
            return False
        a, b = self.signs.titles.of(row), self.signs.titles.of(other)
        return cosine >= COPY or not a or not b or len(a & b) >= TITLES * len(a | b)

    def _apart(self, row: int, other: int) -> float:
        return abs(float(self.at[row] - self.at[other]))

    def _remember(self, row: int) -> None:
        for address in self.signs.about.of(row):
            self.talk.setdefault(address, []).append(row)
