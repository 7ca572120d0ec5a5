"""The short forms of the promises on failing sources, children and clocks (docs/promises.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "bench" / "promises"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="loopback networks, /proc and libfaketime are Linux's")


def kept(script: str, *options: str) -> str:
    command = [sys.executable, str(FOLDER / script), "--short", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_failing_sources_hold_nobody_up() -> None:
    said = kept("scale.py", "--window", "0")
    assert "42 well, 18 failing and told so" in said


def test_children_that_misbehave_cost_one_input() -> None:
    assert "adapter from outside" in kept("children.py")


def test_a_clock_that_is_put_right_asks_nobody_and_silences_nobody() -> None:
    said = kept("clocks.py")
    if "skipped" in said:
        pytest.skip("libfaketime is not installed (apt-get install faketime)")
    assert "asked   0 sources" in said
