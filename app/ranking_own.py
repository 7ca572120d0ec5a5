"""Rows of what one window has learned, as they were when it learned them: a replay must find the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

from .rank.batch import Batch

#: Single rows that become one block: a row by itself is 6 KB of small arrays, in a block 2.
BLOCK = 64


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
