"""The program with pictures on a terminal of its own: what the terminal shows, and that nothing of it stays."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.model_terminal import ModelTerminal
from tests.tui.test_pictures import fetched, pictured

__all__ = ["pictured"]

CHILD = """
import os, sys
from penchant.app.config import Config
from penchant.app.paths import Paths
from penchant.app.tui.app import PenchantApp

class Crashing(PenchantApp):
    CSS_PATH = os.environ["STYLE"]
    def action_crash(self):
        raise RuntimeError("on purpose")

app = Crashing(Config(start_view="newest"), Paths.from_environment(), worker=False, images=(os.environ["WAY"], b""))
app.bind("f9", "crash")
app.run()
sys.exit(app.return_code or 0)
"""
ITERM = b"\x1b]1337;File=inline=1"


class Window:
    """The program on a pty; `seen` is everything it wrote."""

    def __init__(self, home: Path, way: str) -> None:
        from penchant.app import tui

        style = str(Path(tui.__file__).with_name("penchant.tcss"))
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = {"PENCHANT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvpe(sys.executable, [sys.executable, "-c", CHILD], {**os.environ, **env, "WAY": way, "STYLE": style})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        self.seen = b""

    def until(self, condition: Callable[[], Any], seconds: float = 25.0) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.fd, 65536)
                except OSError:
                    return bool(condition())
            elif condition():
                return True
        return bool(condition())

    @property
    def model(self) -> ModelTerminal:
        """A terminal that has read everything up to the last whole escape code."""
        model = ModelTerminal()
        model.feed(self.seen[: self.seen.rfind(b"\x1b\\") + 2].decode(errors="replace"), strict=False)
        return model

    def keys(self, text: str) -> None:
        os.write(self.fd, text.encode())


@pytest.fixture
def window(request: Any, pictured: Any, home: Path) -> Iterator[Window]:
    fetched(pictured)
    found = Window(home, request.param)
    yield found
    os.kill(found.pid, signal.SIGKILL)
    os.waitpid(found.pid, 0)
    os.close(found.fd)


def quit_(window: Window) -> None:
    window.keys("q")


def terminate(window: Window) -> None:
    os.kill(window.pid, signal.SIGTERM)


def crash(window: Window) -> None:
    window.keys("\x1b[20~")


@pytest.mark.parametrize("window", ["kitty"], indirect=True)
@pytest.mark.parametrize("end", [quit_, terminate, crash])
def test_whatever_ends_the_program_leaves_no_picture(window: Window, end: Callable[[Window], None]) -> None:
    assert window.until(lambda: len(window.model.shown) == 9), window.seen[-2000:]
    end(window)
    assert window.until(lambda: b"\x1b[?1049l" in window.seen)
    assert not window.model.shown and not window.model.images
    if end is crash:
        assert window.until(lambda: b"on purpose" in window.seen)
    assert window.seen.rindex(b"\x1b_Ga=d,d=A") < window.seen.rindex(b"\x1b[?1049l")


@pytest.mark.parametrize("window", ["kitty"], indirect=True)
def test_a_dialog_hides_pictures_and_nothing_is_sent_twice(window: Window) -> None:
    assert window.until(lambda: len(window.model.shown) == 9)
    before = window.model
    window.keys("?")
    assert window.until(lambda: not window.model.shown)
    window.keys("\x1b")
    assert window.until(lambda: window.model.seen() == before.seen())
    assert window.model.transmitted == before.transmitted


@pytest.mark.parametrize("window", ["kitty"], indirect=True)
def test_after_a_suspension_they_are_sent_again(window: Window) -> None:
    assert window.until(lambda: len(window.model.shown) == 9)
    before = window.model
    window.keys("\x1a")
    assert window.until(lambda: b"\x1b[?1049l" in window.seen)
    assert not window.model.shown and not window.model.images
    os.waitpid(window.pid, os.WUNTRACED)
    os.kill(window.pid, signal.SIGCONT)
    assert window.until(lambda: window.model.seen() == before.seen()), "they did not come back"
    assert window.model.transmitted == 2 * before.transmitted


@pytest.mark.parametrize("window", ["iterm2"], indirect=True)
def test_iterm_pictures_come_back_when_a_dialog_goes(window: Window) -> None:
    assert window.until(lambda: window.seen.count(ITERM) >= 8 * 2 + 6), window.seen[-1500:]
    window.until(lambda: False, 0.6)
    before = window.seen.count(ITERM)
    window.keys("?")
    window.until(lambda: False, 1.2)
    assert window.seen.count(ITERM) == before  # none over the dialog
    window.keys("\x1b")
    assert window.until(lambda: window.seen.count(ITERM) >= before + 8 * 2 + 6)
    assert b"\x1b_G" not in window.seen
