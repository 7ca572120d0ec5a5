"""Promise 6: what a disk can do to the archive is said clearly, leaves it as it was, and has a way out.

    python bench/promises/disk.py [--rounds N] [--pages N] [--short]

A full disk (a small tmpfs where this user may mount one, else a limit on file sizes), a read-only place, a permission
that was taken away, a file deleted or replaced under an open window, a share without locks, a file from the future,
damaged pages. Each: a failure in words with what to do, every acknowledged event still there, the file byte-identical
where it was refused. Then the way out: `penchant doctor --recover NEWFILE` of `pages` archives with damaged pages.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
from common import Result, main

from penchant.adapters.base import Item, Page
from penchant.app.backups import make, newest
from penchant.app.store import Store
from penchant.app.store.errors import DiskFull, FromNewerVersion, Moved, ReadOnly, StoreError
from penchant.app.store.migrations import latest
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event

PAGE = 4_096
NOBODY = 65_534


def fill(path: Path, items: int = 60, events: int = 200) -> list[str]:
    """An archive of some items and events, closed; returns the events' ids in order."""
    with Store.open(path, role="cli") as store:
        number = store.subscriptions.add("rss", "https://site.example/feed", "Example")
        texts = (Item(str(n), f"https://site.example/{n}", f"Title {n}", f"word{n} " * 150) for n in range(items))
        ids = store.items.put_page(number, Page(tuple(texts), {}), 1_700_000_000.0).item_ids
        made = [Event(("like", "skip", "save", "open")[n % 4], ids[n % items]) for n in range(events)]
        store.events.append(made)
    return [event.id for event in made]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cli(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line on the archive of a home."""
    env = {**os.environ, "PENCHANT_HOME": str(path), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    command = [sys.executable, "-m", "penchant.app.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)


def refused(result: Result, what: str, kind: type[StoreError], attempt: Callable[[], object]) -> None:
    """`attempt` fails with `kind`, saying what to do."""
    try:
        attempt()
    except kind as error:
        result.check(error.hint, f"{what}: it is not said what to do")
    except Exception as error:
        result.check(False, f"{what}: {type(error).__name__}: {error}")
    else:
        result.check(False, f"{what}: nothing was said")


def full_disk(folder: Path, pick: random.Random, result: Result) -> int:
    """Type until the disk is full; returns how many events were acknowledged."""
    small = folder / "small"
    small.mkdir()
    size = pick.randint(2_500, 6_000)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(small)], capture_output=True)
    try:
        path, limits = small / "archive.db", resource.getrlimit(resource.RLIMIT_FSIZE)
        fill(path, items=5, events=20)
        if mounted.returncode:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + size * 256, limits[1]))
        try:
            return _until_full(path, pick, result, limited=bool(mounted.returncode))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "-l", str(small)], check=True)


def _until_full(path: Path, pick: random.Random, result: Result, *, limited: bool) -> int:
    writer, kept = EventWriter(path), list[str]()
    error: BaseException | None = None
    while error is None and len(kept) < 20_000:
        batch = [Event("topics", value={"topics": ["x" * pick.randint(1, 3_000)]}) for _ in range(pick.randint(1, 8))]
        futures = [(event.id, writer.submit(event)) for event in batch]
        error = next((found for _, future in futures if (found := future.exception(60))), None)
        kept += [name for name, future in futures if not future.exception()]
    expected = StoreError if limited else DiskFull
    result.check(isinstance(error, expected), f"full disk: {type(error).__name__}: {error}")
    writer.close()
    try:
        with Store.open(path) as store:
            have = {event.id for _, event in store.events.since(0, 1_000_000)}
            result.check(not set(kept) - have, f"full disk: {len(set(kept) - have)} acknowledged events are gone")
            result.check(store.db.rows("PRAGMA integrity_check") == [("ok",)], "full disk: the archive is damaged")
    except DiskFull:
        pass  # not even a log can begin: said in words, and looked at again below
    if not limited:
        subprocess.run(["mount", "-o", "remount,size=64m", str(path.parent)], check=True)
        with Store.open(path) as store:
            have = {event.id for _, event in store.events.since(0, 1_000_000)}
            result.check(not set(kept) - have, f"room again: {len(set(kept) - have)} acknowledged events are gone")
            store.events.append([Event("topics")])
    return len(kept)


def refusals(folder: Path, result: Result) -> None:
    """Everything that must leave the file byte-identical."""
    path = folder / "data" / "archive.db"
    path.parent.mkdir()
    fill(path)
    before = digest(path)

    future = folder / "future" / "data" / "archive.db"
    future.parent.mkdir(parents=True)
    fill(future, events=1)
    other = apsw.Connection(str(future))
    other.execute(f"PRAGMA user_version = {latest() + 7}").fetchall()
    other.close()
    made = digest(future)
    refused(result, "from the future", FromNewerVersion, lambda: Store.open(future))
    said = cli(future.parent.parent, "list")
    result.check(said.returncode == 4 and "newer" in said.stderr, f"from the future: `list` says {said.stderr!r}")
    result.check(digest(future) == made, "from the future: the file was changed")

    path.chmod(0o444)
    path.parent.chmod(0o555)
    _as_nobody(folder, lambda: Store.open(path), ReadOnly, "read-only", result)
    path.chmod(0o000)
    _as_nobody(folder, lambda: Store.open(path), ReadOnly, "permission lost", result)
    path.parent.chmod(0o755)
    path.chmod(0o600)
    result.check(digest(path) == before, "read-only or without permission: the file was changed")

    _no_locks(path, result)
    result.check(digest(path) == before, "a share without locks: the file was changed")
    with Store.open(path) as store:
        result.check(store.events.count() == 200, "events are missing after all refusals")


def _as_nobody(
    folder: Path, attempt: Callable[[], object], kind: type[StoreError], what: str, result: Result
) -> None:
    """In a process whom permissions bind; root may write anywhere."""
    if os.getuid() == 0:
        for each in (folder, *folder.parents):
            if str(each) not in ("/", "/tmp"):
                each.chmod(each.stat().st_mode | 0o055)
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        own = Result()
        refused(own, what, kind, attempt)
        os._exit(len(own.faults))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result.check(code == 0, f"{what}: not refused in words")


class _Share(apsw.VFS):
    def __init__(self) -> None:
        self.real = apsw.vfs_names()[0]
        super().__init__("share", self.real, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _Unlockable(self.real, name, flags)


class _Unlockable(apsw.VFSFile):
    def xLock(self, level: int) -> None:
        error = apsw.IOError("no locks available")
        error.extendedresult = apsw.SQLITE_IOERR_LOCK
        raise error


def _no_locks(path: Path, result: Result) -> None:
    share = _Share()
    try:
        refused(result, "a share without locks", StoreError, lambda: Store.open(path))
    finally:
        share.unregister()


def gone(folder: Path, pick: random.Random, result: Result) -> None:
    """The file is deleted or replaced while a window writes: no event is acknowledged into nowhere, none lost."""
    path = folder / "archive.db"
    before = fill(path, items=5, events=9)
    writer = EventWriter(path)
    mine = [Event("topics") for _ in range(pick.randint(1, 30))]
    for event in mine:
        writer.submit(event).result(60)
    if pick.random() < 0.5:
        for name in ("archive.db", "archive.db-wal", "archive.db-shm"):
            (folder / name).unlink(missing_ok=True)
    else:
        fill(folder / "new.db", items=1, events=1)
        os.replace(folder / "new.db", path)
    error = writer.submit(Event("topics")).exception(60)
    writer.close()
    result.check(isinstance(error, Moved), f"file gone: {type(error).__name__}: {error}")
    saved = list(folder.glob("archive-rescued-*.db"))
    if result.check(len(saved) == 1, "file gone: nothing was saved"):
        with Store.open(saved[0]) as store:
            have = {event.id for _, event in store.events.since(0, 1_000_000)}
        lost = {*before, *(event.id for event in mine)} - have
        result.check(not lost, f"file gone: {len(lost)} acknowledged events are not in the saved file")


def damaged(folder: Path, rounds: int, pick: random.Random, result: Result) -> None:
    """Scribble over pages; the archive stays byte-identical, what can be read comes out into a sound file."""
    source = folder / "data" / "archive.db"
    source.parent.mkdir(parents=True)
    events = fill(source, items=300, events=1_500)
    whole, target = source.read_bytes(), folder / "new.db"
    found, hit, refusals_ = 0, 0, 0
    for number in range(rounds):
        data = bytearray(whole)
        pages = pick.sample(range(1, len(data) // PAGE), pick.choice((1, 1, 2, 5)))
        for page in pages:
            data[page * PAGE : (page + 1) * PAGE] = pick.choice((bytes(PAGE), pick.randbytes(PAGE), b"\xff" * PAGE))
        source.write_bytes(data)
        before = digest(source)
        through = number == 0
        if through:
            told = cli(folder, "doctor")
            result.check(told.returncode == 4 or "ok" in told.stdout, f"damage {number}: doctor: {told.stderr!r}")
            done = cli(folder, "doctor", "--recover", str(target))
            ended = done.returncode == 0
        else:
            ended = _recover(source, target)
        if not ended:
            refusals_ += 1
        else:
            with Store.open(target) as store:
                have = {event.id for _, event in store.events.since(0, 1_000_000)}
                result.check(store.db.rows("PRAGMA integrity_check") == [("ok",)], f"damage {number}: unsound copy")
                result.check(have <= set(events), f"damage {number}: the copy holds events that never were")
            found, hit = found + len(have), hit + len(events)
        result.check(digest(source) == before, f"damage {number}: the damaged file was changed")
        for path in folder.glob("new.db*"):
            path.unlink()
    share = found / hit if hit else 0.0
    result.check(share > 0.9, f"only {share:.1%} of events came out of damaged archives")
    result.figure(
        f"{rounds} archives with 1 to 5 of {len(whole) // PAGE} pages destroyed: {share:.2%} of events recovered,"
        f" {refusals_} with nothing to read"
    )


def _recover(source: Path, target: Path) -> bool:
    from penchant.app.store.doctor import salvage

    try:
        salvage(source, target)
    except StoreError:
        return False
    return True


def backups(folder: Path, result: Result) -> None:
    """Made, opened, kept in number; a short disk gets none."""
    path = folder / "archive.db"
    fill(path)
    for day in range(5):
        made = make(path, folder / "backups", 3, 1_750_000_000.0 + day * 86_400)
        with Store.open(made) as store:
            result.check(store.events.count() == 200, f"backup {day} lacks events")
    kept = list((folder / "backups").glob("*.db"))
    result.check(len(kept) == 3 and newest(path, folder / "backups"), f"{len(kept)} backups instead of 3")
    refused(result, "a short disk", DiskFull, lambda: make(path, folder / "backups", 3, 1_760_000_000.0, free=1 << 20))


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    pick, acknowledged = random.Random(options.seed), 0
    for number in range(options.rounds):
        place = folder / f"full-{number}"
        place.mkdir()
        acknowledged += full_disk(place, pick, result)
        place = folder / f"gone-{number}"
        place.mkdir()
        gone(place, pick, result)
    lost, both = len(result.faults), f"{options.rounds} full disks and {options.rounds} files gone"
    result.figure(f"{both}, {acknowledged:,} acknowledged events: {lost} faults")
    for name, part in (("refusals", refusals), ("backups", backups)):
        (folder / name).mkdir()
        part(folder / name, result)
    result.figure(f"read-only, permission lost, no locks, from the future, backups: {len(result.faults) - lost} faults")
    damaged(folder / "damaged", options.pages, pick, result)


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, rounds=(1, 100), pages=(4, 200)))
