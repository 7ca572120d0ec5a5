"""A courtesy between processes: who writes in bulk lets a waiting keypress go first.

SQLite's write lock has no queue. A worker that takes it again at once can
starve another process for as long as its luck lasts; measured with pauses
of 1 ms alone, a like waited 58 ms at p99. So whoever wants to write soon holds
a shared lock on a file beside the archive, and the bulk writer waits between
its transactions until nobody does. The lock carries no data, dies with its
process, and an archive works without it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: pauses alone must do.
    fcntl = None  # type: ignore[assignment]

#: A stopped process (Ctrl-Z) that holds its wish must not stop the worker: longest courtesy, seconds.
LONGEST = 0.2
_STEP = 0.0002


class Turns:
    """One process's end of the courtesy for one archive."""

    def __init__(self, archive: Path) -> None:
        self._file = -1
        if fcntl is not None:
            with suppress(OSError):
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file = os.open(archive.with_name(archive.name + "-turn"), flags, 0o600)

    @contextmanager
    def wish(self) -> Iterator[None]:
        """Held around a write that somebody waits for."""
        if self._file < 0:
            yield
            return
        # Never waits long: an exclusive holder only looks.
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def give_way(self) -> None:
        """Called between two bulk transactions: returns when nobody waits."""
        if self._file < 0:
            time.sleep(0.001)
            return
        until = time.monotonic() + LONGEST
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    return
                time.sleep(_STEP)
            else:
                fcntl.flock(self._file, fcntl.LOCK_UN)
                return

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
