"""One apsw connection: opened carefully, locked briefly, its failures put into words."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import apsw

from .errors import Damaged, DiskFull, Locked, Moved, NoLocks, NotADatabase, ReadOnly, StoreError
from .turns import Turns

Role = Literal["reader", "worker", "cli"]
Row = tuple[Any, ...]

#: "pnch": PRAGMA application_id of an archive, at offset 68 of the file.
APPLICATION_ID = 0x706E6368
MAGIC = b"SQLite format 3\x00"
#: Seconds that a statement waits for another process's lock before it gives up.
PATIENCE: dict[Role, float] = {"reader": 5.0, "worker": 30.0, "cli": 10.0}
#: KiB of page cache. A window has five connections, each of which fills its own; the worker's index pages want room.
CACHE_KIB: dict[Role, int] = {"reader": 6_000, "worker": 32_000, "cli": 6_000}
#: Pages in the log after which the worker folds it into the file (16 MiB).
LOG_PAGES = 4_000
#: Failures that only a file system without proper locks gives.
_LOCKING = frozenset(
    {
        apsw.SQLITE_IOERR_LOCK,
        apsw.SQLITE_IOERR_RDLOCK,
        apsw.SQLITE_IOERR_UNLOCK,
        apsw.SQLITE_IOERR_CHECKRESERVEDLOCK,
        apsw.SQLITE_IOERR_SHMLOCK,
        apsw.SQLITE_IOERR_SHMOPEN,
        apsw.SQLITE_IOERR_SHMMAP,
    }
)


class Database:
    """The only place that calls apsw. Belongs to one thread.

    `durable` makes each commit survive a power cut (synchronous=FULL, an
    fsync of a few ms); without it a commit survives a crash of the process
    and becomes durable with the next durable commit of any process, since
    all of them append to one log.
    """

    def __init__(self, path: Path, role: Role = "reader", *, durable: bool = True) -> None:
        self.path = path
        self.role = role
        self.patience = PATIENCE[role]
        self._waiting_since = 0.0
        #: Pages in the log after this connection's last commit.
        self.log_pages = 0
        #: Device and number of the file, once it is settled.
        self._identity: tuple[int, int] | None = None
        with self.failures():
            self.apsw = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        # Until the file is known to be ours, closing must not fold its log into it.
        self.apsw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self.apsw.set_busy_handler(self._wait)
        self._durable = durable
        self._turns: Turns | None = None

    def prepare(self) -> None:
        """Settle a file that is known to be ours: WAL, foreign keys, caches. Every value is read back."""
        for name, value, want in (
            ("journal_mode", "wal", "wal"),
            ("synchronous", "FULL" if self._durable else "NORMAL", 2 if self._durable else 1),
            ("foreign_keys", "on", 1),
            ("recursive_triggers", "on", 1),
            ("wal_autocheckpoint", "0", 0),
            ("cache_size", f"-{CACHE_KIB[self.role]}", -CACHE_KIB[self.role]),
            ("temp_store", "memory", 2),
        ):
            self.pragma(name, value)
            got = self.pragma(name)
            if name == "journal_mode" and got != want:
                raise NoLocks(f"{self.path} lies on a file system without shared memory (SQLite says {got})")
            if got != want:
                raise StoreError(f"{self.path}: SQLite refused {name} = {value} (it says {got})")
        # After wal_autocheckpoint, which is a hook itself and would replace this one.
        self.apsw.set_wal_hook(self._committed)
        self.apsw.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        self.apsw.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        self._identity = _identity(self.path)

    def pragma(self, name: str, value: str | None = None) -> Any:
        """Read or set one pragma, to its last row; the first value of its first row, or None."""
        rows = self.rows(f"PRAGMA {name}" if value is None else f"PRAGMA {name} = {value}")
        return rows[0][0] if rows else None

    def rows(self, sql: str, params: Any = ()) -> list[Row]:
        """Run one statement to its end."""
        with self.failures():
            return self.apsw.execute(sql, params).fetchall()

    def row(self, sql: str, params: Any = ()) -> Row | None:
        """The first row, or None; the statement is reset at once so that it holds no lock."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Any = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, params)
        return None if found is None else found[0]

    def run(self, sql: str, params: Any = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        with self.failures():
            self.apsw.execute(sql, params).fetchall()
            return self.apsw.changes()

    def run_many(self, sql: str, params: Iterable[Sequence[Any] | dict[str, Any]]) -> None:
        with self.failures():
            self.apsw.executemany(sql, params).fetchall()

    @contextmanager
    def write(self) -> Iterator[None]:
        """A transaction that takes the write lock at once; nested, it joins the outer one."""
        if self.apsw.in_transaction:
            yield
            return
        self.rows("BEGIN IMMEDIATE")
        try:
            self.still_there()
            yield
            self.rows("COMMIT")
            self.still_there()
        except BaseException:
            if self.apsw.in_transaction:
                self.apsw.execute("ROLLBACK")
            raise

    def still_there(self) -> None:
        """Raise `Moved` where the path no longer leads to the opened file; 2 microseconds.

        With a log, SQLite goes on in a file that was deleted: what it acknowledges would be gone at the end.
        """
        if self._identity is not None and _identity(self.path) not in (None, self._identity):
            raise Moved(f"{self.path} is no longer the file that was opened")

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """A write transaction that somebody waits for: bulk writers of all processes let it go first."""
        self._turns = self._turns or Turns(self.path)
        with self._turns.wish(), self.write():
            yield

    def give_way(self) -> None:
        """Between two transactions of bulk work: let whoever waits write first, and keep the log short."""
        self._turns = self._turns or Turns(self.path)
        self._turns.give_way()
        if self.role == "worker" and self.log_pages > LOG_PAGES:
            self.checkpoint()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Several reads that see one state of the file."""
        if self.apsw.in_transaction:
            yield
            return
        self.rows("BEGIN DEFERRED")
        try:
            yield
        finally:
            if self.apsw.in_transaction:
                self.apsw.execute("ROLLBACK")

    @property
    def last_id(self) -> int:
        return self.apsw.last_insert_rowid()

    def data_version(self) -> int:
        """Changes whenever another connection committed something."""
        return int(self.pragma("data_version"))

    def checkpoint(self) -> None:
        """Fold what no reader needs any more into the main file, waiting for nobody; another may be at it already."""
        with self.failures(), suppress(apsw.BusyError):
            self.apsw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        if self._turns is not None:
            self._turns.close()
        with self.failures():
            self.apsw.close()

    def _committed(self, _: apsw.Connection, __: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    def _wait(self, tries: int) -> bool:
        """SQLite's own busy timeout sleeps up to 100 ms at a time; a key must not wait so long."""
        now = time.monotonic()
        if tries == 0:
            self._waiting_since = now
        if now - self._waiting_since > self.patience:
            return False
        time.sleep(0.0003 if tries < 100 else 0.002)
        return True

    @contextmanager
    def failures(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise in_words(error, self.path) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to; None where that cannot be told, (0, 0) where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    except OSError:
        return None
    return found.st_dev, found.st_ino


def in_words(error: apsw.Error, path: Path) -> Exception:
    """The StoreError for a failure of SQLite; a fault of our own SQL comes back as it is."""
    detail = str(error).removeprefix(f"{type(error).__name__}: ")
    if isinstance(error, apsw.FullError) or (
        isinstance(error, (apsw.IOError, apsw.CantOpenError)) and _full(path)
    ):
        return DiskFull(f"the disk that holds {path} is full")
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Locked(f"{path} is locked by another program")
    if isinstance(error, apsw.NotADBError):
        return NotADatabase(f"{path} is not a database")
    if isinstance(error, apsw.CorruptError):
        return Damaged(f"{path} is damaged ({detail})")
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)):
        return ReadOnly(f"{path} cannot be written ({detail})")
    if isinstance(error, apsw.CantOpenError):
        return ReadOnly(f"{path} cannot be opened ({detail})")
    if isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) in _LOCKING:
        return NoLocks(f"{path} cannot be locked ({detail})")
    if isinstance(error, apsw.IOError):
        return StoreError(
            f"{path}: reading or writing failed ({detail})", hint="The disk may be failing or unplugged."
        )
    if isinstance(error, apsw.InterruptError):
        return StoreError(f"{path}: the operation was stopped")
    return error


def _full(path: Path) -> bool:
    """An I/O error with less than 1 MiB free is a full disk (SQLite reports a failed grow of -shm as I/O)."""
    try:
        return shutil.disk_usage(path.parent).free < 1 << 20
    except OSError as error:
        return error.errno == errno.ENOSPC
