"""Promise 8: children that crash, hang or eat memory, each kind a hundred times, and parents that are killed.

    python bench/promises/children.py [--short] [--rounds 100] [--first 0] [--patience 1]

Parser, decoder, reader of text in pictures, embedder, CLIP, judge, the writing of answers and plugs, adapters from
outside: each is given a culprit among good inputs. Broken where a good input has no answer, the culprit is not set
aside and named, the event loop around them stands still for more than 50 ms (p99; the machine must be idle for that),
a process is left after the end, or a file. Then each kind's parent is killed with SIGKILL in the middle: its children
must be gone within 5 s. Linux only. `--short`: each runner once, in one way. `--first`: begin with that kind, for a
long run in parts; `--patience`: seconds after which a child hangs, more than one on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

import bad_child  # noqa: E402
from common import Result, main  # noqa: E402

WAYS = ("CRASH", "HANG", "EAT")
BAD = str(HERE.with_name("bad_child.py"))
#: Seconds in which the children of a killed parent are gone; milliseconds that the loop may stand still.
GONE, STALL = 5.0, 50.0
#: Seconds that a child may take in these tests before it counts as hanging.
PATIENCE = 1.0


async def documents(what: str, way: str) -> str:
    """What the runner says of the culprit, "" where a good input suffers."""
    from penchant.app.parse_runner import Broke, ParseLimits, ParseRunner

    async with ParseRunner(ParseLimits(wall_seconds=PATIENCE, megabytes=256), what=what) as runner:
        good = await runner(bad_child.document, b"good")
        try:
            await runner(bad_child.document, way.encode())
            said = ""
        except Broke as error:
            said = str(error) if what in str(error) else ""
        return said if good == 4 and await runner(bad_child.document, b"good") == 4 else ""


async def vectors(library: str, way: str) -> str:
    from penchant.app.embed.runner import Limits, Runner

    limits = Limits(start=60.0, batch=PATIENCE, backoff=0.0)
    async with Runner("model", limits=limits, program=(BAD, "embed"), library=library) as runner:
        found = await runner.embed(["a", "b", way, "c"], "picture" if library == "open_clip" else "")
    return "set aside" if [row is None for row in found] == [False, False, True, False] else ""


async def judged(way: str) -> str:
    from penchant.app.judge.runner import Limits, Runner

    limits = Limits(start=60.0, batch=PATIENCE, backoff=0.0)
    async with Runner("model", limits=limits, program=(BAD, "judge")) as runner:
        found = await runner.loglik("a history", ["a", "b", way, "c"])
    return "set aside" if [row is None for row in found] == [False, False, True, False] else ""


async def written(way: str) -> str:
    from penchant.app.errors import PenchantError
    from penchant.app.judge.runner import Limits, Runner

    limits = Limits(start=60.0, write=PATIENCE, batch=PATIENCE, backoff=0.0)
    async with Runner("model", limits=limits, program=(BAD, "judge")) as runner:
        said = ""
        try:
            async for _ in runner.write("", way, 9):
                pass
        except PenchantError as error:
            said = str(error)
        good = "".join([piece async for piece in runner.write("", "good", 9)])
    return said if good == "all is well" else ""


async def outside(way: str) -> str:
    from penchant.adapters import guard_runner
    from penchant.adapters.base import SourceError
    from penchant.adapters.http import Client

    guard_runner.PAGE_SECONDS = PATIENCE
    bad = guard_runner.Guarded("bad")
    async with Client() as client:
        said = ""
        try:
            async for _ in bad.fetch(client, {"address": way}, {}):
                pass
        except SourceError as error:
            said = str(error) if "bad" in str(error) else ""
        good = [page async for page in bad.fetch(client, {"address": "good"}, {})]
    return said if len(good) == 1 else ""


KINDS: dict[str, Callable[[str], Awaitable[str]]] = {
    "parser": lambda way: documents("the answer", way),
    "decoder": lambda way: documents("the picture", way),
    "text in pictures": lambda way: documents("the text", way),
    "embedder": lambda way: vectors("llama.cpp", way),
    "CLIP": lambda way: vectors("open_clip", way),
    "judge": judged,
    "answers, plugs": written,
    "adapter from outside": outside,
}


def become_reaper() -> None:
    """Orphans below this process become its children, so that none is overlooked (prctl PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def below(pid: int) -> list[int]:
    """Processes below one that still live."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found += parents.get(waiting[0], [])
        waiting += parents.get(waiting.pop(0), [])
    return found


def gone(seconds: float) -> list[int]:
    """The processes below this one that are there after so many seconds."""
    until = time.monotonic() + seconds
    while (left := below(os.getpid())) and time.monotonic() < until:
        time.sleep(0.05)
    return left


@contextlib.asynccontextmanager
async def watched(stalls: list[float]) -> AsyncIterator[None]:
    """Notes how late the loop wakes up, in milliseconds."""

    async def tick() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            stalls.append((time.monotonic() - began - 0.005) * 1000)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


#: What the short form looks at: every runner once, in the way that is the hardest for it.
SHORT = {
    "parser": "HANG", "decoder": "EAT", "embedder": "EAT", "answers, plugs": "EAT", "adapter from outside": "CRASH",
}  # fmt: skip


async def set_aside(kind: Callable[[str], Awaitable[str]], way: str) -> bool:
    """Whether one kind's culprit was set aside and named, and all others had their answer."""
    from penchant.adapters.base import SourceError
    from penchant.app.errors import PenchantError
    from penchant.app.parse_runner import Broke

    try:
        return bool(await kind(way))
    except (Broke, PenchantError, SourceError) as error:  # what a good input must never meet
        print(f"  a good input: {error}", flush=True)
        return False


async def rounds(count: int, short: bool, first: int, result: Result) -> None:
    for name, kind in list(KINDS.items())[first:]:
        for way in WAYS if not short else [way for way in WAYS if SHORT.get(name) == way]:
            stalls: list[float] = []
            began, failed = time.monotonic(), 0
            async with watched(stalls):
                for _ in range(count):
                    failed += not await set_aside(kind, way)
            stalls.sort()
            late = stalls[int(len(stalls) * 0.99)] if stalls else 0.0
            result.check(not failed, f"{name}, {way}: {failed} of {count} times not set aside and named")
            result.check(late <= STALL or count < 20, f"{name}, {way}: the loop stood still for {late:.0f} ms")
            seconds = (time.monotonic() - began) / count
            result.figure(f"{name:21} {way:6} {count} times, {seconds:.2f} s each, loop late by {late:.1f} ms (p99)")


def killed(name: str, result: Result) -> None:
    """SIGKILL for a parent whose child hangs."""
    with subprocess.Popen([sys.executable, str(HERE), "--parent", name], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        until = time.monotonic() + 20.0
        while not below(parent.pid) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.0)
        had = below(parent.pid)
        parent.kill()
    began = time.monotonic()
    left = gone(GONE)
    result.check(had, f"{name}: no child to be left behind")
    result.check(not left, f"{name}: {len(left)} of {len(had)} processes outlive a killed parent")
    result.figure(f"{name:21} parent killed: children gone after {time.monotonic() - began:.1f} s")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def plug_in(folder: Path) -> None:
    """Install the bad adapter in a folder on the import path, here and in children."""
    about = folder / "penchant_bad-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: penchant-bad\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[penchant.adapters]\nbad = bad_adapter:Bad\n")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, str(folder))


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    global PATIENCE
    PATIENCE = float(options.patience)
    become_reaper()
    temporary, plugged = folder / "tmp", folder / "plugged"
    temporary.mkdir(), plugged.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    plug_in(plugged)
    asyncio.run(rounds(options.rounds, options.short, options.first, result))
    left = gone(2.0)
    result.check(not left, f"{len(left)} processes are left after the end")
    for name in ("parser", "adapter from outside") if options.short else KINDS:
        killed(name, result)
    files = [str(path.relative_to(temporary)) for path in temporary.rglob("*")]
    result.check(not files, f"files are left: {files[:5]}")


if __name__ == "__main__":
    if "--parent" in sys.argv:
        PATIENCE = 3600.0
        print(flush=True)
        asyncio.run(KINDS[sys.argv[-1]]("HANG"))  # type: ignore[arg-type]
    sys.exit(main(__doc__, run, rounds=(1, 100), first=(0, 0), patience=(1, 1)))
