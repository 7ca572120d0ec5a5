"""Power cuts: a window and a worker write, the power goes at a random write or sync, the file is opened again.

Each cut happens in a process of its own, which leaves behind what `powercut_vfs` says a disk might hold; the next cut
goes on from there. Used by keys.py.
"""

from __future__ import annotations

import importlib
import os
import random
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import kill9
from powercut_vfs import Disk, PowerCut

from penchant.app.store import Store

if TYPE_CHECKING:
    from common import Result

ENDED = 3
#: An archive that has grown to this many items is put away: images stay small.
ENOUGH = 1_500
#: Writes, syncs, truncations and deletions after which the power goes, at most.
LATEST = 3_000


def run(cuts: int, seed: int, folder: Path, result: Result, *, lying: bool = False) -> int:
    """Cut `cuts` times; returns how many events were acknowledged."""
    for module in kill9.WARM:
        importlib.import_module(module)
    pick, acknowledged, total = random.Random(seed), set[str](), 0
    place = folder / "0"
    place.mkdir()
    for number in range(1, cuts + 1):
        after = folder / str(number)
        after.mkdir()
        status = _cut(place, after, pick, lying)
        if not result.check(status == ENDED, f"cut {number}: the process ended with status {status}"):
            return total
        acknowledged |= set((after / "acknowledged").read_text().split())
        _clear(place)
        place, archive = after, after / "archive.db"
        if archive.exists():
            for fault in kill9.faults(archive, acknowledged, thorough=number % 10 == 0 or number == cuts):
                result.check(False, f"cut {number}: {fault}")
            with Store.open(archive) as store:
                items = store.db.value("SELECT count(*) FROM items")
        else:
            result.check(not acknowledged, f"cut {number}: the file is gone with {len(acknowledged)} events")
            items = 0
        if items > ENOUGH or number == cuts:
            if archive.exists() and (fault := kill9.drain(archive)):
                result.check(False, f"cut {number}: {fault}")
            total += len(acknowledged)
            acknowledged.clear()
            _clear(place)
            place = folder / f"{number}-new"
            place.mkdir()
        if result.faults:
            return total
        if number % 100 == 0:
            print(f"  {number} cuts, {total + len(acknowledged):,} acknowledged events", flush=True)
    return total


def _clear(place: Path) -> None:
    for path in place.iterdir():
        path.unlink()
    place.rmdir()


def _cut(place: Path, after: Path, pick: random.Random, lying: bool) -> int:
    seed, left = pick.randrange(1 << 30), pick.randint(1, pick.choice((100, 800, LATEST)))
    child = os.fork()
    if child == 0:
        try:
            _work(place, after, random.Random(seed), left, lying)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _work(place: Path, after: Path, pick: random.Random, left: int, lying: bool) -> None:
    """Write from two threads until the power goes, which is when this process ends."""
    countdown = [left]
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)

    def moment() -> None:
        countdown[0] -= 1
        if countdown[0] > 0:
            return
        # The lock is held: nothing gets on or off the disk any more, and whoever was told "durable" was told before.
        said = b""
        while chunk := _all(read):
            said += chunk
        lines = said.split(b"\n")[:-1]
        disk.wreck(after, random.Random(left))
        (after / "acknowledged").write_bytes(b"\n".join(lines))
        os._exit(ENDED)

    disk = Disk(moment, lying)
    keep = PowerCut(disk)
    path, sink = place / "archive.db", os.open(os.devnull, os.O_WRONLY)
    threading.Thread(target=_ingest, args=(path, sink), daemon=True).start()
    kill9.type_keys(path, write, pick.randrange(1 << 30))
    del keep


def _ingest(path: Path, sink: int) -> None:
    try:
        kill9.ingest(path, sink)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _all(read: int) -> bytes:
    try:
        return os.read(read, 1 << 20)
    except BlockingIOError:
        return b""
