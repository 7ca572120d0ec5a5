"""Hostile documents die in the child; the runner reports them and goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penchant.adapters.base import Malformed, TooLarge
from penchant.app.parse_runner import ParseLimits, ParseRunner

FAST = ParseLimits(cpu_seconds=0.3, wall_seconds=5.0, megabytes=128)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")


def spin(_: bytes) -> None:
    while True:
        pass


def fill(size: int) -> int:
    return len(bytearray(size))


def refuse(_: bytes) -> None:
    raise TooLarge("four pages too many", hint="Read less.", retry_after=7.0)


def chatter(text: str) -> str:
    print("x" * 1_000_000)
    os.write(1, b"garbage on standard output")
    return text


def nested(depth: int) -> int:
    return 1 + nested(depth + 1)


def nothing_picklable(_: bytes) -> object:
    return lambda: None


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds the functions of this file by their module's name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[__name__.count(".")]))


@pytest.fixture
async def runner():  # type: ignore[no-untyped-def]
    async with ParseRunner(FAST) as runner:
        yield runner


async def works(runner: ParseRunner) -> bool:
    return await runner(len, b"fine") == 4


async def test_one_child_serves_many(runner: ParseRunner) -> None:
    pids = {await runner(os.getpid) for _ in range(3)}
    assert len(pids) == 1 and os.getpid() not in pids


async def test_big_documents_go_both_ways(runner: ParseRunner) -> None:
    big = os.urandom(5 << 20)
    assert await runner(bytes.upper, big) == big.upper()


@linux_only
async def test_computing_for_ever(runner: ParseRunner) -> None:
    with pytest.raises(Malformed, match=r"more than 0.3 seconds of computing"):
        await runner(spin, b"")
    assert await works(runner) and runner.restarts == 1


@linux_only
async def test_the_reason_of_a_death_is_not_lost_to_a_race() -> None:
    """Killing a child that is already dying took its exit code away in a third of the cases."""
    for _ in range(12):
        async with ParseRunner(FAST) as runner:
            pid = await runner(os.getpid)
            with pytest.raises(Malformed, match="seconds of computing"):
                await runner(os.kill, pid, signal.SIGPROF)


async def test_sleeping_for_ever() -> None:
    async with ParseRunner(ParseLimits(wall_seconds=0.5)) as runner:
        await works(runner)
        with pytest.raises(Malformed, match=r"longer than 0.5 seconds"):
            await runner(time.sleep, 60)
        assert await works(runner)


@linux_only
async def test_eating_memory(runner: ParseRunner) -> None:
    assert await runner(fill, 1 << 20) == 1 << 20
    with pytest.raises(Malformed, match="memory"):
        await runner(fill, 1 << 30)
    assert await works(runner)


async def test_killing_the_child(runner: ParseRunner) -> None:
    with pytest.raises(Malformed, match="could not be read"):
        await runner(os._exit, 9)
    assert await works(runner)
    pid = await runner(os.getpid)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Malformed):
        await runner(len, b"")
    assert await works(runner)


async def test_source_errors_come_back_whole(runner: ParseRunner) -> None:
    with pytest.raises(TooLarge, match="four pages") as caught:
        await runner(refuse, b"")
    assert (caught.value.hint, caught.value.retry_after) == ("Read less.", 7.0)


@pytest.mark.parametrize(
    ("function", "argument"), [(nested, 0), (int, "no number"), (nothing_picklable, b""), (fill, -1)]
)
async def test_faults_are_reported_as_malformed(
    runner: ParseRunner, function: object, argument: object
) -> None:
    with pytest.raises(Malformed) as caught:
        await runner(function, argument)  # type: ignore[arg-type]
    assert "no number" not in str(caught.value)  # content stays out of messages and logs
    assert await works(runner) and runner.restarts == 0


async def test_a_parser_that_prints_does_no_harm(runner: ParseRunner) -> None:
    assert await runner(chatter, "answer") == "answer"


async def test_a_cancelled_request_does_not_answer_the_next(runner: ParseRunner) -> None:
    await works(runner)
    task = asyncio.create_task(runner(time.sleep, 30))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await works(runner)


async def test_many_at_once_get_their_own_answers(runner: ParseRunner) -> None:
    answers = await asyncio.gather(*(runner(len, b"x" * n) for n in range(40)))
    assert answers == list(range(40))


async def test_a_folder_with_a_bad_module_is_not_imported_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    async with ParseRunner(FAST) as runner:
        assert await works(runner)


async def test_the_child_imports_little(runner: ParseRunner) -> None:
    loaded = await runner(eval, "set(__import__('sys').modules)")
    assert not loaded & {"httpx", "textual", "numpy", "apsw", "asyncio", "lxml"}


@linux_only
def test_a_document_that_hangs_does_not_outlive_a_killed_parent() -> None:
    code = (
        "import asyncio, time\n"
        "from penchant.app.parse_runner import ParseRunner\n"
        "async def go():\n"
        "    runner = ParseRunner()\n"
        "    await runner(len, b'')\n"
        "    print(runner._child.pid, flush=True)\n"
        "    await runner(time.sleep, 600)\n"
        "asyncio.run(go())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    until = time.monotonic() + 20.0
    while time.monotonic() < until and Path(f"/proc/{child}").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
