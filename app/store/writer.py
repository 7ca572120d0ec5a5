"""A thread that makes keypresses durable without making the screen wait."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from penchant.app.types import Event

from . import open_database
from .connection import Database
from .errors import Moved, StoreError
from .events import Events
from .migrations import back_up

#: Events that share one commit at most: bounds how long the write lock is held.
BATCH = 200
#: Without a worker nobody else folds the log into the file: do so when idle and it has grown this much.
IDLE_SECONDS = 2.0
WAL_LIMIT = 4 << 20

_Entry = tuple[Event, "Future[None]"]


class EventWriter:
    """Writes events durably (synchronous=FULL) on its own connection, in the order they were submitted.

    What waits in the queue shares one commit: an fsync takes milliseconds,
    a burst of keys one or two of them.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._closed = False
        self._rescued: Path | None = None
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def submit(self, event: Event) -> Future[None]:
        """Queue an event; the future resolves once it survives a power cut, or holds a `StoreError`."""
        future: Future[None] = Future()
        with self._gate:
            if self._closed:
                raise StoreError(
                    "the event writer is closed", hint="This is a fault of penchant; please report it."
                )
            self._queue.put((event, future))
        return future

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything submitted so far is decided; False when that took longer than `timeout`
        seconds.
        """
        marker: Future[None] = Future()
        with self._gate:
            if self._closed:
                return not self._thread.is_alive()
            self._queue.put((_NOTHING, marker))
        try:
            marker.result(timeout)
        except TimeoutError:
            return False
        return True

    def close(self, timeout: float = 10.0) -> bool:
        """Write what is queued and end the thread; False when that took longer than `timeout` seconds."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        db: Database | None = None
        open_ = True
        while open_:
            batch, open_ = self._take(db)
            if not batch:
                continue
            try:
                db = db or open_database(self._path, "reader")
                Events(db).append(event for event, _ in batch if event is not _NOTHING)
            except Exception as failure:
                error = self._rescue(db, failure) if isinstance(failure, Moved) and db is not None else failure
                # The thread must outlive any failure: each waiting key is told, the next one tries again.
                for event, future in batch:
                    if event is _NOTHING:
                        future.set_result(None)
                    else:
                        future.set_exception(error)
            else:
                for _, future in batch:
                    future.set_result(None)
        if db is not None:
            db.close()

    def _rescue(self, db: Database, moved: Moved) -> StoreError:
        """The deleted file lives as long as somebody has it open: keep a copy of it, once, where the archive was."""
        if self._rescued is None:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            target = self._path.with_name(f"{self._path.stem}-rescued-{stamp}{self._path.suffix}")
            try:
                self._rescued = back_up(db, target)
            except (StoreError, OSError):
                return moved
        return Moved(f"{moved}; everything up to then was saved as {self._rescued}")

    def _take(self, db: Database | None) -> tuple[list[_Entry], bool]:
        """Wait for one event and take what is queued behind it."""
        while True:
            try:
                entry = self._queue.get(timeout=IDLE_SECONDS)
                break
            except queue.Empty:
                self._tidy(db)
        batch: list[_Entry] = []
        while entry is not None:
            batch.append(entry)
            if len(batch) == BATCH or self._queue.empty():
                return batch, True
            entry = self._queue.get()
        return batch, False

    def _tidy(self, db: Database | None) -> None:
        wal = self._path.with_name(self._path.name + "-wal")
        try:
            if db is not None and wal.stat().st_size > WAL_LIMIT and time.time() - wal.stat().st_mtime > 1.0:
                db.checkpoint()
        except (OSError, StoreError):
            return


_NOTHING = Event("undo", id="", at=0.0)
