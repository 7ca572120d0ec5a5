"""Writes what the ranking found into the archive: head, scores, the order of For you."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .rank.batch import Batch
from .rank.model import Model
from .rank.order import faded
from .rank.snapshot import Snapshot, dump
from .rank.types import Ranking

if TYPE_CHECKING:
    from .ranking_rows import RowReader
    from .store import Store

#: Unseen items read and scored at once beyond the candidates.
CHUNK = 2_000

_Row = tuple[int, float, float, str]


class Publisher:
    """One publication of a model; `rows` reads what is not among the candidates."""

    def __init__(self, store: Store, model: Model, rows: RowReader, now: float) -> None:
        self._now = now
        self._store = store
        self._model = model
        self._rows = rows

    def publish(
        self,
        batch: Batch,
        ranking: Ranking,
        now: float,
        *,
        digest: str,
        through: int,
        everything: bool,
        meta: Mapping[str, Any],
    ) -> int:
        """Store a new head, the scores of `batch` and the order; with `everything` of all that is unseen.

        Returns the head's version. Raises `StoreError`.
        """
        scores = self._store.scores
        head = scores.head()
        version = (head.version if head else 0) + 1
        snapshot = dump(Snapshot(self._model, self._rows.stats, digest, through))
        scores.put_head(version, through, snapshot, {"labels": self._model.learned, **meta})
        rest = self._beyond(set(batch.item_ids.tolist()), now) if everything else []
        rest.sort(key=lambda pair: (-pair[0], pair[1][0]))
        rows = [*self._scored(batch), *(row for _, row in rest)]
        folded = {member: leader for leader, members in ranking.stories.items() for member in members}
        order = [*ranking.ids, *(row[0] for _, row in rest)]
        scores.publish(rows, order, version, folded=folded, notes=ranking.notes)
        return version

    def _scored(self, batch: Batch) -> Iterator[_Row]:
        scores = self._model.score(batch, now=self._now)
        logits, chances = scores.logit.tolist(), scores.probability.tolist()
        for i, item_id in enumerate(batch.item_ids.tolist()):
            parts = {n: round(v, 4) for n, v in zip(scores.names, scores.parts[i].tolist(), strict=True) if v}
            yield item_id, logits[i], chances[i], json.dumps(parts)

    def _beyond(self, known: set[int], now: float) -> list[tuple[float, _Row]]:
        """(logit less its age, score row) of every unseen item that is not in `known`."""
        others = [i for i in self._store.items.candidates(1 << 40, now) if i not in known]
        out: list[tuple[float, _Row]] = []
        for at in range(0, len(others), CHUNK):
            block = self._rows.read(others[at : at + CHUNK])
            age = faded(now - block.columns.at).tolist()
            out += [(row[1] - old, row) for old, row in zip(age, self._scored(block.batch), strict=True)]
        return out
