"""The worker process: started after the first paint, restarted when it dies, ended with us."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from penchant.app.errors import Exit
from penchant.app.paths import Paths

#: Starts within this many seconds after which a worker that keeps dying is left alone.
BACKOFF = (0.0, 2.0, 10.0, 60.0)


class WorkerChild:
    """Owns at most one `penchant worker`. Every call returns at once."""

    def __init__(self, paths: Paths) -> None:
        self._log: Path = paths.log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._not_before = 0.0
        self.last_exit: int | None = None

    def start(self) -> None:
        """Start a worker; another window's may be running, then ours ends at once by itself."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "penchant.app.cli", "worker", "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl+C and a closed terminal reach the screen first; the worker is told by us.
                start_new_session=True,
            )
        self._starts += 1

    def check(self) -> str:
        """Look after it, a few times a second: "" while it runs, words when it does not. Restarts it."""
        if self._process is None:
            return ""
        code = self._process.poll()
        if code is None:
            return ""
        if self.last_exit is None or self._not_before == 0.0:
            self.last_exit = code
            self._not_before = time.monotonic() + BACKOFF[min(self._starts, len(BACKOFF) - 1)]
        if code == 6:
            # Another window's worker serves this archive; take over when that one is gone.
            self._not_before = max(self._not_before, 0.0)
        if time.monotonic() >= self._not_before:
            self._not_before = 0.0
            self.start()
            return ""
        if code == Exit.ARCHIVE:
            return "the worker cannot write the archive: disk full or read-only?"
        return "" if code in (0, 6) else f"worker stopped (code {code}); it starts again shortly"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def stop(self, timeout: float = 0.2) -> None:
        """Tell it to end and go: it publishes what the reader taught last, and ends within seconds by itself."""
        process = self._process
        self._process = None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
