"""The real program in a pty, led through every place that shows remote text."""

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
from pathlib import Path

from strict_terminal import Strict

COLUMNS, ROWS = 140, 70
CHILD = (
    "from penchant.app.paths import Paths; from penchant.app.config import Config, Worker;"
    "from penchant.app.tui.app import run; import sys;"
    "sys.exit(run(Config(worker=Worker(enabled=False)), Paths.from_environment()))"
)
#: How a text of ours begins (hostile_strings).
ARTICLE = re.compile(r"x\d{5}a")
#: Keys of each place that is not an article, and what leaves it.
DIALOGS = ("w", "m", "M", "L", "?", "T", "S", "d", "C", "e", ".", "O", "D", "D", "a", "H", "N", "E", "F")


class Window:
    """One run. `strict` has judged every byte; `seen` is what was on any screen, without spaces."""

    def __init__(self, env: dict[str, str], home: Path) -> None:
        self.strict = Strict(COLUMNS, ROWS)
        self.bytes = 0
        self.code: int | None = None
        self._log = home / "opened"
        browser = home / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {self._log}\n')
        browser.chmod(0o755)
        self._seen: dict[str, None] = {}
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.environ.update(env, BROWSER=f"{browser} %s")
            os.execv(sys.executable, [sys.executable, "-c", CHILD])

    def opened(self) -> list[str]:
        """Addresses that the browser was asked for."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def wait(self, quiet: float = 0.06, most: float = 5.0) -> None:
        """Take what it paints, until it has been quiet for so many seconds."""
        end = time.monotonic() + most
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], quiet)
            if not ready:
                break
            with contextlib.suppress(OSError):
                if data := os.read(self.fd, 1 << 18):
                    self.bytes += len(data)
                    self.strict.feed(data)
                    continue
            break
        self._seen["".join(self.strict.text().split())] = None

    def key(self, keys: str, quiet: float = 0.04, most: float = 0.4) -> None:
        """Type, and wait for what it does: `most` seconds where it does nothing."""
        before = self.bytes
        with contextlib.suppress(OSError):
            os.write(self.fd, keys.encode())
        ready, _, _ = select.select([self.fd], [], [], most)
        if ready:
            self.wait(quiet, 2.0)
        if self.bytes == before:
            self.ended()

    def step(self) -> None:
        """The next article, until its text is there."""
        before, end = ARTICLE.findall(self.strict.text()), time.monotonic() + 0.6
        self.key("n", 0.02)
        while time.monotonic() < end and ARTICLE.findall(self.strict.text()) in (before, []) and not self.ended():
            self.wait(0.02)

    def until(self, words: str, seconds: float = 20.0) -> None:
        """Wait for some words on the screen."""
        end = time.monotonic() + seconds
        while words not in self.strict.text() and time.monotonic() < end and not self.ended():
            self.wait()

    def ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def tour(self, items: int) -> str:
        """Newest: the list, every article, dialogs, clicks; then quit. Returns all that was seen."""
        self.until("For you")
        self.key("2", 0.5)
        self.until("Newest")
        for _ in range(5):
            self.key("\r", 0.3)
            if "esc back" in self.strict.text():
                break
        for turn in range(items + 1):
            self.step()
            if turn % 60 == 0:
                self._click_all(range(4, ROWS - 4, 7), "2")
        self.key("\x1b", 0.3)
        self.key("g", 0.2)
        for turn in range(min(4, items)):
            for key in DIALOGS[turn % 2 :: 2]:
                self.key(key, 0.15)
                if key == "S":
                    [self.key("j", 0.05) for _ in range(12)]
                    self.key("\r", 0.15)
                    self.key("\x1b", 0.1)
                self.key("\x1b", 0.1)
                self.key("2", 0.15)
            self.key("y", 0.1)
            self.key("jjj", 0.1)
        self.key("/", 0.2)
        self.key("evil", 0.4)
        self.key("\r", 0.4)
        self.key("\x1b", 0.2)
        self.key("2", 0.2)
        return self.quit()

    def _click_all(self, rows: range, _: str) -> None:
        for row in rows:
            for column in (9, 24, 50):
                os.write(self.fd, f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m".encode())
        self.wait(0.1)

    def quit(self) -> str:
        for _ in range(6):
            if self.ended():
                break
            self.key("q", 0.3)
            self.key("\x1b", 0.1) if not self.ended() else None
        end = time.monotonic() + 10
        while not self.ended() and time.monotonic() < end:
            self.wait(0.05)
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -9
        self.wait()
        self.strict.end()
        os.close(self.fd)
        return "\n".join(self._seen)
