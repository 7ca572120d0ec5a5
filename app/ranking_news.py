"""What models brought late, and piecemeal, of items already known: picture vectors, hidden states, opinions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .rank.model import OPINIONS, WINDOW
from .store.bound import bound
from .store.spaces import active_picture_spaces, active_sentence_space

if TYPE_CHECKING:
    from .rank.learner import Learner
    from .rank.stats import ArchiveStats
    from .store import Store

#: Experts without whose vectors an item counts as finished: not every item has a picture or was judged.
OPTIONAL = ("picture", "caption", "hidden")
#: Expert -> the kind of opinion that it hears.
KIND = {"judge": "likelihood", "asked": "yes"}
#: Opinions before which a judge is not heard: they must show what is usual.
FEW = 8
#: Statistics are made anew when so many times as many vectors or opinions are known; what was learned is learned
#: again when so many times as many of its items have them.
GROWN, TOLD = 2.0, 1.5


def given_spaces(store: Store) -> dict[str, tuple[str, int]]:
    """Expert -> (name, dimensions) of each space beyond the bundled one that the archive has now."""
    sentence, hidden = active_sentence_space(store.db), store.opinions.hidden()
    out = {} if sentence is None else {"sentence": sentence}
    out |= active_picture_spaces(store.db)
    return out if hidden is None else {**out, "hidden": hidden}


def heard_judges(store: Store) -> dict[str, str]:
    """Expert -> the judge's model, where it has said enough."""
    model = store.opinions.active()
    if model is None:
        return {}
    return {name: model for name in OPINIONS if store.opinions.count(model, KIND[name], FEW) >= FEW}


class News:
    """Knows what it has told already; belongs to the thread of its store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opinion, self._vector = store.opinions.last(), self._last_vector()
        self._told: dict[str, int] = {}

    def take(self) -> set[int]:
        """Items of which vectors or opinions came since the last call."""
        out = self._store.opinions.since(self._opinion)
        last = self._last_vector()
        optional = [name for key, (name, _) in given_spaces(self._store).items() if key in OPTIONAL]
        for name in optional:
            out |= {
                int(row[0])
                for row in self._store.db.rows(
                    "SELECT i.id FROM embeddings e CROSS JOIN items i ON i.content_hash = e.content_hash"
                    " WHERE e.id > ? AND e.space_id = (SELECT id FROM spaces WHERE name = ?)",
                    (min(self._vector, last), name),
                )
            }
        self._opinion, self._vector = self._store.opinions.last(), last
        return out

    def richer(self, stats: ArchiveStats, learner: Learner) -> bool:
        """Whether so much came that statistics, or what was learned, should be made anew."""
        if not any(key in OPTIONAL or key in OPINIONS for key in stats.given):
            return False
        grown = any(self._outgrown(key, name, stats) for key, name in stats.given.items())
        told = self._known_of(stats.given, [x.item_id for x in learner.learned if x.whole][-WINDOW:])
        more = False
        for key, now in told.items():
            if key in learner.model.experts:
                before = max(learner.model.heard(key), self._told.get(key, 0))
                more |= now >= max(TOLD * before, before + FEW)
        if more or grown:
            self._told = told
        return more or grown

    def _outgrown(self, key: str, name: str, stats: ArchiveStats) -> bool:
        known = stats.known.get(key, 0)
        if key not in (*OPTIONAL, *OPINIONS) or known * GROWN >= stats.items:
            return False
        bound_ = int(GROWN * max(known, FEW)) + 1
        return self._count(key, name, bound_) >= bound_

    def _count(self, key: str, name: str, most: int) -> int:
        if key in OPINIONS:
            return self._store.opinions.count(name, KIND[key], most)
        return int(
            self._store.db.value(
                "SELECT count(*) FROM (SELECT 1 FROM embeddings WHERE space_id = (SELECT id FROM spaces WHERE name = ?)"
                " LIMIT ?)",
                (name, most),
            )
        )

    def _known_of(self, given: Mapping[str, str], ids: list[int]) -> dict[str, int]:
        """Of how many labels' items each of these experts could say something now."""
        out = {}
        for key, name in given.items():
            if key in OPINIONS:
                have = set(self._store.opinions.values(name, KIND[key], ids))
            elif key in OPTIONAL:
                rows = self._store.db.rows(
                    "SELECT i.id FROM carray(?) c CROSS JOIN items i ON i.id = c.value CROSS JOIN embeddings e"
                    " ON e.space_id = (SELECT id FROM spaces WHERE name = ?) AND e.content_hash = i.content_hash",
                    (bound(sorted(set(ids))), name),
                )
                have = {int(row[0]) for row in rows}
            else:
                continue
            out[key] = sum(item_id in have for item_id in ids)
        return out

    def _last_vector(self) -> int:
        return int(self._store.db.value("SELECT max(id) FROM embeddings") or 0)
