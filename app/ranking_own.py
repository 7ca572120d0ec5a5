"""Rows of what one window has learned, as they were when it learned them: a replay must find the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .rank.batch import Batch
from .rank.pairs import difference
from .rank.types import Label

if TYPE_CHECKING:
    from .ranking_rows import RowReader

#: Single rows that become one block: a row by itself is 6 KB of small arrays, in a block 2.
BLOCK = 64
#: So few labels at once were learned in this window; a longer list is a replay with rows from the store.
OWN = 64


class OwnRows:
    """Rows by item id. All are of one recipe; `clear` before those of another come."""

    def __init__(self) -> None:
        self._loose: dict[int, Batch] = {}
        self._blocks: list[Batch] = []
        self._places: dict[int, tuple[int, int]] = {}

    def __contains__(self, item_id: int) -> bool:
        return item_id in self._loose or item_id in self._places

    def get(self, item_id: int) -> Batch:
        """The row of an item, as a batch of one. KeyError: it is not here."""
        if item_id in self._loose:
            return self._loose[item_id]
        block, place = self._places[item_id]
        return self._blocks[block].take([place])

    def keep(self, rows: Mapping[int, Batch]) -> None:
        """Remember rows of items that are not here yet."""
        self._loose |= {item_id: row for item_id, row in rows.items() if item_id not in self}
        if len(self._loose) >= BLOCK:
            self._places |= {item_id: (len(self._blocks), place) for place, item_id in enumerate(self._loose)}
            self._blocks.append(Batch.concat(list(self._loose.values())))
            self._loose.clear()

    def clear(self) -> None:
        """Forget all of them."""
        self._loose.clear()
        self._blocks.clear()
        self._places.clear()

    def of(
        self, labels: Sequence[Label], held: Callable[[int], Batch | None], reader: RowReader
    ) -> tuple[Batch, list[int]]:
        """Rows to learn labels from, and the place of each: of its item, of a duel the difference of its two.

        An item's row is as it was when this window first learned it, else as the window holds it (`held`), else from
        the archive; blank where it is gone.
        """
        wanted = dict.fromkeys(i for label in labels for i in (label.item_id, label.other) if i)
        rows: dict[int, Batch] = {}
        for item_id in wanted:
            row = self.get(item_id) if item_id in self else held(item_id)
            if row is not None:
                rows[item_id] = row
        absent = [item_id for item_id in wanted if item_id not in rows]
        if absent:
            block = reader.read(absent)
            rows |= {item_id: block.batch.take([i]) for i, item_id in enumerate(block.columns.ids.tolist())}
        if len(labels) <= OWN:
            self.keep(rows)
        gone = reader.blank()
        found = [rows.get(label.item_id, gone) for label in labels]
        for place, label in enumerate(labels):
            if label.other:  # one that is gone tells nothing of the other
                both = label.item_id in rows and label.other in rows
                found[place] = difference(rows[label.item_id], rows[label.other]) if both else difference(gone, gone)
        return Batch.concat(found), list(range(len(labels)))
