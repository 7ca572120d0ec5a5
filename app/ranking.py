"""The ranking of one archive: loads what the experts need, learns, orders, explains, publishes.

One `RankSession` belongs to one thread (the store under it does). This module
imports numpy: the screen imports it in the thread that ranks, after the first paint.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import time
from collections.abc import Sequence, Set
from pathlib import Path

# One thread: on a busy machine two are slower, and sums come out the same everywhere.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from .rank.batch import Batch
from .rank.explain import Judged, explain
from .rank.labels import LabelBook
from .rank.learner import Learner
from .rank.model import ExpertFailed, Model
from .rank.order import Columns, join, order
from .rank.snapshot import SnapshotError, labels_digest, restore
from .rank.stats import STATIC_DIMS
from .rank.topics import fit_topics
from .rank.types import Label, Ranking, Why
from .ranking_publish import Publisher
from .ranking_rows import Block, RowReader
from .store import Store
from .types import Event, View

log = logging.getLogger(__name__)

#: Archive statistics are made anew when so many times the items have arrived since.
GROWTH = 1.5
#: ... in a window only while relearning everything stays within a second.
RELEARN_IN_WINDOW = 2_000
#: Seconds between rescorings of all that is unseen, beyond the candidates.
EVERYTHING = 3600.0
#: So few labels at once were learned in this window; a longer list is a replay with rows from the store.
OWN = 64
#: Decisions remembered for "like 3 posts you liked".
REMEMBERED = 1_000


class RankSession:
    """Learns one reader's events and ranks what they have not seen.

    `candidates` bounds how many unseen items are held and re-scored (10,000 take about 12 MB).
    `seed` fixes the exploration draws of this visit. `failed` names experts that failed and why:
    the last good order stays. `head_version` is that of the newest published head.
    """

    def __init__(self, store_path: str | Path, *, candidates: int = 10_000, seed: int = 0) -> None:
        self.path = Path(store_path)
        self.limit = candidates
        self.seed = seed
        self.failed: dict[str, str] = {}
        self.head_version: int | None = None
        self._through = 0
        self._choosing: set[str | None] = set()
        self._place: dict[int, int] = {}
        self._last = Ranking([], [])
        self._decided: dict[int, np.ndarray] = {}
        self._remembered: dict[int, float] = {}
        self._scored: tuple[Model, np.ndarray, np.ndarray] | None = None
        self._surprise: np.ndarray | None = None
        self._everything_at = 0.0
        self._own_rows: dict[int, Batch] = {}

    # -- loading
    def load(self) -> None:
        """Open the store, restore the newest head, catch up with later events, load the candidates.

        Raises `StoreError` where the archive cannot be read.
        """
        self.store: Store = Store.open(self.path, role="reader")
        self._book: LabelBook = LabelBook()
        self._topics: dict[str, tuple[str, ...]] = {}
        self._rows: RowReader = RowReader(self.store)
        self._version = self.store.data_version()
        self._read_events()
        self._learner: Learner = self._restored()
        ids = self.store.items.candidates(self.limit, time.time())
        if self._grown():
            self._fit()
        self._hold(ids)
        self._follow(len(self._learner.learned))
        _give_back()

    def _read_events(self) -> int | None:
        """Take in events of the store after the last known one; the first label that changed."""
        first: int | None = None
        while rows := self.store.events.since(self._through, 5_000):
            for seq, event in rows:
                first = _least(first, self._take(event))
                self._through = seq
        return first

    def _take(self, event: Event) -> int | None:
        if event.kind in ("mute", "topics"):
            self._choosing.add(event.id)
        if event.kind == "topics":
            self._topics[event.id] = tuple(str(t) for t in event.value.get("topics", ()))
        elif event.kind == "undo":
            self._topics.pop(event.undoes or "", None)
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
        if head is not None and head.blob:  # empty: everything is to be learned again
            try:
                found = restore(head.blob)
                known = self._book.labels[: found.model.learned]
                self._rows.stats = found.stats
                if labels_digest(known) == found.digest:
                    return Learner(found.model, known)
            except SnapshotError as error:
                log.warning("refitting from the events: %s", error)
        return Learner(Model())

    def _grown(self) -> bool:
        """Whether the archive has outgrown its statistics."""
        return self._rows.stats.items * GROWTH < min(self.limit, self.store.items.count(View.NEWEST))

    def _fit(self) -> None:
        """New archive statistics; the model learns everything again with them.

        They come from the newest items, seen or not: what the reader did must not show in them,
        or rebuilding from items and events would come out different.
        """
        self._rows.fit(sorted(self.store.items.ids(View.NEWEST, limit=self.limit)))
        self._learner = Learner(Model(topics=self._learner.model.topics))
        self._own_rows.clear()
        self._decided.clear()

    def _hold(self, ids: Sequence[int]) -> None:
        self._set_block(self._rows.read(ids))

    def _set_block(self, block: Block) -> None:
        if self._scored is not None:
            self._remembered |= dict(zip(self._place, self._scored[2].tolist(), strict=True))
        self._block = block
        self._columns: Columns = block.columns
        self._place = {item_id: i for i, item_id in enumerate(block.columns.ids.tolist())}
        self._unseen = np.array([not self._book.touched(item_id) for item_id in self._place], bool)
        names = [topic for topics in self._topics.values() for topic in topics]
        self._learner.model.topics = fit_topics(names, block.batch) if names else None
        self._scored = self._surprise = None

    def refresh(self) -> bool:
        """Take in new items, vectors and other windows' events; say whether anything changed."""
        version = self.store.data_version()
        if version == self._version:
            return False
        self._version = version
        first = self._read_events()
        ids = self.store.items.candidates(self.limit, time.time())
        if len(self._book.labels) <= RELEARN_IN_WINDOW and self._grown():
            self._fit()
            self._hold(ids)
            first = 0
        else:
            self._renew(ids)
        if first is not None:
            self._follow(first)
        _give_back()
        return True

    def _renew(self, ids: Sequence[int]) -> None:
        """Keep the rows that are finished, read the others."""
        old = self._block
        kept = sorted(p for i in ids if (p := self._place.get(i)) is not None and old.complete[p])
        have = set(old.columns.ids[kept].tolist())
        new = self._rows.read([i for i in ids if i not in have])

        self._set_block(
            Block(
                join([old.columns.take(np.array(kept, np.intp)), new.columns]),
                Batch.concat([old.batch.take(kept), new.batch]),
                np.concatenate([old.complete[kept], new.complete]),
            )
        )

    # -- learning
    def learn(self, event: Event) -> bool:
        """Learn one event of this window; say whether scores changed. A known id changes nothing."""
        back = self._book.item_of(event.undoes or "") if event.kind == "undo" else None
        first = self._take(event)
        # What is ranked changes with mutes and topics, and when an item that was not held is unseen again.
        if event.id in self._choosing or event.undoes in self._choosing or (back and back not in self._place):
            self._renew(self.store.items.candidates(self.limit, time.time()))
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
            self._note(error)

    def _label_rows(self, labels: Sequence[Label]) -> tuple[Batch, list[int]]:
        """Rows of labelled items: as they were when this session first learned them, else from the store."""
        rows: dict[int, Batch] = {}
        for label in labels:
            place = self._place.get(label.item_id)
            if label.item_id in self._own_rows:
                rows[label.item_id] = self._own_rows[label.item_id]
            elif place is not None:
                rows[label.item_id] = self._block.batch.take([place])
        absent = [label.item_id for label in labels if label.item_id not in rows]
        if absent:
            block = self._rows.read(absent)
            rows |= {item_id: block.batch.take([i]) for i, item_id in enumerate(block.columns.ids.tolist())}
        if len(labels) <= OWN:
            self._own_rows |= rows
        gone = self._rows.blank()
        return Batch.concat([rows.get(label.item_id, gone) for label in labels]), list(range(len(labels)))

    def _note(self, error: Exception) -> None:
        name = getattr(error, "name", None) or type(error).__name__
        if name not in self.failed:
            log.error("ranking: %s; the last good order stays", error)
        self.failed[name] = str(error)

    # -- ordering
    def order(self, shown_ids: Sequence[int] = (), now: float | None = None) -> Ranking:
        """The whole ranked feed. `shown_ids` (in screen order) stay exactly where they are, first."""
        now = time.time() if now is None else now
        shown = set(shown_ids)
        try:
            ranked = self._last = self._ranked(now, shown)
        except Exception as error:  # an expert that fails must not cost the reader the list
            self._note(error)
            old = [entry for entry in self._last if entry.item_id not in shown]
            ranked = Ranking([e.item_id for e in old], [e.probability for e in old], self._last.notes)
        kept = self._kept(shown_ids)
        return Ranking([*shown_ids, *ranked.ids], [*kept, *ranked.probabilities], ranked.notes)

    def _ranked(self, now: float, without: Set[int]) -> Ranking:
        """The candidates that are unseen and not in `without`, best first."""
        belief, probability = self._score()
        open_ = self._unseen.copy()
        open_[[place for item_id in without if (place := self._place.get(item_id)) is not None]] = False
        rows = np.flatnonzero(open_)
        items = self._columns.take(rows)
        static = self._block.batch.static[rows]
        drawn = (belief + self._drawn_off(belief))[rows]
        order_, notes = order(items, belief[rows], static, now, drawn=drawn, seed=self.seed)
        numbers = probability[rows[order_]].tolist()
        named = {int(items.ids[row]): note for row, note in notes.items()}
        return Ranking(items.ids[order_].tolist(), numbers, named)

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
            scores = model.score(self._block.batch)
            self._scored = (model, model.belief(scores), scores.probability)
        return self._scored[1], self._scored[2]

    def _drawn_off(self, belief: np.ndarray) -> np.ndarray:
        """How far this visit's draw lies from the belief: drawn once for the candidates now held."""
        if self._surprise is None:
            self._surprise = self._learner.model.draw(self._block.batch, self.seed) - belief
        return self._surprise

    # -- explaining
    def why(self, item_id: int) -> Why:
        """Why the item stands where it does; any item of the archive. KeyError: there is none."""
        found = self.store.items.rank_items([item_id])
        if not found:
            raise KeyError(item_id)
        place = self._place.get(item_id)
        batch = self._rows.read([item_id]).batch if place is None else self._block.batch.take([place])
        item = found[0]
        text = self.store.items.texts([item_id]).get(item_id, ("", "", ()))[1]
        return explain(self._learner.model, item, text, batch, self._judged())

    def _judged(self) -> Judged:
        decisions = [label for label in self._learner.learned if label.weight >= 0.5][-REMEMBERED:]
        absent = [label.item_id for label in decisions if label.item_id not in self._decided]
        if absent:
            block = self._rows.read(absent)
            self._decided |= dict(zip(block.columns.ids.tolist(), block.batch.static, strict=True))
        decisions = [label for label in decisions if label.item_id in self._decided]
        return Judged(
            np.array([label.item_id for label in decisions], np.int64),
            np.array([self._decided[x.item_id] for x in decisions], np.float32).reshape(-1, STATIC_DIMS),
            np.array([label.y for label in decisions], np.int64),
            self._title,
        )

    def _title(self, item_id: int) -> str:
        cards = self.store.items.cards([item_id])
        return (cards[0].title or cards[0].excerpt) if cards else "an item no longer here"

    # -- publishing
    def publish(self, store: Store | None = None, *, brief: bool = False) -> int:
        """Store head, scores and order through all events; returns the new head version.

        `store`: where to write (default: a short connection of its own). The candidates are always
        scored, everything else that is unseen once an hour and when the archive's statistics were made anew;
        with `brief` neither happens: the worker is about to end.
        """
        refitted = not brief and self._refit_if_grown()
        now = time.time()
        order_ = self._ranked(now, frozenset()).ids
        everything = refitted or (not brief and now - self._everything_at > EVERYTHING)
        writer = store or Store.open(self.path, role="worker")
        try:
            publisher = Publisher(writer, self._learner.model, self._rows)
            self.head_version = publisher.publish(
                self._block.batch,
                order_,
                now,
                digest=labels_digest(self._learner.learned),
                through=self._through,
                everything=everything,
                meta={"trust": self.trust(), "failed": self.failed},
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
        self._hold(self.store.items.candidates(self.limit, time.time()))
        self._follow(0)
        return True

    def trust(self) -> dict[str, float]:
        """How far the head believes each expert now."""
        model = self._learner.model
        return dict(zip(model.experts, (round(float(w), 4) for w in model.head().weight), strict=True))

    @property
    def candidates(self) -> list[int]:
        """Ids of the items now held."""
        return list(self._place)

    def close(self) -> None:
        """Close the store."""
        if hasattr(self, "store"):
            self.store.close()


def _give_back() -> None:
    """Return what reading left over to the system (13 MB after a load); only glibc has the call."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)
