"""One worker per archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.app.errors import AlreadyRunning, Exit
from penchant.app.lock import WorkerLock, is_held

HOLDER = """
import sys, pathlib
from penchant.app.lock import WorkerLock
with WorkerLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_who_holds_it(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    assert is_held(tmp_path / "lock")
    with pytest.raises(AlreadyRunning, match=str(holder.pid)) as caught:
        WorkerLock(tmp_path / "lock").acquire()
    assert caught.value.exit_code == Exit.BUSY
    assert caught.value.hint


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "lock").read_text().strip() == str(holder.pid)  # a stale file, and it means nothing
    with WorkerLock(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text().strip() == str(os.getpid())
        assert is_held(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
