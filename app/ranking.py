"""The ranking of one archive: loads what the experts need, learns, orders, explains, publishes.

One `RankSession` belongs to one thread (the store under it does). Nothing heavy
is imported here but in `load`: numpy and the experts come then.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .rank.types import Label, RankedId, Why
from .types import Event

if TYPE_CHECKING:
    import numpy as np

    from .rank.batch import Batch
    from .rank.labels import LabelBook
    from .rank.learner import Learner
    from .rank.model import Model
    from .rank.order import Columns, Placed
    from .rank.types import RankItem
    from .ranking_rows import Block, RowReader
    from .store import Store

log = logging.getLogger(__name__)

#: Archive statistics are made anew when so many times the items have arrived since.
GROWTH = 1.5
#: ... in a window only while relearning everything stays within a second.
RELEARN_IN_WINDOW = 2_000
#: Seconds between rescorings of all that is unseen, beyond the candidates.
EVERYTHING = 3600.0
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
        self._last: list[RankedId] = []
        self._probability: dict[int, float] = {}
        self._scored: tuple[Model, np.ndarray, np.ndarray] | None = None
        self._everything_at = 0.0
        self._own_rows: dict[int, Batch] = {}

    # -- loading
    def load(self) -> None:
        """Open the store, restore the newest head, catch up with later events, load the candidates.

        Raises `StoreError` where the archive cannot be read.
        """
        # One thread: a busy machine runs two slower, and sums come out the same everywhere.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from .rank.labels import LabelBook
        from .ranking_rows import RowReader
        from .store import Store

        self.store: Store = Store.open(self.path, role="reader")
        self._book: LabelBook = LabelBook()
        self._topics: dict[str, tuple[str, ...]] = {}
        self._rows: RowReader = RowReader(self.store)
        self._version = self.store.data_version()
        self._read_events()
        self._learner: Learner = self._restored()
        ids = self.store.items.candidates(self.limit, time.time())
        if self._rows.stats.items * GROWTH < len(ids):
            self._fit(ids)
        self._hold(ids)
        self._follow(len(self._learner.learned))

    def _read_events(self) -> int | None:
        """Take in events of the store after the last known one; the first label that changed."""
        first: int | None = None
        while rows := self.store.events.since(self._through, 5_000):
            for seq, event in rows:
                first = _least(first, self._take(event))
                self._through = seq
        return first

    def _take(self, event: Event) -> int | None:
        if event.kind == "topics":
            self._topics[event.id] = tuple(str(t) for t in event.value.get("topics", ()))
        elif event.kind == "undo":
            self._topics.pop(event.undoes or "", None)
        return self._book.add(event)

    def _restored(self) -> Learner:
        from .rank.learner import Learner
        from .rank.model import Model
        from .rank.snapshot import SnapshotError, labels_digest, restore

        head = self.store.scores.head()
        if head is not None:
            self.head_version = head.version
            try:
                found = restore(head.blob)
                known = self._book.labels[: found.model.learned]
                self._rows.stats = found.stats
                if labels_digest(known) == found.digest:
                    return Learner(found.model, known)
            except SnapshotError as error:
                log.warning("refitting from the events: %s", error)
        return Learner(Model())

    def _fit(self, ids: Sequence[int]) -> None:
        """New archive statistics; the model learns everything again with them."""
        from .rank.learner import Learner
        from .rank.model import Model

        self._rows.fit(ids)
        self._learner = Learner(Model(topics=self._learner.model.topics))
        self._own_rows.clear()

    def _hold(self, ids: Sequence[int]) -> None:
        self._set_block(self._rows.read(ids))

    def _set_block(self, block: Block) -> None:
        from .rank.order import columns
        from .rank.topics import fit_topics

        self._block = block
        self._columns: Columns = columns(block.items)
        self._place = {item.item_id: i for i, item in enumerate(block.items)}
        names = [topic for topics in self._topics.values() for topic in topics]
        self._learner.model.topics = fit_topics(names, block.batch) if names else None
        self._scored = None

    def refresh(self) -> bool:
        """Take in new items, vectors and other windows' events; say whether anything changed."""
        version = self.store.data_version()
        if version == self._version:
            return False
        self._version = version
        first = self._read_events()
        ids = self.store.items.candidates(self.limit, time.time())
        grown = self._rows.stats.items * GROWTH < len(ids)
        if grown and len(self._book.labels) <= RELEARN_IN_WINDOW:
            self._fit(ids)
            self._hold(ids)
            first = 0
        else:
            self._renew(ids)
        if first is not None:
            self._follow(first)
        return True

    def _renew(self, ids: Sequence[int]) -> None:
        """Keep the rows that are finished, read the others."""
        from .rank.batch import Batch
        from .ranking_rows import Block

        old = self._block
        kept = [p for i in ids if (p := self._place.get(i)) is not None and old.complete[p]]
        have = {old.items[p].item_id for p in kept}
        new = self._rows.read([i for i in ids if i not in have])
        import numpy as np

        self._set_block(
            Block(
                [*(old.items[p] for p in kept), *new.items],
                Batch.concat([old.batch.take(kept), new.batch]),
                np.concatenate([old.complete[kept], new.complete]),
            )
        )

    # -- learning
    def learn(self, event: Event) -> bool:
        """Learn one event of this window; say whether scores changed. An event known by id changes nothing."""
        first = self._take(event)
        if event.kind in ("mute", "topics") or (event.kind == "undo" and first is None):
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
        from .rank.model import ExpertFailed

        try:
            self._learner.follow(self._book.labels, first, self._label_rows)
            self._scored = None
        except ExpertFailed as error:
            self._note(error)

    def _label_rows(self, labels: Sequence[Label]) -> tuple[Batch, list[int]]:
        """Rows of labelled items: as they were when this session first learned them, else from the store."""
        from .rank.batch import Batch

        absent: list[int] = []
        for label in labels:
            place = self._place.get(label.item_id)
            if label.item_id in self._own_rows:
                continue
            if place is not None:
                self._own_rows[label.item_id] = self._block.batch.take([place])
            else:
                absent.append(label.item_id)
        if absent:
            block = self._rows.read(absent)
            for i, item in enumerate(block.items):
                self._own_rows[item.item_id] = block.batch.take([i])
        gone = self._rows.blank()
        batch = Batch.concat([self._own_rows.get(label.item_id, gone) for label in labels])
        if len(labels) > 64:  # a replay: the store can tell it again
            self._own_rows.clear()
        return batch, list(range(len(labels)))

    def _note(self, error: Exception) -> None:
        name = getattr(error, "name", None) or type(error).__name__
        if name not in self.failed:
            log.error("ranking: %s; the last good order stays", error)
        self.failed[name] = str(error)

    # -- ordering
    def order(self, shown_ids: Sequence[int] = (), now: float | None = None) -> list[RankedId]:
        """The whole ranked feed. `shown_ids` (in screen order) stay exactly where they are, first."""
        now = time.time() if now is None else now
        try:
            placed = self._placed(now)
        except Exception as error:  # an expert that fails must not cost the reader the list
            self._note(error)
            shown = set(shown_ids)
            return [*self._kept(shown_ids), *(entry for entry in self._last if entry.item_id not in shown)]
        shown = set(shown_ids)
        items = self._block.items
        ranked = [
            RankedId(items[row].item_id, self._probability[items[row].item_id], note)
            for row, note in placed
            if items[row].item_id not in shown and not self._book.touched(items[row].item_id)
        ]
        self._last = ranked
        return [*self._kept(shown_ids), *ranked]

    def _kept(self, shown_ids: Sequence[int]) -> list[RankedId]:
        absent = [item_id for item_id in shown_ids if item_id not in self._probability]
        if absent:
            known = self.store.scores.latest(absent)
            self._probability |= {i: known[i].probability if i in known else 0.5 for i in absent}
        return [RankedId(item_id, self._probability[item_id]) for item_id in shown_ids]

    def _placed(self, now: float) -> list[Placed]:
        from .rank.order import order

        belief, drawn = self._score()
        return order(self._columns, belief, self._block.batch.static, now, drawn=drawn, seed=self.seed)

    def _score(self) -> tuple[np.ndarray, np.ndarray]:
        """What is believed of the candidates, and the same under this visit's draw; kept until a lesson."""
        model = self._learner.model
        if self._scored is None or self._scored[0] is not model:
            scores = model.score(self._block.batch)
            drawn = model.draw(self._block.batch, self.seed)
            ids = self._columns.ids.tolist()
            self._probability |= dict(zip(ids, scores.probability.tolist(), strict=True))
            self._scored = (model, model.belief(scores), drawn)
        return self._scored[1], self._scored[2]

    # -- explaining
    def why(self, item_id: int) -> Why:
        """Why the item stands where it does; any item of the archive, seen or not. KeyError: there is none."""
        from .rank.explain import explain

        place = self._place.get(item_id)
        if place is not None:
            item, batch = self._block.items[place], self._block.batch.take([place])
        else:
            block = self._rows.read([item_id])
            if not block.items:
                raise KeyError(item_id)
            item, batch = block.items[0], block.batch
        text = self.store.items.texts([item_id]).get(item_id, ("", "", ()))[1]
        return explain(self._learner.model, item, text, batch, self._judged())

    def _judged(self):  # type: ignore[no-untyped-def]
        import numpy as np

        from .rank.explain import Judged

        decisions = [label for label in self._learner.learned if label.weight >= 0.5][-REMEMBERED:]
        batch, _ = self._label_rows(decisions) if decisions else (self._rows.blank(), [])
        titles = {}

        def title(item_id: int) -> str:
            if item_id not in titles:
                cards = self.store.items.cards([item_id])
                titles[item_id] = (cards[0].title or cards[0].excerpt) if cards else "an item no longer here"
            return titles[item_id]

        ids = np.array([label.item_id for label in decisions], np.int64)
        y = np.array([label.y for label in decisions], np.int64)
        return Judged(ids, batch.static[: len(ids)], y, title)

    # -- publishing
    def publish(self, store: Store | None = None) -> int:
        """Store head, scores and order through all events; returns the new head version.

        `store`: where to write (default: a short connection of its own). The candidates are always
        scored, everything else that is unseen once an hour and when the archive's statistics were made anew.
        """
        from .rank.snapshot import Snapshot, dump, labels_digest
        from .store import Store

        refitted = self._refit_if_grown()
        now = time.time()
        placed = self._placed(now)
        model = self._learner.model
        snapshot = Snapshot(model, self._rows.stats, labels_digest(self._learner.learned), self._through)
        writer = store or Store.open(self.path, role="worker")
        try:
            head = writer.scores.head()
            version = (head.version if head else 0) + 1
            meta = {"labels": model.learned, "trust": self.trust(), "failed": self.failed}
            order = [self._block.items[row].item_id for row, _ in placed]
            rest = self._beyond(now) if refitted or now - self._everything_at > EVERYTHING else None
            writer.scores.put_head(version, self._through, dump(snapshot), meta)
            writer.scores.publish(self._score_rows(self._block.batch), order, version)
            if rest is not None:
                writer.scores.publish((row for _, row in rest), [*order, *_best_first(rest)], version)
                self._everything_at = now
        finally:
            if store is None:
                writer.close()
        self.head_version = version
        return version

    def _refit_if_grown(self) -> bool:
        ids = self.store.items.candidates(self.limit, time.time())
        if self._rows.stats.items * GROWTH >= len(ids):
            return False
        self._fit(ids)
        self._hold(ids)
        self._follow(0)
        return True

    def _score_rows(self, batch: Batch) -> Iterator[tuple[int, float, float, str]]:
        scores = self._learner.model.score(batch)
        for i, item_id in enumerate(batch.item_ids.tolist()):
            parts = {n: round(float(v), 4) for n, v in zip(scores.names, scores.parts[i], strict=True) if v}
            yield item_id, float(scores.logit[i]), float(scores.probability[i]), json.dumps(parts)

    def _beyond(self, now: float) -> list[tuple[float, tuple[int, float, float, str]]]:
        """(value with freshness, score row) of every unseen item that is no candidate."""
        every = self.store.items.candidates(1 << 40, now)
        others = [item_id for item_id in every if item_id not in self._place]
        out: list[tuple[float, tuple[int, float, float, str]]] = []
        for at in range(0, len(others), 2_000):
            block = self._rows.read(others[at : at + 2_000])
            for item, row in zip(block.items, self._score_rows(block.batch), strict=True):
                out.append((row[1] - min((now - item.at) / 86400.0 * 0.14, 1.5), row))
        return out

    def trust(self) -> dict[str, float]:
        """How far the head believes each expert now."""
        model = self._learner.model
        return dict(zip(model.experts, (round(float(w), 4) for w in model.head().weight), strict=True))

    @property
    def items(self) -> list[RankItem]:
        """The candidates now held."""
        return self._block.items

    def close(self) -> None:
        """Close the store."""
        if hasattr(self, "store"):
            self.store.close()


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _best_first(rows: list[tuple[float, tuple[int, float, float, str]]]) -> list[int]:
    return [row[0] for _, row in sorted(rows, key=lambda pair: (-pair[0], pair[1][0]))]
