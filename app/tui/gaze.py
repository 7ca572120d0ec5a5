"""What the reader looked at, and for how long: impressions from moving through a list. Pure.

An item is passed when the selection leaves it, or when it leaves the screen
by paging. Its dwell is the time it was selected, or its share of the time
the page stood still (attention is divided among the cards on screen).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Passed(NamedTuple):
    """One item the reader has passed; `position` counts from 0, `dwell` in seconds."""

    item_id: int
    position: int
    dwell: float


class Gaze:
    """Remembers since when each card is on screen. Times are `time.monotonic()` seconds."""

    #: Nobody looks at one card for longer without doing anything: the reader went away.
    LONGEST = 120.0

    def __init__(self) -> None:
        self._passed: set[int] = set()
        self._since: dict[int, tuple[int, float]] = {}
        self._selected: tuple[int, int, float] | None = None

    def done(self, item_id: int) -> None:
        """A decision (like, skip, open ...) says more than passing does: no impression of this item."""
        self._passed.add(item_id)

    def forget(self, item_id: int) -> None:
        """The decision was undone: passing the item counts again."""
        self._passed.discard(item_id)

    def select(self, item_id: int | None, position: int, now: float) -> list[Passed]:
        """The selection moves to `item_id`: what it leaves is passed."""
        left = self._selected
        if left is not None and left[0] == item_id:
            return []
        self._selected = None if item_id is None else (item_id, position, now)
        return self._pass([(left[0], left[1], now - left[2])]) if left is not None else []

    def screen(self, ids: Sequence[int], first: int, now: float, *, forward: bool = True) -> list[Passed]:
        """The screen shows `ids` from position `first` on: what left it at the top is passed.

        Cards that leave at the bottom (scrolling back) are not passed: they come again.
        """
        visible = set(ids)
        gone = [(item, *seen) for item, seen in self._since.items() if item not in visible]
        share = max(1, len(self._since))
        kept = {item: seen for item, seen in self._since.items() if item in visible}
        for offset, item in enumerate(ids):
            kept.setdefault(item, (first + offset, now))
        self._since = kept
        if not forward:
            return []
        above = [
            (item, position, (now - since) / share) for item, position, since in gone if position < first
        ]
        return self._pass(sorted(above, key=lambda entry: entry[1]))

    def pause(self) -> None:
        """The list is hidden: time does not run on."""
        self._since = {}
        self._selected = None

    def _pass(self, items: Iterable[tuple[int, int, float]]) -> list[Passed]:
        fresh = []
        for item, position, dwell in items:
            if item not in self._passed:
                self._passed.add(item)
                fresh.append(Passed(item, position, round(min(dwell, self.LONGEST), 3)))
        return fresh
