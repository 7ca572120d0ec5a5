"""The README's commands do what it says, in a fresh virtual environment of a copy of the checkout."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def command(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```sh\n(.+?)\n```", README)
    assert found, f"README has no command marked {name}"
    return found[1]


def screen_of(command_line: str, folder: Path, home: Path, until: bytes, seconds: float) -> bytes:
    """Run a command line on a pseudo-terminal until its output has `until`, then press q."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        # "0" is how pip is told not to compile: that takes longer than the start, which compiles what it needs.
        os.environ.update(PENCHANT_HOME=str(home), TERM="xterm-256color", COLUMNS="80", LINES="24", PIP_NO_COMPILE="0")
        os.execvp("bash", ["bash", "-c", command_line])
    output, deadline = b"", time.monotonic() + seconds
    try:
        while until not in output and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    output += os.read(terminal, 65536)
                except OSError:
                    break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)
        os.close(terminal)
        os.waitpid(pid, 0)
    return output


def test_the_light_command_opens_the_first_screen(checkout: Path, tmp_path: Path) -> None:
    line = command("light").replace("python3 ", f"{sys.executable} ", 1)
    output = screen_of(line, checkout, tmp_path / "home", b"sample feed", 420)
    if b"No matching distribution" in output:
        pytest.skip("no package registry within reach")
    assert b"sample feed" in output, output[-2000:].decode("utf-8", "replace")


def test_the_main_command_differs_only_by_its_extra() -> None:
    assert command("run").replace("'.[all]'", ".") == command("light")


def test_everything_that_the_main_command_installs_can_be_had(checkout: Path) -> None:
    # The whole install is several gigabytes: PENCHANT_TEST_INSTALL=1 does it, otherwise pip resolves it only.
    if os.environ.get("PENCHANT_TEST_INSTALL"):
        line = command("run").replace("python3 ", f"{sys.executable} ", 1)
        assert b"sample feed" in screen_of(line, checkout, checkout.parent / "home", b"sample feed", 3600)
        return
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "-q", ".[all]"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=500,
    )
    if "No matching distribution" in done.stderr:
        pytest.skip("no package registry within reach")
    assert done.returncode == 0, done.stderr


def test_the_test_command_is_what_continuous_integration_runs() -> None:
    assert command("test").endswith(".venv/bin/pytest")
    assert "<!-- test -->" in (ROOT / ".ci" / "run").read_text()
