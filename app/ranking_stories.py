"""The stories among the items a session holds, which of them were seen, and how fast sources fade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .rank.batch import code
from .rank.freshness import Freshness, fit_freshness
from .rank.same_picture import join
from .rank.stories import SPAN, leaders
from .rank.types import Ranking
from .ranking_pictures import same_pictures

if TYPE_CHECKING:
    from .rank.dials import Dials
    from .rank.order import Ordered
    from .rank.types import Label
    from .ranking_rows import Block
    from .store import Store

#: Items seen within `SPAN` that are held beside the candidates: what tells their story again is old news.
SEEN = 500
#: Newest judgements that half-lives come from.
JUDGED = 2_000


class Division(NamedTuple):
    """What is to be ordered: `rows` (ascending), their `story` and whether it was `told`; `below`: items
    of stories that are on screen, by the item on screen.
    """

    rows: np.ndarray
    story: np.ndarray
    told: np.ndarray
    below: dict[int, tuple[int, ...]]


class Stories:
    """Assignments of one session. What was found once stays, so that a card does not fall apart."""

    def __init__(self) -> None:
        self._published: dict[int, int] = {}
        self._through = 0
        self._waiting: set[int] = set()
        self.ids = self.lead = np.zeros(0, np.int64)
        self._ready = self._several = np.zeros(0, bool)
        self.freshness = Freshness(5.0)

    def adopt(self, meta: Mapping[str, Any]) -> None:
        """Begin with what the worker found: see `published`."""
        told = meta.get("stories")
        if isinstance(told, dict):
            self._published = {int(i): int(lead) for lead, of in told.get("of", {}).items() for i in of}
            self._through, self._waiting = int(told.get("through", 0)), set(told.get("waiting", ()))

    def published(self) -> dict[str, Any]:
        """For the head's meta: stories of several items, and which items they are known of."""
        of: dict[str, list[int]] = {}
        for row in np.flatnonzero(self._several).tolist():
            of.setdefault(str(int(self.lead[row])), []).append(int(self.ids[row]))
        through = int(self.ids.max()) if len(self.ids) else 0
        return {"of": of, "through": through, "waiting": self.ids[~self._ready].tolist()}

    def settle(self, block: Block, store: Store) -> None:
        """Find the leader of every item now held that has none yet."""
        known = dict(zip(self.ids[self._ready].tolist(), self.lead[self._ready].tolist(), strict=True))
        self.ids = block.columns.ids
        for item_id in self.ids.tolist():
            if item_id in self._published:
                known.setdefault(item_id, self._published[item_id])
            elif item_id <= self._through and item_id not in self._waiting:
                known.setdefault(item_id, item_id)
        self._published, self._through, self._waiting = {}, 0, set()
        self.lead, self._ready = leaders(block.batch, block.signs, known, block.complete), block.complete
        if same := same_pictures(store, self.ids.tolist()):
            told_by = np.stack([block.columns.author, block.columns.source], axis=1)
            self.lead = join(self.lead, self.ids, block.columns.at, told_by, block.signs.titles, same)
        _, inverse, count = np.unique(self.lead, return_inverse=True, return_counts=True)
        self._several = count[inverse] > 1

    def divide(self, unseen: np.ndarray, shown: Sequence[int], place: Mapping[int, int]) -> Division:
        """Which rows are to be ordered, `shown` (ids in screen order) being on screen."""
        open_ = unseen.copy()
        on_screen = [(item_id, at) for item_id in shown if (at := place.get(item_id)) is not None]
        rows = [at for _, at in on_screen]
        open_[rows] = False
        before = self._several & ~unseen
        before[rows] = False
        told = np.zeros(len(unseen), bool)
        if before.any():
            told = self._several & np.isin(self.lead, self.lead[before])
        below: dict[int, tuple[int, ...]] = {}
        for item_id, at in on_screen:
            if self._several[at]:
                mine = np.flatnonzero(open_ & (self.lead == self.lead[at]))
                if len(mine):
                    below[item_id] = tuple(self.ids[mine].tolist())
                    open_[mine] = False
        found = np.flatnonzero(open_)
        return Division(found, self.lead[found], told[found], below)

    def fade(self, store: Store, labels: Sequence[Label], half_life: float) -> None:
        """Learn from judgements how fast their sources fade for this reader; `half_life` (days) without any."""
        judged = [label for label in labels[-JUDGED:] if label.whole and label.at > 0]
        origin = store.items.origins([label.item_id for label in judged])
        judged = [label for label in judged if label.item_id in origin]
        self.freshness = fit_freshness(
            np.array([label.at - origin[label.item_id][0] for label in judged], np.float64),
            np.array([label.y for label in judged], np.float64),
            np.array([label.weight for label in judged], np.float64),
            np.array([code(origin[label.item_id][1]) for label in judged], np.int64),
            half_life,
        )

    def half_life(self, source: np.ndarray, dials: Dials) -> np.ndarray:
        """float64[n] days, for items of these sources (codes), as the dial for freshness stands."""
        return self.freshness.of(source) / dials.of_freshness

    def ready(self, item_id: int) -> bool | None:
        """Whether an item's words and vectors are here; None: it is not held."""
        at = np.flatnonzero(self.ids == item_id)
        return bool(self._ready[at[0]]) if len(at) else None

    def members(self, item_id: int) -> list[int]:
        """The ids held of an item's story, itself included."""
        at = np.flatnonzero(self.ids == item_id)
        return self.ids[self.lead == self.lead[at[0]]].tolist() if len(at) else [item_id]


def wanted(store: Store, limit: int, now: float) -> list[int]:
    """Ids to hold: candidates, then what was seen lately, of which unseen items may tell the story again."""
    ids = store.items.candidates(limit, now)
    have = set(ids)
    return [*ids, *(i for i in store.items.lately_seen(now - SPAN, SEEN) if i not in have)]


def named(found: Ordered, ids: np.ndarray, probability: np.ndarray, below: dict[int, tuple[int, ...]]) -> Ranking:
    """An order of rows as a ranking of items; `below` are stories of items on screen."""
    several = np.flatnonzero(found.people > 1).tolist()
    return Ranking(
        ids[found.rows].tolist(),
        probability[found.rows].tolist(),
        {int(ids[row]): note for row, note in found.notes.items()},
        below | {int(ids[row]): tuple(ids[list(others)].tolist()) for row, others in found.folded.items()},
        {int(ids[row]): int(found.people[row]) for row in several},
    )
