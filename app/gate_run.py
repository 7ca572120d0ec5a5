"""One run of the gate, a little at a time: labels, fit, replay, what may go, and (when it is on) dropping it.

Imports numpy: the worker and the command import it when a run begins.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import gate
from .gate import Found, Replayed, Sample
from .rank import gate as model
from .rank.batch import Batch
from .ranking_rows import RowReader
from .store import gate_labels, gate_protect, text_index
from .store.gate import Decision

if TYPE_CHECKING:
    from .config import GateOptions
    from .rank.types import Label
    from .store import Store

#: Work with pauses in it.
Pieces = Generator[None, None, None]
log = logging.getLogger(__name__)

DAY = 86_400.0
#: Newest labels on either side that a fit takes, and items that its statistics come from.
MOST_LABELS, STATISTICS = 1_500, 4_000
#: Items scored, and bodies dropped, between two breaths.
CHUNK, DROPS = 500, 20
#: Lines of the sample, days of the replay.
SHOWN, MONTH = 12, 30.0


@dataclass(slots=True)
class _Fitted:
    """A gate with what it was fitted on; `share` is the part of the unseen items that may go, `limit` its score."""

    gate: model.Gate
    labels: list[Label]
    share: float
    limit: float
    percentile: np.ndarray


class Run:
    """`steps` does the work; `found` grows with it and is stored at the end; `dropped` counts bodies."""

    def __init__(self, store: Store, options: GateOptions, *, act: bool, now: float | None = None) -> None:
        self.store = store
        self.options = options
        # Nothing goes before a preview was there to look at.
        self.act = act and gate.found(store).at > 0
        self.now = time.time() if now is None else now
        self.found = Found(at=self.now, acted=self.act)
        self.dropped = 0
        self.stage = ""
        self._rows = RowReader(store)

    def steps(self) -> Pieces:
        """Pauses every few dozen ms of work (`stage` says at what). Stopped anywhere, nothing is half done."""
        labels = self.store.gate.labelled(self.options.days)
        self.found = replace(self.found, labels=sum(labels), note=gate.lacking(labels, self.options.min_labels))
        if not self.found.note:
            self.stage = "learning"
            self._rows.fit(sorted(gate_protect.newest(self.store.db, STATISTICS)))
            yield
            fitted = yield from self._fit(self.now)
            self.stage = "replaying"
            yield from self._replay(fitted)
            yield from self._decide(fitted)
        gate.remember(self.store, self.found)
        yield from self._empty_attic()

    # -- learning
    def _fit(self, upto: float) -> Generator[None, None, _Fitted]:
        """The gate as it would have been at a time."""
        labels, against = self._labels(upto)
        batch = yield from self._read([each.item_id for each in labels])
        there = {item_id: i for i, item_id in enumerate(batch.item_ids.tolist())}
        labels = [each for each in labels if each.item_id in there]
        batch = batch.take([there[each.item_id] for each in labels])
        fitted = yield from model.fitting(labels, batch, against=against)
        percentile = yield from model.percentiles(labels, batch)
        share = model.safe_share(percentile)
        unseen = batch.take([i for i, each in enumerate(labels) if each.event_id == "unseen"])
        return _Fitted(fitted, labels, share, model.limit_at(fitted.score(unseen), share), percentile)

    def _labels(self, upto: float) -> tuple[list[Label], int]:
        """Labels in order of time, and how many items of all speak against keeping."""
        db, days = self.store.db, self.options.days * DAY
        found = [
            model.label(e.item_id, model.evidence_of(**_facts(e)), e.at) for e in gate_labels.evidence(db, upto)
        ]
        unseen = gate_labels.ignored(db, upto - days, upto)
        against = len(unseen) + sum(not each.y for each in found)
        kept = [each for each in found if each.y][-MOST_LABELS:]
        passed = [each for each in found if not each.y][-MOST_LABELS // 2 :]
        # Spread over the whole time, the same ones each day: a hash of the id decides.
        chosen = sorted(unseen, key=lambda pair: pair[0] * 0x9E3779B1 % (1 << 32))[: MOST_LABELS - len(passed)]
        muted = gate_labels.muted(db, (item_id for item_id, _ in chosen), upto)
        rest = [model.label(i, "muted" if i in muted else "unseen", at + days) for i, at in chosen]
        return sorted([*kept, *passed, *rest], key=lambda each: (each.at, each.item_id)), against

    def _read(self, ids: list[int]) -> Generator[None, None, Batch]:
        """Rows of items."""
        parts = []
        for at in range(0, len(ids), CHUNK):
            parts.append(self._rows.read(ids[at : at + CHUNK]).batch)
            yield
        return Batch.concat(parts)

    # -- how good it is
    def _replay(self, fitted: _Fitted) -> Pieces:
        """The last month with the gate on, and the harder question at half of everything."""
        since = self.now - MONTH * DAY
        likes = gate_labels.likes_since(self.store.db, since)
        old = [item_id for item_id, at, came in likes if came < at - self.options.days * DAY]
        u = fitted.percentile
        counted = Replayed(len(likes), len(old), 0, len(u), int((u >= 0.5).sum()))
        if old:
            then = yield from self._fit(since)
            lost = int((then.gate.score(self._rows.read(old).batch) < then.limit).sum())
            counted = replace(counted, lost=lost)
        self.found = replace(self.found, replay=counted)

    # -- deciding
    def _decide(self, fitted: _Fitted) -> Pieces:
        db = self.store.db
        stay = gate_protect.protected(db)
        before = self.now - self.options.days * DAY
        stay |= self._judged()
        old = [(item_id, size) for item_id, size in gate_protect.old(db, before) if item_id not in stay]
        scores = [np.zeros(0)]
        self.stage = "looking through old items"
        for at in range(0, len(old), CHUNK):
            yield
            scores.append(fitted.gate.score(self._rows.read([i for i, _ in old[at : at + CHUNK]]).batch))
        most = int(self.options.share * gate_protect.bodies(db)[0]) - self.store.gate.count()[0]
        chosen = [old[i] for i in model.choose(np.concatenate(scores), fitted.limit, most).tolist()]
        self.found = replace(
            self.found,
            would_drop=len(chosen),
            bytes=sum(size for _, size in chosen),
            old=len(old),
            wanted=int(self.options.share * 100),
            note=self._doubt(fitted),
        )
        ids = [item_id for item_id, _ in chosen]
        self.found = replace(self.found, sample=tuple(self._sample(fitted, ids[:SHOWN], dict(chosen))))
        if self.act and not self.found.note:
            yield from self._drop(fitted, ids)
            self.found = replace(self.found, would_drop=0, bytes=0, sample=())
            gate.judged_through(self.store, before, self.now)

    def _judged(self) -> set[int]:
        """Items that an earlier run let pass: judged daily anew, noise alone would take them one after another."""
        through, whole_at = gate.judged(self.store)
        if not 0.0 <= self.now - whole_at < gate.AGAIN:
            return set()
        return {item_id for item_id, _ in gate_protect.old(self.store.db, through)}

    def _doubt(self, fitted: _Fitted) -> str:
        """Why the gate may not act although there are labels enough; "" where it may."""
        replay = self.found.replay
        if fitted.share <= 0.0:
            return "the replay is too short, or too many of your likes came as a surprise: nothing can go safely"
        if replay.lost > (1.0 - gate.KEEP) * max(replay.likes, 1):
            return f"it would have dropped {replay.lost} of the {replay.likes} items you liked in the last month"
        return ""

    def _decisions(self, fitted: _Fitted, ids: list[int]) -> list[Decision]:
        """Chance and reason of each item that is still there."""
        block = self._rows.read(ids)
        texts = self.store.items.texts(ids)
        chances = fitted.gate.chance(block.batch)
        out = []
        for i, item in enumerate(self.store.items.rank_items(ids)):
            why = fitted.gate.reason(item, texts[item.item_id][1], block.batch.take([i]))
            out.append(Decision(item.item_id, float(chances[i]), why))
        return out

    def _sample(self, fitted: _Fitted, ids: list[int], sizes: dict[int, int]) -> Iterator[Sample]:
        cards = {card.item_id: card for card in self.store.items.cards(ids)}
        for each in self._decisions(fitted, ids):
            card = cards[each.item_id]
            name = card.title or card.excerpt
            yield Sample(each.item_id, name[:100], round(each.probability, 4), each.reason, sizes[each.item_id])

    def _drop(self, fitted: _Fitted, ids: list[int]) -> Pieces:
        named = f"{len(fitted.labels)} labels, {time.strftime('%Y-%m-%d', time.localtime(self.now))}"
        self.stage = "dropping"
        for at in range(0, len(ids), DROPS):
            part = self._decisions(fitted, ids[at : at + DROPS])
            self.dropped += self.store.gate.drop(part, self.now, named)
            self.store.db.give_way()
            yield
        if self.dropped:
            text_index.merge(self.store.db)
            log.info("the gate dropped bodies", extra={"fields": {"count": self.dropped}})

    def _empty_attic(self) -> Pieces:
        while self.store.gate.purge(self.now - self.options.grace * DAY):
            self.store.db.give_way()
            yield


def _facts(each: gate_labels.Evidence) -> dict[str, Any]:
    return {name: value for name, value in each._asdict().items() if name not in ("item_id", "at")}
