"""Keeps a model in step with a list of labels that grows, and sometimes changes in the middle.

Forgetting is not subtraction: the model goes back to a checkpoint before the
change and learns what follows again, so the outcome is to the bit what it
would have been without the forgotten label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .batch import Batch
from .model import Model
from .types import Label

#: (interval, how many are kept): undoing a recent label relearns 15 at most, one of the last 2,000 1,023. Each is a
#: megabyte of the window.
KEPT = ((16, 2), (128, 2), (1024, 2))

#: Gives for labels their rows: a batch and the place of each label's item in it.
RowsOf = Callable[[Sequence[Label]], tuple[Batch, Sequence[int]]]


class Learner:
    """`model` has learned `learned`; `follow` brings both up to a new list."""

    def __init__(self, model: Model, learned: Sequence[Label] = ()) -> None:
        self.model = model
        self.learned = list(learned)
        self._points: list[tuple[int, Model]] = [(len(self.learned), model.copy())]
        self._owed: int | None = None  # where a failed call would have begun

    def follow(self, labels: Sequence[Label], first: int, rows_of: RowsOf) -> int:
        """Learn `labels`, which differ from what was learned from place `first` on; returns how many it took.

        Where an expert fails the model is left as it was before the call, and the error goes on.
        """
        first = min(first, len(self.learned), len(self.learned) if self._owed is None else self._owed)
        self._owed = first
        if first < len(self.learned):
            self._points = [p for p in self._points if p[0] <= first] or [(0, self.model.blank())]
            start, model = self._points[-1][0], self._points[-1][1].copy()
        else:
            start, model = first, self.model.copy()
        todo = labels[start:]
        points = list(self._points)
        for at in range(0, len(todo), 256):
            block = todo[at : at + 256]
            batch, places = rows_of(block)
            for i, (label, place) in enumerate(zip(block, places, strict=True)):
                model.learn(label, batch, place)
                done = start + at + i + 1
                if done % KEPT[0][0] == 0:
                    points = _thin([*points, (done, model.copy())])
        model.prior, model.dials = self.model.prior, self.model.dials
        self.model, self._points = model, points
        self.learned[start:] = todo
        self._owed = None
        return len(todo)


def _thin(points: list[tuple[int, Model]]) -> list[tuple[int, Model]]:
    """The newest few at each interval, and the oldest of all when it is where the model began."""
    keep: set[int] = set()
    for interval, count in KEPT:
        keep |= set([at for at, _ in points if at % interval == 0][-count:])
    return [point for point in points if point[0] in keep]
