"""One worker per archive: an operating-system lock on a file, which dies with its owner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from .errors import AlreadyRunning


class WorkerLock:
    """Goes with the process, however it ends: a left-over file means nothing. Also a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `AlreadyRunning` with the holder's process id."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(self.path, "a+", encoding="ascii")  # noqa: SIM115  open as long as the lock is held
        if not _take(handle):
            handle.seek(0)
            pid = handle.read(20).strip()
            handle.close()
            raise AlreadyRunning(f"another worker serves this archive already (process {pid or 'unknown'})")
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        self._file = handle

    def release(self) -> None:
        """Give the lock back; harmless without it."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def __enter__(self) -> WorkerLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether a worker runs now."""
    try:
        with WorkerLock(path):
            return False
    except AlreadyRunning:
        return True


if sys.platform == "win32":
    import msvcrt

    #: Beyond the text, because Windows forbids others to read locked bytes.
    _OFFSET = 1 << 20

    def _take(handle: IO[str]) -> bool:
        try:
            handle.seek(_OFFSET)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _take(handle: IO[str]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
