"""Whatever happens to the terminal, the process ends and what was decided is on disk."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHILD = (
    "from penchant.app.paths import Paths; from penchant.app.config import Config, Worker;"
    "from penchant.app.tui.app import run; import sys;"
    "sys.exit(run(Config(worker=Worker(enabled=False)), Paths.from_environment()))"
)


class Program:
    """penchant on a terminal of its own, of which the test holds the other end."""

    def __init__(self, *, controlling: bool = True) -> None:
        if controlling:
            self.pid, self.fd = os.forkpty()
            if self.pid == 0:
                os.environ.update(TERM="xterm-256color")
                os.execv(sys.executable, [sys.executable, "-c", CHILD])
        else:
            # As under sudo or a supervisor: no SIGHUP when the terminal goes.
            self.fd, other = pty.openpty()
            self.pid = subprocess.Popen(
                [sys.executable, "-c", CHILD], stdin=other, stdout=other, stderr=other, start_new_session=True
            ).pid
            os.close(other)
        self.seen = b""
        self.code: int | None = None
        self.until(b"Number 0")

    def until(self, what: bytes) -> None:
        end = time.monotonic() + 30
        while what not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.fd], [], [], 0.05)[0]:
                self.seen += os.read(self.fd, 65536)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def ended(self, seconds: float = 20.0) -> bool:
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.02)
        return self.code is not None


@pytest.fixture
def program(archive: Any) -> Iterator[Callable[..., Program]]:
    opened: list[Program] = []

    def start(**options: Any) -> Program:
        opened.append(Program(**options))
        return opened[-1]

    yield start
    for each in opened:
        if not each.ended(0.0):
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)
        each.close()


def nothing(shown: Program) -> None:
    pass


def quits(shown: Program) -> None:
    os.write(shown.fd, b"q")


def control_c_twice(shown: Program) -> None:
    os.write(shown.fd, b"\x03\x03")


def interrupts_twice(shown: Program) -> None:
    os.kill(shown.pid, signal.SIGINT)
    os.kill(shown.pid, signal.SIGINT)


@pytest.mark.parametrize("first", [nothing, quits, control_c_twice, interrupts_twice])
def test_a_closed_terminal_leaves_no_process(archive: Any, program: Any, first: Any) -> None:
    shown = program()
    os.write(shown.fd, b"l")
    shown.until("♥".encode())
    first(shown)
    shown.close()
    assert shown.ended()
    assert archive.kinds()[0] == "like"


def test_control_c_once_asks_and_twice_ends(archive: Any, program: Any) -> None:
    shown = program()
    os.write(shown.fd, b"l\x03")
    shown.until(b"once more")
    assert shown.code is None
    os.write(shown.fd, b"\x03")
    shown.until(b"\x1b[?1049l")
    assert shown.ended() and shown.code == 130
    assert archive.kinds() == ["like"]


@pytest.mark.parametrize("end", [b"q", b"\x03\x03"])
def test_every_key_before_the_end_counts_where_it_was_pressed(archive: Any, program: Any, end: bytes) -> None:
    """Typed faster than the screen reads: each like belongs to the item that was selected then."""
    shown = program()
    os.write(shown.fd, b"ljljlj" + end)
    assert shown.ended()
    liked = [event.item_id for _, event in archive.read(lambda store: store.events.live()) if event.kind == "like"]
    assert len(liked) == len(set(liked)) == 3


def test_a_terminal_that_goes_without_a_signal(archive: Any, program: Any) -> None:
    shown = program(controlling=False)
    os.write(shown.fd, b"l")
    shown.until("♥".encode())
    shown.close()
    assert shown.ended()
    assert archive.kinds()[0] == "like"


def test_a_hangup_that_comes_twice(program: Any) -> None:
    shown = program()
    for number in (signal.SIGHUP, signal.SIGCONT, signal.SIGHUP, signal.SIGCONT):
        os.kill(shown.pid, number)
    shown.close()
    assert shown.ended()


def test_to_be_continued_starts_nothing_twice(program: Any) -> None:
    shown = program()
    time.sleep(1.0)
    before = shown.threads()
    for _ in range(5):
        os.kill(shown.pid, signal.SIGCONT)
        time.sleep(0.1)
    # The ranking's threads may have begun meanwhile; Textual's pair at each signal must not.
    assert shown.threads() <= before + 4
    os.write(shown.fd, b"q")
    assert shown.ended()
    assert shown.code == 0


def test_stopped_for_good_while_the_terminal_takes_nothing(archive: Any, program: Any) -> None:
    shown = program()
    os.write(shown.fd, b"l")
    shown.until("♥".encode())
    # Nobody reads any more: the output blocks, and with it the event loop.
    with contextlib.suppress(OSError):
        for _ in range(400):
            if select.select([], [shown.fd], [], 0)[1]:
                os.write(shown.fd, b"jk" * 20)
            time.sleep(0.002)
    os.kill(shown.pid, signal.SIGTERM)
    assert shown.ended(40.0)
    assert archive.kinds()[0] == "like"
