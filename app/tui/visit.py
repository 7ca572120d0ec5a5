"""One visit to a view: which items stand where. Pure, no screen.

What has been on screen keeps its place until the visit ends; everything below
may be re-sorted, grow or shrink at any time.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple


def merge(
    fixed: Sequence[int], wanted: Iterable[int], rest: Iterable[int] = (), without: Container[int] = ()
) -> list[int]:
    """`fixed` first as it stands, then `wanted` in its order, then what is left of `rest`; nothing twice.

    Of `wanted` and `rest` nothing that is in `without`: it stands behind another item of its story.
    """
    merged = dict.fromkeys(fixed)
    merged.update(dict.fromkeys(wanted))
    merged.update(dict.fromkeys(rest))
    if not without:
        return list(merged)
    known = set(fixed)
    return [item for item in merged if item in known or item not in without]


class Standing(NamedTuple):
    """What an order says beside the order: who stands behind whom, and why an item stands where it does.

    `stories`: item -> the other items of its story; `notes`: item -> "explored" or "people"; `people`:
    item -> how many followed people brought its story lately.
    """

    stories: Mapping[int, tuple[int, ...]] = {}
    notes: Mapping[int, str] = {}
    people: Mapping[int, int] = {}

    @property
    def folded(self) -> frozenset[int]:
        """Every item that stands behind another one."""
        return frozenset(item for others in self.stories.values() for item in others)


class Visit:
    """The ids of one list, their probabilities on screen, and how far the reader has looked.

    `shown` counts the leading items that have been on screen at least once.
    """

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self.ids: list[int] = list(ids)
        self.shown = 0
        #: Orders made before this last changed are out of date.
        self.epoch = 0
        self.probability: dict[int, float] = {}
        #: None: no order was made in this window yet, the cards say what the stored one knows.
        self.standing: Standing | None = None
        self.folded: frozenset[int] = frozenset()
        self._before: list[tuple[str, list[int], Standing | None]] = []

    #: How many earlier orders are kept for undo: 10,000 ids each are 80 KB.
    MOST_ORDERS = 50

    def saw(self, upto: int) -> None:
        """The items before index `upto` have been on screen."""
        self.shown = max(self.shown, min(upto, len(self.ids)))

    def begin_again(self) -> None:
        """Nothing counts as seen: what is on screen was only a stopgap, and nobody has touched it."""
        self.shown = 0

    @property
    def fixed(self) -> list[int]:
        """What must not move any more."""
        return self.ids[: self.shown]

    def resort(self, wanted: Iterable[int], *, keep_rest: bool = True) -> None:
        """Put what has not been on screen into the order `wanted`; others follow (or go, `keep_rest` off)."""
        self.ids = merge(self.fixed, wanted, self.ids[self.shown :] if keep_rest else (), self.folded)

    def adopt(self, ids: list[int], fixed: int, basis: int) -> None:
        """Take over an order that was made of this list when `fixed` of its `basis` ids could not move.

        The reader may have moved on since: what has been on screen by now stays. Cheap for long lists.
        """
        if len(self.ids) != basis or fixed > self.shown:
            self.resort(ids)
            return
        tail = ids[fixed:]
        for item in self.ids[fixed : self.shown]:
            if item in tail:
                tail.remove(item)
        self.ids = self.fixed + tail

    def extend(self, more: Iterable[int]) -> int:
        """Add what is not there yet at the end; says how many that were."""
        before = len(self.ids)
        self.ids = merge(self.ids, more, without=self.folded)
        return len(self.ids) - before

    def keep(self, allowed: Container[int]) -> None:
        """Only these may stay, of what has not been on screen (others were muted or deleted)."""
        self.ids = self.fixed + [item for item in self.ids[self.shown :] if item in allowed]
        self.epoch += 1

    def remember(self, event_id: str) -> None:
        """Keep the present order: `recall` of this event brings it back."""
        self._before.append((event_id, self.ids, self.standing))
        del self._before[: -self.MOST_ORDERS]

    def recall(self, event_id: str) -> bool:
        """After the undo of the newest remembered event: the order before it, below what has been seen since.

        Undo of an older event says False: later lessons still hold, the ranking must order anew.
        """
        if not self._before or self._before[-1][0] != event_id:
            self._before = [entry for entry in self._before if entry[0] != event_id]
            return False
        _, ids, standing = self._before.pop()
        if standing is not None:
            self.stand(standing)
        self.ids = merge(self.fixed, ids, self.ids, self.folded)
        return True

    def forget_orders(self) -> None:
        """Something else was learned meanwhile: an earlier order is not what an undo must bring back."""
        self._before.clear()

    def stand(self, standing: Standing) -> None:
        """Take over what an order says; what has been on screen keeps its note, and is folded no more."""
        old = self.standing.notes if self.standing else {}
        fixed = self.fixed
        notes = {**standing.notes, **{item: old[item] for item in fixed if item in old}}
        self.standing = standing._replace(notes=notes)
        self.folded = standing.folded.difference(fixed)

    def says(self, item: int) -> tuple[int, str, int]:
        """(how many stand behind an item, its note, how many people brought it), as far as an order told."""
        if self.standing is None:
            return 0, "", 0
        stories, notes, people = self.standing
        return len(stories.get(item, ())), notes.get(item, ""), people.get(item, 0)

    def show_probability(self, new: dict[int, float]) -> None:
        """Take over new numbers, except of items whose number has been on screen."""
        for item in self.fixed:
            if item in self.probability:
                new[item] = self.probability[item]
        self.probability = new
