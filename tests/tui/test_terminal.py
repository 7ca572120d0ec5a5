"""In a real terminal (a pty): bytes of hostile titles, and endings without the keyboard."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from penchant.adapters.base import Author, Item
from penchant.app.tui.words import CONTROLS

CHILD = (
    "from penchant.app.paths import Paths; from penchant.app.config import Config, Worker;"
    "from penchant.app.tui.app import run; import sys;"
    "sys.exit(run(Config(worker=Worker(enabled=False)), Paths.from_environment()))"
)
#: What Textual and our own styles may send: CSI sequences, private modes, title/pointer by OSC 22, line ends.
OWN = re.compile(rb"\x1b\[[0-9;:?<>=$ ]*[@-~]|\x1b\]22;[a-z-]*\x07|\x1b[()][0-9A-Z]|\x1b[=>78]|\r\n")
HOSTILE = {
    "osc 8": "before \x1b]8;;http://evil.example\x07click\x1b]8;;\x07 after",
    "osc 52": "before \x1b]52;c;ZXZpbA==\x07 after",
    "title": "before \x1b]0;owned\x07 after",
    "dcs": "before \x1bP1$r0m\x1b\\ after",
    "c1": "before \x9b31m\x9d0;owned\x9c after",
    "clear": "before \x1b[2J\x1b[H after",
    "bell and null": "before \x07\x00\x08\x0b\x0c\x7f after",
    "bidi": "before \u202eevil\u202c \u2066x\u2069 after",
    "markup": "before [bold]x[/bold] [@click=app.quit]quit[/] [link=http://e.example]l[/link] [ after",
    "marks": "before a" + "\u0301" * 10_000 + " after",
    "newline": "before \r\n\t after",
}


class Screen:
    def __init__(self) -> None:
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, "-c", CHILD])
        self.seen = b""
        self.code: int | None = None

    def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.seen[-2000:]
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if ready:
                with contextlib.suppress(OSError):
                    self.seen += os.read(self.fd, 65536)

    def ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None


@pytest.fixture
def screen(archive: Any) -> Iterator[Callable[[], Screen]]:
    opened: list[Screen] = []

    def open_screen() -> Screen:
        opened.append(Screen())
        return opened[-1]

    yield open_screen
    for each in opened:
        if not each.ended():
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)
        with contextlib.suppress(OSError):
            os.close(each.fd)


def test_ctrl_z_suspends_and_a_signal_goes_on(archive: Any, screen: Any) -> None:
    shown = screen()
    shown.until(lambda: b"Number 3" in shown.seen)
    os.write(shown.fd, b"\x1a")
    stopped: list[int] = []

    def is_stopped() -> bool:
        pid, status = os.waitpid(shown.pid, os.WNOHANG | os.WUNTRACED)
        stopped.extend([status] if pid else [])
        return bool(stopped)

    shown.until(is_stopped)
    assert os.WIFSTOPPED(stopped[0])
    assert b"\x1b[?1049l" in shown.seen, "the shell has its screen back"
    count = len(shown.seen)
    os.kill(shown.pid, signal.SIGCONT)
    shown.until(lambda: b"Number 3" in shown.seen[count:])


def test_hostile_titles_reach_the_terminal_as_text(archive: Any, screen: Any) -> None:
    # Past the adapters' cleaning on purpose: this is the last gate.
    archive.fill(
        [
            Item(
                f"hostile-{n}",
                f"https://evil.example/{n}",
                text,
                text,
                Author(f"e{n}", text),
                time.time() + 60 - n,
                content_warning="",
            )
            for n, text in enumerate(HOSTILE.values())
        ],
        "evil \x1b]0;owned\x07",
        "https://evil.example/feed",
    )
    shown = screen()
    shown.until(lambda: shown.seen.count(b"before") >= len(HOSTILE))
    for key in b"jjjj\r":
        count = len(shown.seen)
        os.write(shown.fd, bytes([key]))
        shown.until(lambda count=count: len(shown.seen) > count)
    os.write(shown.fd, b"q")
    shown.until(lambda: b"For you" in shown.seen)
    os.write(shown.fd, b"q")
    shown.until(shown.ended)
    rest = OWN.sub(b"", shown.seen).decode()
    # Without the program's own sequences nothing that commands a terminal is left.
    found = re.search(CONTROLS, rest.replace("\r", "").replace("\n", ""))
    assert found is None, repr(rest[max(0, found.start() - 40) : found.end() + 40])
    assert b"\x1b]8;" not in shown.seen and b"\x1b]52;" not in shown.seen and b"\x1b]0;" not in shown.seen
    assert "[bold]x[/bold]" in rest and "[@click=app.quit]" in rest
    assert rest.count("\u0301") < 400


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_loses_no_key(archive: Any, screen: Any, number: int) -> None:
    shown = screen()
    shown.until(lambda: b"Number 0" in shown.seen)
    os.write(shown.fd, b"ljs")
    shown.until(lambda: "♥".encode() in shown.seen)
    os.kill(shown.pid, number)
    shown.until(shown.ended)
    shown.until(lambda: b"\x1b[?1049l" in shown.seen, 5.0)
    assert shown.code == 128 + number
    assert "like" in archive.kinds()


def test_a_closed_terminal_ends_the_program(archive: Any, screen: Any) -> None:
    shown = screen()
    shown.until(lambda: b"Number 0" in shown.seen)
    os.write(shown.fd, b"l")
    shown.until(lambda: "♥".encode() in shown.seen)
    os.close(shown.fd)
    end = time.monotonic() + 30
    while not shown.ended():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert archive.kinds() == ["like"]


def test_what_the_screen_showed_is_in_the_file_after_kill_9(archive: Any, screen: Any) -> None:
    shown = screen()
    shown.until(lambda: b"Number 0" in shown.seen)
    os.write(shown.fd, b"s")
    shown.until(lambda: "■".encode() in shown.seen)
    os.kill(shown.pid, signal.SIGKILL)
    shown.until(shown.ended)
    assert archive.kinds() == ["save"]
