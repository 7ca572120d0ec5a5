"""Automatic backups: when one is due, whether there is room, what `doctor` says of them. The worker's lane is below."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DiskFull, PenchantError, ReadOnly
from .store.backup import backup, backups, dated, rotate

if TYPE_CHECKING:
    from .config import BackupOptions
    from .paths import Paths
    from .store import Store
    from .store.report import Report
    from .sync import Call

log = logging.getLogger(__name__)

DAY = 86_400.0
#: Bytes that stay free beside a backup: a disk that it filled would stop the archive itself.
SPARE = 256 << 20
#: Seconds before the first look, between two, and after a failure.
BEGIN, EVERY, AGAIN = 60.0, 600.0, 3_600.0
#: Seconds of rest between two steps of copying (8 MiB each): the screen reads from the same disk.
REST = 0.02
#: An unfinished copy of this age (seconds) belongs to nobody any more.
STALE = 3_600.0
#: Setting: why the last backup failed, in words; absent where it did not.
STATUS = "backup.status"
#: Backups that are older than so many times `every` are worth a warning.
LATE = 3.0


def place(options: BackupOptions, paths: Paths) -> Path:
    """The folder of automatic backups."""
    return Path(options.folder).expanduser() if options.folder else paths.data / "backups"


def newest(archive: Path, folder: Path) -> float | None:
    """When the newest backup was made (Unix seconds); None without one."""
    found = backups(archive, folder)
    return max((path.stat().st_mtime for path in found), default=None)


def due(options: BackupOptions, last: float | None, now: float) -> bool:
    """Whether it is time. A backup from the future (the clock was wrong) does not put the next one off."""
    return options.every > 0 and (last is None or not -DAY < now - last < options.every * DAY)


def make(
    archive: Path,
    folder: Path,
    keep: int,
    now: float,
    stopped: threading.Event | None = None,
    *,
    free: int | None = None,
) -> Path:
    """Make a checked backup and delete those beyond `keep`, in this order.

    `free`: bytes that are free (asked from the system when None). Raises `DiskFull` before anything is written where
    the disk would be short afterwards, and `StoreError`; the older backups then stay.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(archive, folder, now)
        free = shutil.disk_usage(folder).free if free is None else free
    except OSError as error:
        raise ReadOnly(f"cannot write into {folder}: {error.strerror or error}") from error
    log_file = archive.with_name(archive.name + "-wal")
    needed = archive.stat().st_size + (log_file.stat().st_size if log_file.exists() else 0) + SPARE
    if free < needed:
        raise DiskFull(
            f"no room for a backup in {folder}: {free / 1e6:,.0f} MB are free, {needed / 1e6:,.0f} MB are needed",
            hint='Free some space, or name another disk: [backup] folder = "...".',
        )
    stop = stopped or threading.Event()
    made = backup(archive, dated(archive, folder, now), progress=lambda *_: _rest(stop), stopped=stop.is_set)
    with suppress(OSError):
        made.chmod(0o600)
    rotate(archive, folder, keep)
    return made


def _rest(stop: threading.Event) -> None:
    stop.wait(REST)


def _sweep(archive: Path, folder: Path, now: float) -> None:
    """Remove what a kill in the middle of a backup left."""
    for path in folder.glob(f"{archive.stem}-*{archive.suffix}.part*"):
        if now - path.stat().st_mtime > STALE:
            path.unlink(missing_ok=True)


def tell(
    report: Report, options: BackupOptions, paths: Paths, trouble: object = None, now: float | None = None
) -> None:
    """Add to a report of `doctor` how the archive's backups stand."""
    now, folder = time.time() if now is None else now, place(options, paths)
    found, last = backups(paths.archive, folder), newest(paths.archive, folder)
    if options.every <= 0:
        report.ok("backups", "switched off ([backup] every = 0)")
    elif trouble:
        report.warn("backups", str(trouble), f"{len(found)} older ones are there.", "The worker tries again hourly.")
    elif last is None:
        report.ok("backups", f"none yet; the worker makes the first one into {folder}")
    elif now - last > LATE * options.every * DAY:
        report.warn(
            "backups", f"the newest of {len(found)} is {(now - last) / DAY:.0f} days old ({folder})",
            "The worker, which makes them, has not been running for long enough.", "`penchant backup` makes one now.",
        )  # fmt: skip
    else:
        hours = max(0.0, now - last) / 3_600
        report.ok("backups", f"{len(found)} in {folder}, the newest {hours:.0f} h old, checked when it was made")


async def lane(options: BackupOptions, paths: Paths, call: Call) -> None:
    """Look now and then whether a backup is due for as long as the worker runs; a failure is told and tried again."""
    if options.every <= 0:
        return
    pause = BEGIN
    while True:
        await asyncio.sleep(pause)
        pause, folder = EVERY, place(options, paths)
        if not due(options, newest(paths.archive, folder), time.time()) or not await call(_worth):
            continue
        stopped = threading.Event()
        trouble = ""
        try:
            made = await asyncio.to_thread(make, paths.archive, folder, options.keep, time.time(), stopped)
            log.info("backup made", extra={"fields": {"bytes": made.stat().st_size}})
        except (PenchantError, OSError) as error:
            log.error("backup: %s", error)
            trouble, pause = str(error), AGAIN
        finally:
            stopped.set()  # cancelled: the thread must not hold up the end
        await call(partial(_remember, trouble))


def _worth(store: Store) -> bool:
    """An archive in which nobody has done anything can be fetched again."""
    return store.events.last_seq() > 0


def _remember(trouble: str, store: Store) -> None:
    if trouble or store.control.setting(STATUS):
        store.control.remember(STATUS, trouble or None)
