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

COLUMNS, ROWS = 110, 46
CHILD = (
    "from penchant.app.paths import Paths; from penchant.app.config import Config, Worker;"
    "from penchant.app.tui.app import run; import sys;"
    "sys.exit(run(Config(worker=Worker(enabled=False)), Paths.from_environment()))"
)
#: A word of ours (hostile_strings), and how the text of an article begins.
WORD = re.compile(r"[a-z]\d{5}[az]")
ARTICLE = re.compile(r"[xp]\d{5}a")
#: How the words of a picture begin: below the room for it.
CAPTION = re.compile(r"^ *\[\d+\] ", re.MULTILINE)
#: Whether it marks the end of a frame is asked once; the answer is yes.
ASKED, CAN = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
#: Seconds in which the next article must be there.
TURN = 5.0
#: Keys of each place that is not an article, and what leaves it.
DIALOGS = ("w", "m", "M", "L", "?", "T", "S", "d", "C", "e", ".", "O", "D", "D", "a", "H", "N", "E", "F")


class Window:
    """One run. `strict` has judged every byte; `seen` are the finished screens without spaces, `words` where which
    word of ours stood.
    """

    def __init__(self, env: dict[str, str], home: Path) -> None:
        self.strict = Strict(COLUMNS, ROWS, self._frame)
        self.seen: list[str] = []
        self.words: dict[str, list[int]] = {}
        self.bytes = 0
        self.code: int | None = None
        self._log = home / "opened"
        browser = home / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {self._log}\n')
        browser.chmod(0o755)
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
                    if ASKED in data:
                        os.write(self.fd, CAN)
                    continue
            break

    def _frame(self, screen: str) -> None:
        text = "".join(screen.split())
        if self.seen and self.seen[-1] == text:
            return
        for word in set(WORD.findall(text)):
            self.words.setdefault(word, []).append(len(self.seen))
        self.seen.append(text)

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

    def step(self) -> bool:
        """The next article, until its text is there: whether another one came."""
        before, end = ARTICLE.findall(self.strict.text()), time.monotonic() + TURN
        self.key("n", 0.015)
        while time.monotonic() < end and not self.ended():
            if (now := ARTICLE.findall(self.strict.text())) not in (before, []):
                return True
            self.wait(0.02) if now == before else self.key(" ", 0.02)  # a long warning, and the text is below it
        return False

    def _down(self) -> None:
        """To the end of an article that is longer than the screen."""
        before = ""
        for _ in range(9):
            text = self.strict.text()
            if text == before or (CAPTION.search(text) and not "".join(text.split("\n")[-4:-2]).strip()):
                break
            before = text
            self.key(" ", 0.02, 0.3)

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

    def tour(self, items: int) -> None:
        """Newest: the list, every article, dialogs, clicks; then quit."""
        self.until("For you")
        self.key("2", 0.5)
        self.until("Newest")
        for _ in range(5):
            self.key("\r", 0.3, 2.0)
            if "esc back" in self.strict.text():
                break
        self._down()
        for turn in range(items + 1):
            if not self.step():
                break
            self._down()
            if turn % 60 == 0:
                self._click_all(range(4, ROWS - 4, 7))
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
        self.quit()

    def _click_all(self, rows: range) -> None:
        for row in rows:
            for column in (9, 24, 50):
                os.write(self.fd, f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m".encode())
        self.wait(0.1)

    def quit(self) -> None:
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
