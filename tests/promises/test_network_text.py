"""Short forms: hostile servers; and the terminal that judges hostile strings, held to what it must refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "bench" / "promises"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))


def test_rebinding_names_lead_nowhere_private(tmp_path: Path) -> None:
    """In a process of its own, since it replaces how names are resolved."""
    code = (
        "import asyncio, network; from common import Result; r = Result(); asyncio.run(network.rebinding(r, 60));"
        "raise SystemExit(bool(r.faults))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_canaries_stay_at_home(tmp_path: Path) -> None:
    code = (
        "import network, pathlib; from common import Result; r = Result();"
        f"network.canaries(pathlib.Path({str(tmp_path)!r}), r); raise SystemExit(bool(r.faults))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tokens_of_serve_are_told_to_nobody(tmp_path: Path) -> None:
    code = (
        "import canary_serve, pathlib; from common import Result; r = Result();"
        f"canary_serve.serving(pathlib.Path({str(tmp_path)!r}), r); raise SystemExit(bool(r.faults))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "bad", ["\x1b]0;owned\x07", "\x1b[6n", "\x07", "\x9b31m", "\u202eevil", "\x1b]8;;http://x\x07", "a" + "\u0301" * 5]
)
def test_the_strict_terminal_refuses(scripts: Any, bad: str) -> None:
    from strict_terminal import Strict

    whole, pieces = Strict(40, 5), Strict(40, 5)
    data = f"\x1b[1;1Hbefore {bad} after\x1b[?2026l".encode()
    whole.feed(data)
    for start in range(0, len(data), 3):
        pieces.feed(data[start : start + 3])
    whole.end(), pieces.end()
    assert whole.faults and pieces.faults


def test_the_strict_terminal_takes_what_is_the_programs(scripts: Any) -> None:
    from strict_terminal import Strict

    screen = Strict(40, 5)
    data = "\x1b[?1049h\x1b[2;3H\x1b[1;38;2;1;2;3mwide 語 text\x1b[0m\r\n\x1b]52;c;aGk=\x07\x1b[?2026l".encode()
    for start in range(0, len(data), 2):
        screen.feed(data[start : start + 2])
    screen.end()
    assert not screen.faults and screen.copied == ["hi"] and "wide 語 text" in screen.text()
