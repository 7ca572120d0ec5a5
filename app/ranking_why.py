"""Why an item stands where it does, and why not higher, from what a session holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .rank.explain import explain
from .rank.stats import SPACE_DIMS
from .rank.told import Judged
from .rank.types import Label, Why
from .ranking_rows import RowReader

if TYPE_CHECKING:
    from .rank.batch import Batch
    from .rank.model import Model
    from .store import Store

#: Decisions remembered for "like 3 posts you liked".
REMEMBERED = 1_000


class Explainer:
    """Explains items with the rows of the decisions it has met; `forget` when statistics change."""

    def __init__(self, store: Store, rows: RowReader) -> None:
        self._store = store
        self._rows = rows
        self._decided: dict[int, dict[str, np.ndarray]] = {}

    def forget(self) -> None:
        """Rows were made with statistics that are no longer used."""
        self._decided.clear()

    def why(self, item_id: int, batch: Batch | None, model: Model, learned: Sequence[Label], now: float) -> Why:
        """Why of any item of the archive (`batch`: its row, if at hand). KeyError: there is none."""
        found = self._store.items.rank_items([item_id])
        if not found:
            raise KeyError(item_id)
        batch = self._rows.read([item_id]).batch if batch is None else batch
        text = self._store.items.texts([item_id]).get(item_id, ("", "", ()))[1]
        return explain(model, found[0], text, batch, self.judged(learned), now=now)

    def judged(self, learned: Sequence[Label]) -> Judged:
        """The decisions as memory, the latest `REMEMBERED`."""
        decisions = [label for label in learned if label.weight >= 0.5 and label.whole][-REMEMBERED:]
        absent = [label.item_id for label in decisions if label.item_id not in self._decided]
        names = list(self._rows.stats.spaces)
        if absent:
            block = self._rows.read(absent)
            for i, item_id in enumerate(block.columns.ids.tolist()):
                self._decided[item_id] = {name: block.batch.block(name)[i] for name in names}  # type: ignore[index]
        decisions = [label for label in decisions if label.item_id in self._decided]
        spaces = {
            name: np.array([self._decided[x.item_id][name] for x in decisions], np.float32).reshape(-1, SPACE_DIMS)
            for name in names
        }
        return Judged(
            np.array([label.item_id for label in decisions], np.int64),
            spaces,
            np.array([label.y for label in decisions], np.int64),
            self._title,
        )

    def _title(self, item_id: int) -> str:
        cards = self._store.items.cards([item_id])
        return (cards[0].title or cards[0].excerpt) if cards else "an item no longer here"
