"""A dial that the screen shows turned is on disk: the window is killed the moment it shows."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

_spec = importlib.util.spec_from_file_location("terminal_tests", Path(__file__).with_name("test_terminal.py"))
assert _spec is not None and _spec.loader is not None
_terminal = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _terminal
_spec.loader.exec_module(_terminal)

screen = _terminal.screen


@pytest.mark.parametrize(
    ("keys", "shown", "value"), [(b"+", "●─── x1.5", 1.5), (b"---", "┼──── x0.25", 0.25), (b"0", "┼──── off", 0.0)]
)
def test_a_turned_dial_survives_a_kill(archive: Any, screen: Any, keys: bytes, shown: str, value: float) -> None:
    window = screen()
    window.until(lambda: b"Number 3" in window.seen)
    os.write(window.fd, b"T")
    window.until(lambda: b"popularity" in window.seen)
    count = len(window.seen)
    os.write(window.fd, keys)
    window.until(lambda: shown.encode() in window.seen[count:])
    os.kill(window.pid, signal.SIGKILL)
    window.until(window.ended)
    assert archive.read(lambda store: store.events.dials()) == {("expert", "words"): value}
