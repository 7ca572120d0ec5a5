"""The ranking of one archive: loads what the experts need, learns, orders, explains, publishes.

One `RankSession` belongs to one thread (the store under it does). This module
imports numpy: the screen imports it in the thread that ranks, after the first paint.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path

# One thread: on a busy machine two are slower, and sums come out the same everywhere.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from .following import Following
from .heap import map_large_arrays
from .muting import next_end
from .rank.batch import Batch
from .rank.curious import surprises
from .rank.labels import LabelBook
from .rank.learner import Learner
from .rank.model import GIVEN, ExpertFailed, Model
from .rank.order import OrderOptions, order
from .rank.order_columns import Columns
from .rank.recipe import Recipe
from .rank.snapshot import SnapshotError, labels_digest, restore
from .rank.types import Label, Ranking, Why
from .ranking_own import OwnRows
from .ranking_publish import Publisher
from .ranking_rows import Block, RowReader, give_back, least
from .ranking_stories import Stories, named, wanted
from .ranking_why import Explainer
from .ranking_wishes import Wishes
from .store import Store
from .types import Event, View

log = logging.getLogger(__name__)

#: Archive statistics are made anew when so many times the items have arrived since.
GROWTH = 1.5
#: ... in a window only while relearning everything stays within a second.
RELEARN_IN_WINDOW = 2_000
#: Seconds between rescorings of all that is unseen, beyond the candidates.
EVERYTHING = 3600.0


class RankSession:
    """Learns one reader's events and ranks what they have not seen.

    `candidates` bounds how many unseen items are held and re-scored (10,000 take about 12 MB). `seed` fixes
    the exploration draws of this visit, `explore` is their share (None: the recipe's). `failed` names
    experts that failed and why: the last good order stays. `head_version` is that of the newest published head.
    """

    def __init__(
        self, store_path: str | Path, *, candidates: int = 10_000, seed: int = 0, explore: float | None = None
    ) -> None:
        self.path = Path(store_path)
        self.limit = candidates
        self.seed = seed
        self.explore = explore
        self.failed: dict[str, str] = {}
        self.head_version: int | None = None
        self._muting: set[str | None] = set()
        self._wished: set[str] = set()
        self._place: dict[int, int] = {}
        self._last = Ranking([], [])
        self._remembered: dict[int, float] = {}
        self._scored: tuple[Model, np.ndarray, np.ndarray] | None = None
        self._surprise: np.ndarray | None = None
        self._everything_at = 0.0
        self._now = 0.0
        self._own_rows = OwnRows()
        self.stories = Stories()

    # -- loading
    def load(self) -> None:
        """Open the store, restore the newest head, catch up with later events, load the candidates.

        Raises `StoreError` where the archive cannot be read.
        """
        map_large_arrays()
        self.store: Store = Store.open(self.path, role="reader")
        self._rows: RowReader = RowReader(self.store)
        self._version = self.store.data_version()
        self._begin()
        give_back()

    def _begin(self) -> None:
        """Everything from the archive, with the recipe that the reader's events name."""
        self._wishes: Wishes = Wishes()
        for event in self.store.events.of_kind("tune"):
            self._wishes.take(event)
        self._recipe: Recipe = self._wishes.recipe()
        self._book: LabelBook = LabelBook(self._recipe.label)
        self._events: Following = Following()
        self._place, self._scored = {}, None  # rows at hand belong to statistics that may be replaced
        self._own_rows.clear()
        self._explainer: Explainer = Explainer(self.store, self._rows)
        self._read_events()
        self._learner: Learner = self._restored()
        ids = wanted(self.store, self.limit, time.time())
        if self._grown():
            self._fit()
        self._set_block(self._rows.read(ids))
        self._follow(len(self._learner.learned))

    def _read_events(self) -> int | None:
        """Take in events of the store after the last known one; the first label that changed."""
        first: int | None = None
        for event in self._events.read(self.store):
            first = least(first, self._take(event))
        return first

    def _take(self, event: Event) -> int | None:
        if event.kind == "mute":
            self._muting.add(event.id)
        self._wished.add(self._wishes.take(event))
        item_id = event.item_id if event.kind != "undo" else self._book.item_of(event.undoes or "")
        first = self._book.add(event)
        place = self._place.get(item_id) if item_id is not None else None
        if place is not None:
            self._unseen[place] = not self._book.touched(int(self._columns.ids[place]))
        return first

    def _restored(self) -> Learner:
        head = self.store.scores.head()
        if head is not None:
            self.head_version = head.version
            self.stories.adopt(head.meta)
        if head is not None and head.blob:  # empty: everything is to be learned again
            try:
                found = restore(head.blob)
                known = self._book.labels[: found.model.learned]
                self._rows.stats = found.stats
                if labels_digest(known) == found.digest and found.model.recipe == self._recipe:
                    return Learner(found.model, known)
            except SnapshotError as error:
                log.warning("refitting from the events: %s", error)
        return Learner(self._model())

    def _model(self) -> Model:
        """A model before its first label, with an expert for each vector space and judge of the statistics."""
        without = {*GIVEN} - {*self._rows.stats.given}
        return Model(self._recipe, tuple(sorted(without | {*self.failed})))

    def _grown(self) -> bool:
        """Whether the archive has outgrown its statistics, has other vectors, or opinions on what was learned."""
        due = self._rows.outdated() or self._rows.news.richer(self._rows.stats, self._learner)
        return due or self._rows.stats.items * GROWTH < min(self.limit, self.store.items.count(View.NEWEST))

    def _fit(self) -> None:
        """New archive statistics; the model learns everything again with them.

        They come from the newest items, seen or not: what the reader did must not show in them,
        or rebuilding from items and events would come out different.
        """
        self._rows.fit(sorted(self.store.items.ids(View.NEWEST, limit=self.limit)))
        self._own_rows.clear()
        self._explainer.forget()
        self._relearn()

    def _relearn(self) -> None:
        """Start over; the caller goes on with `_follow(0)`."""
        model = self._model()
        model.prior, model.dials = self._learner.model.prior, self._learner.model.dials
        self._learner = Learner(model)

    def _set_block(self, block: Block) -> None:
        if self._scored is not None:
            self._remembered |= dict(zip(self._place, self._scored[2].tolist(), strict=True))
        self._block = block
        self._columns: Columns = block.columns
        self._place = {item_id: i for i, item_id in enumerate(block.columns.ids.tolist())}
        self._unseen = np.array([not self._book.touched(item_id) for item_id in self._place], bool)
        model, weight = self._learner.model, self._recipe.label.exported
        model.prior = self._wishes.prior(self._rows, block.batch, self._book.exported, weight)
        model.dials = self._wishes.dials(self._rows)
        self._scored = self._surprise = None
        self._now = time.time()
        self._mute_ends: float = next_end(self.store.events.mutes(), self._now) or float("inf")
        self.stories.settle(block, self.store)
        self.stories.fade(self.store, self._book.labels, self._recipe.order.half_life)

    def refresh(self) -> bool:
        """Take in new items, vectors and other windows' events; say whether anything changed."""
        version = self.store.data_version()
        if version == self._version and time.time() < self._mute_ends:
            return False
        self._version = version
        self._wished.clear()
        first = self._read_events()
        if "tune" in self._wished or self._events.merged or self._better_head():
            self._begin()
            return True
        ids = wanted(self.store, self.limit, time.time())
        if len(self._book.labels) <= RELEARN_IN_WINDOW and self._grown():
            self._fit()
            self._set_block(self._rows.read(ids))
            first = 0
        else:
            self._renew(ids, self._rows.news.take())
        if first is not None:
            self._follow(first)
        give_back()
        return True

    def _better_head(self) -> bool:
        """Whether the worker has published a head with vectors that this window does not know."""
        head = self.store.scores.head() if self._rows.outdated() else None
        return head is not None and head.version > (self.head_version or 0)

    def _renew(self, ids: Sequence[int], stale: Set[int] = frozenset()) -> None:
        """Keep the rows that are finished and not `stale`, read the others."""
        old = self._block
        kept = sorted(p for i in ids if (p := self._place.get(i)) is not None and old.complete[p] and i not in stale)
        have = set(old.columns.ids[kept].tolist())
        new = self._rows.read([i for i in ids if i not in have])
        self._set_block(Block.concat([old.take(np.array(kept, np.intp)), new]))

    # -- learning
    def learn(self, event: Event) -> bool:
        """Learn one event of this window; say whether scores changed. A known id changes nothing."""
        back = self._book.item_of(event.undoes or "") if event.kind == "undo" else None
        self._wished.clear()
        profile = len(self._book.exported)
        first = self._take(event)
        if "tune" in self._wished:
            self._begin()
            return True
        # What is ranked changes with mutes and wishes, and when an item that was not held is unseen again.
        muted = event.id in self._muting or event.undoes in self._muting
        if muted or self._wished - {""} or (back and back not in self._place) or len(self._book.exported) != profile:
            self._renew(wanted(self.store, self.limit, time.time()))
            first = len(self._learner.learned) if first is None else first
        if first is None:
            return False
        self._follow(first)
        return True

    def undo(self, event_id: str) -> bool:
        """Forget an event: afterwards everything is as if it had never been."""
        return self.learn(Event("undo", undoes=event_id))

    def _follow(self, first: int) -> None:
        try:
            self._learner.follow(self._book.labels, first, self._label_rows)
            self._scored = None
        except ExpertFailed as error:
            self._set_aside(error)

    def _set_aside(self, error: ExpertFailed) -> None:
        """Go on without the expert that failed; the next start tries it again."""
        self._note(error)
        if error.name in self._learner.model.experts:
            self._relearn()
            self._follow(0)

    def _label_rows(self, labels: Sequence[Label]) -> tuple[Batch, list[int]]:
        """Rows of what was labelled."""
        return self._own_rows.of(labels, self._held, self._rows)

    def _held(self, item_id: int) -> Batch | None:
        place = self._place.get(item_id)
        return None if place is None else self._block.batch.take([place])

    def _note(self, error: Exception) -> None:
        name = getattr(error, "name", None) or type(error).__name__
        if name not in self.failed:
            log.error("ranking: %s; the last good order stays", error)
        self.failed[name] = str(error)

    # -- ordering
    def order(self, shown_ids: Sequence[int] = (), now: float | None = None) -> Ranking:
        """The whole ranked feed. `shown_ids` (in screen order) stay exactly where they are, first."""
        now = time.time() if now is None else now
        try:
            ranked = self._last = self._ranked(now, shown_ids)
        except Exception as error:  # an expert that fails must not cost the reader the list
            if isinstance(error, ExpertFailed):
                self._set_aside(error)
            else:
                self._note(error)
            ranked = self._last.without(set(shown_ids))
        give_back()  # 6 MB for half a millisecond
        kept = self._kept(shown_ids)
        return replace(ranked, ids=[*shown_ids, *ranked.ids], probabilities=[*kept, *ranked.probabilities])

    def _ranked(self, now: float, shown: Sequence[int]) -> Ranking:
        """The candidates that are unseen and not `shown`, best first."""
        belief, probability = self._score()
        rows, story, told, below = self.stories.divide(self._unseen, shown, self._place)
        items = self._columns.take(rows)
        found = order(
            items, belief[rows], self._block.batch.meaning[rows], now,
            drawn=(belief + self._drawn_off(belief))[:, rows], seed=self.seed, options=self.options,
            half_life=self.stories.half_life(items.source, self._wishes.dials()), story=story, told=told,
            above=len(shown),
        )  # fmt: skip
        return named(found, items.ids, probability[rows], below)

    def _kept(self, shown_ids: Sequence[int]) -> list[float]:
        """The numbers of the items on screen: scored now, as scored last, or as published."""
        now = self._scored[2] if self._scored else None
        absent = [i for i in shown_ids if i not in self._place and i not in self._remembered]
        if absent:
            published = self.store.scores.latest(absent)
            self._remembered |= {i: published[i].probability if i in published else 0.5 for i in absent}
        return [
            float(now[place]) if now is not None and (place := self._place.get(i)) is not None
            else self._remembered.get(i, 0.5)
            for i in shown_ids
        ]

    def _score(self) -> tuple[np.ndarray, np.ndarray]:
        """What is believed of the candidates, and their probabilities; kept until a lesson."""
        model = self._learner.model
        if self._scored is None or self._scored[0] is not model:
            scores = model.score(self._block.batch, now=self._now)
            self._scored = (model, model.belief(scores), scores.probability)
        return self._scored[1], self._scored[2]

    def _drawn_off(self, belief: np.ndarray) -> np.ndarray:
        """float64[k, n]: how far this visit's draws lie from the belief; made once for what is held."""
        if self._surprise is None:
            model = self._learner.model
            self._surprise = surprises(model, self._block.batch, belief, self.seed, self._now)
        return self._surprise

    # -- explaining
    def why(self, item_id: int) -> Why:
        """Why the item stands where it does; any item of the archive. KeyError: there is none."""
        place = self._place.get(item_id)
        row = None if place is None else self._block.batch.take([place])
        return self._explainer.why(item_id, row, self._learner.model, self._learner.learned, self._now)

    # -- publishing
    def publish(self, store: Store | None = None, *, brief: bool = False) -> int:
        """Store head, scores and order through all events; returns the new head version.

        `store`: where to write (default: a short connection of its own). The candidates are always
        scored, everything else that is unseen once an hour and when the archive's statistics were made anew;
        with `brief` neither happens: the worker is about to end.
        """
        refitted = not brief and self._refit_if_grown()
        now = time.time()
        ranking = self._ranked(now, ())
        everything = refitted or (not brief and now - self._everything_at > EVERYTHING)
        writer = store or Store.open(self.path, role="worker")
        try:
            publisher = Publisher(writer, self._learner.model, self._rows, self._now)
            self.head_version = publisher.publish(
                self._block.batch,
                ranking,
                now,
                digest=labels_digest(self._learner.learned),
                through=self._events.through,
                everything=everything,
                meta={"trust": self.trust(), "failed": self.failed, "stories": self.stories.published()},
            )
        finally:
            if store is None:
                writer.close()
        if everything:
            self._everything_at = now
        return self.head_version

    def _refit_if_grown(self) -> bool:
        if not self._grown():
            return False
        self._fit()
        self._set_block(self._rows.read(wanted(self.store, self.limit, time.time())))
        self._follow(0)
        return True

    def trust(self) -> dict[str, float]:
        """How far the head believes each expert now."""
        model = self._learner.model
        return dict(zip(model.experts, (round(float(w), 4) for w in model.head().weight), strict=True))

    @property
    def candidates(self) -> list[int]:
        """Ids of the unseen items now held."""
        return self._columns.ids[self._unseen].tolist()  # type: ignore[no-any-return]

    @property
    def learned(self) -> tuple[Model, Block]:
        """The model and the items now held, to look at."""
        return self._learner.model, self._block

    def rows(self, ids: Sequence[int]) -> Block:
        """Rows of any items of the archive, with the statistics of the model."""
        return self._rows.read(ids)

    @property
    def options(self) -> OrderOptions:
        """The order's constants, as the configuration and the dials have them."""
        return self._wishes.options(self._recipe.order, self.explore)

    def close(self) -> None:
        """Close the store."""
        if hasattr(self, "store"):
            self.store.close()
