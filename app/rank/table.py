"""The newest rows of a table that grows at its end; copies share one piece of memory until they grow apart."""

from __future__ import annotations

import numpy as np

#: Rows that a new piece of memory has room for, beyond those that are kept.
ROOM = 256


class Table:
    """The last `window` rows appended. Nine copies of 512 rows of 97 numbers are 0.3 MB instead of 1.8."""

    __slots__ = ("_end", "_memory", "_used", "_window")

    def __init__(self, rows: np.ndarray, window: int) -> None:
        self._window = window
        self._memory = rows[-window:]
        self._end = len(self._memory)
        self._used = [self._end]  # shared with copies: how much of the memory any of them has filled

    @property
    def rows(self) -> np.ndarray:
        """A view, oldest first; appending never changes it."""
        return self._memory[max(0, self._end - self._window) : self._end]

    def append(self, row: np.ndarray) -> None:
        """Add a row; copies made before do not see it."""
        if self._used[0] != self._end or self._end == len(self._memory):
            kept = self.rows
            self._memory = np.empty((len(kept) + ROOM, *kept.shape[1:]), kept.dtype)
            self._memory[: len(kept)] = kept
            self._end = len(kept)
            self._used = [self._end]
        self._memory[self._end] = row
        self._end += 1
        self._used[0] = self._end

    def copy(self) -> Table:
        """The same rows, which may grow on by themselves."""
        twin = object.__new__(Table)
        twin._window, twin._memory, twin._end, twin._used = self._window, self._memory, self._end, self._used
        return twin
