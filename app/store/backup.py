"""A verified copy of the archive, made while penchant runs."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from .connection import Database, in_words
from .errors import Damaged, ReadOnly, StoreError
from .migrations import identify, inspect, latest

#: Pages copied between two reports of progress (8 MiB).
STEP = 2_048
_DATED = "%Y%m%d-%H%M%S"

#: Called with (what is done, how much of it, how much in all).
Progress = Callable[[str, int, int], None]


def backup(
    path: str | Path,
    dest: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Copy the archive at `path` to `dest` as it is now; writers go on meanwhile.

    `dest` appears only once the copy is whole, checked and on disk. Raises
    `StoreError`: where `dest` exists (unless `overwrite`), the archive cannot be
    read, the disk is full, the copy fails its check, or `stopped` says so.
    """
    source, target = Path(path).absolute(), Path(dest).absolute()
    if not source.exists():
        raise StoreError(f"there is no archive at {source}", hint="`penchant add ADDRESS` makes one.")
    if target.exists() and not overwrite:
        raise StoreError(
            f"{target} exists already", hint="A backup never replaces a file: choose another name."
        )
    inspect(source)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        events = _copy(source, part, progress, stopped)
        verify(part, events, stopped)
        _publish(part, target, overwrite)
    except OSError as error:
        raise ReadOnly(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        for leftover in (part, part.with_name(part.name + "-wal"), part.with_name(part.name + "-shm")):
            if leftover.exists():
                leftover.unlink()
    return target


def verify(path: Path, events: int = 0, stopped: Callable[[], bool] = lambda: False) -> None:
    """Open a copy and check all of it. Raises `StoreError` where it is no sound archive of at least `events` events."""
    inspect(path)
    db = Database(path, "cli")
    db.apsw.set_progress_handler(stopped, 50_000)
    try:
        if identify(db, latest()) == 0:
            raise Damaged(f"{path} is empty")
        found = [row[0] for row in db.rows("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise Damaged(f"{path} is damaged ({'; '.join(found)})")
        if (have := db.value("SELECT count(*) FROM events")) < events:
            raise Damaged(f"{path} holds {have:,} of {events:,} events")
    finally:
        db.close()


def dated(archive: Path, folder: Path, now: float | None = None) -> Path:
    """The name of a backup made now: archive-20250131-120000.db in `folder`."""
    stamp = time.strftime(_DATED, time.localtime(now))
    return folder / f"{archive.stem}-{stamp}{archive.suffix}"


def backups(archive: Path, folder: Path) -> list[Path]:
    """The dated backups of an archive in `folder`, oldest first."""
    name = re.compile(rf"{re.escape(archive.stem)}-\d{{8}}-\d{{6}}{re.escape(archive.suffix)}")
    return sorted(path for path in folder.glob(f"{archive.stem}-*") if name.fullmatch(path.name))


def rotate(archive: Path, folder: Path, keep: int = 7) -> list[Path]:
    """Delete all but the `keep` newest dated backups, and no other file; returns what was deleted."""
    old = backups(archive, folder)[: -keep if keep > 0 else None]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def _copy(source: Path, part: Path, progress: Progress | None, stopped: Callable[[], bool]) -> int:
    """Returns how many events the archive held when the copy began."""
    db = Database(source, "cli")
    try:
        identify(db, latest())
        with db.failures():
            copy = apsw.Connection(str(part))
        try:
            # One snapshot: without it a busy writer would make SQLite begin again for ever.
            with db.snapshot(), db.failures():
                events = int(db.value("SELECT count(*) FROM events"))
                with copy.backup("main", db.apsw, "main") as run:
                    while not run.done:
                        run.step(STEP)
                        if stopped():
                            raise StoreError(f"the backup of {source} was stopped")
                        if progress:
                            progress("copying", run.page_count - run.remaining, run.page_count)
            # A file of its own, without a log beside it; penchant turns the log on again when it opens it.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
            return events
        except apsw.Error as error:
            raise in_words(error, part) from error
        finally:
            copy.close()
    finally:
        db.close()


def _publish(part: Path, target: Path, overwrite: bool) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        part.replace(target)
    else:
        try:
            os.link(part, target)  # fails where somebody made `target` meanwhile, which rename would not
        except FileExistsError as error:
            raise StoreError(
                f"{target} exists already", hint="A backup never replaces a file: choose another name."
            ) from error
        except OSError:
            if target.exists():
                raise
            part.rename(target)  # a file system without links (FAT)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
