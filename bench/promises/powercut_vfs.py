"""A disk that loses what was not synced: an apsw VFS that remembers, and what a power cut would leave.

SQLite works on real files; beside each the `Disk` keeps what is certainly on the platter (`synced`) and the writes
since the last xSync, in order. `Disk.wreck` writes what a cut at this moment may leave: of the unsynced writes any
subset, in pieces of 512 bytes, for a disk writes its cache back in any order and tears pages. A file whose creation was
never synced may be missing. `-shm` is memory and does not survive.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

#: Bytes that a disk writes as a whole.
SECTOR = 512
NAME = "powercut"
#: The operating system's own, by its name: "" would mean the default, which `PowerCut` becomes.
REAL = apsw.vfs_names()[0]


@dataclass
class Platter:
    """One file: its certain bytes (None: not even its name), and what was done since (offset, bytes) or (size, None).

    `ghost`: the bytes of a deleted file of this name, whose deletion may not be on disk yet.
    """

    synced: bytearray | None = None
    ghost: bytearray | None = None
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.synced = _apply(self.synced or bytearray(), self.since)
        self.since, self.ghost = [], None


@dataclass
class Disk:
    """Every file of one folder. `moment` is called, under the lock, before each write, sync, truncation or deletion.

    `lying`: a disk that says it has synced and has not.
    """

    moment: Callable[[], None] = lambda: None
    lying: bool = False
    files: dict[str, Platter] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def known(self, name: str) -> Platter:
        """The platter of a file; what lies there before the first look is on disk for certain."""
        with self.lock:
            if name not in self.files:
                path = Path(name)
                there = path.exists() and path.stat().st_size > 0
                self.files[name] = Platter(bytearray(path.read_bytes()) if there else None)
            return self.files[name]

    def sync(self, name: str) -> None:
        """What xSync makes certain. The first one of a new log or journal syncs the folder too (SQLite's `unix` VFS
        does so), so that deletions and names from before are certain as well.
        """
        platter = self.known(name)
        if platter.synced is None and name.endswith(("-wal", "-journal")):
            for each in self.files.values():
                each.ghost = None
                each.synced = bytearray() if each.synced is None else each.synced
        platter.sync()

    def wreck(self, folder: Path, pick: random.Random) -> None:
        """Write into `folder` what a power cut would leave now."""
        share = pick.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        with self.lock:
            for name, platter in self.files.items():
                if platter.synced is None and pick.random() > share:
                    if platter.ghost is not None:
                        (folder / Path(name).name).write_bytes(platter.ghost)
                    continue
                kept = [piece for each in platter.since for piece in _pieces(*each) if pick.random() < share]
                (folder / Path(name).name).write_bytes(_apply(bytearray(platter.synced or b""), kept))


class PowerCut(apsw.VFS):
    """The operating system's files, with a `Disk` that watches. Lives as long as somebody refers to it."""

    def __init__(self, disk: Disk, *, default: bool = True) -> None:
        self.disk = disk
        super().__init__(NAME, REAL, makedefault=default)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if name is None:
            return apsw.VFSFile(REAL, name, flags)
        return _Watched(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        with self.disk.lock:
            self.disk.moment()
            super().xDelete(filename, syncdir)
            old = self.disk.files.pop(filename, None)
            if old is not None and not syncdir:
                self.disk.files[filename] = Platter(ghost=old.synced if old.synced is not None else old.ghost)


class _Watched(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        self.disk = disk
        self.name = name if isinstance(name, str) else name.filename()
        disk.known(self.name)
        super().__init__(REAL, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        with self.disk.lock:
            self.disk.moment()
            super().xWrite(data, offset)
            self.disk.known(self.name).since.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        with self.disk.lock:
            self.disk.moment()
            super().xTruncate(newsize)
            self.disk.known(self.name).since.append((newsize, None))

    def xSync(self, flags: int) -> None:
        """Certain from now on, though nothing is really synced, since nothing is really cut."""
        with self.disk.lock:
            self.disk.moment()
            if not self.disk.lying:
                self.disk.sync(self.name)


def _pieces(offset: int, data: bytes | None) -> list[tuple[int, bytes | None]]:
    if data is None:
        return [(offset, None)]
    ends = [*range((offset // SECTOR + 1) * SECTOR, offset + len(data), SECTOR), offset + len(data)]
    starts = [offset, *ends[:-1]]
    return [(start, data[start - offset : end - offset]) for start, end in zip(starts, ends, strict=True)]


def _apply(image: bytearray, done: list[tuple[int, bytes | None]]) -> bytearray:
    for offset, data in done:
        if data is None:
            del image[offset:]
            continue
        if len(image) < offset:
            image.extend(bytes(offset - len(image)))
        image[offset : offset + len(data)] = data
    return image
