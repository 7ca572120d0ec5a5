"""The worker gives way to the screen: by its own priority, and by that of its session where Linux groups sessions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")


def session_niceness() -> int | None:
    """The nice value of this session; None where the system has none, or this process stands in no session's group.

    The file is there and empty in processes of the root group, such as those that the system itself starts.
    """
    text = AUTOGROUP.read_text(encoding="ascii") if AUTOGROUP.exists() else ""
    found = re.search(r"nice (-?\d+)", text)
    return int(found.group(1)) if found else None


CODE = (
    "import os, pathlib; from penchant.app.priority import lower; lower(15);"
    " print(os.nice(0)); p = pathlib.Path('/proc/self/autogroup'); print(p.read_text() if p.exists() else '')"
)


def said(*, own_session: bool) -> tuple[int, int | None]:
    """(nice of a process, of its session) after it was lowered to 15."""
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, start_new_session=own_session
    )
    nice, *group = run.stdout.split("\n")
    found = re.search(r"nice (-?\d+)", group[0])
    return int(nice), int(found.group(1)) if found else None


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities of this system are others")
def test_a_process_is_as_nice_as_asked() -> None:
    assert said(own_session=False)[0] == 15


def test_its_own_session_too_and_nobody_elses() -> None:
    before = session_niceness()
    if said(own_session=True)[1] is None:
        pytest.skip("this system does not group the processes of a session")
    assert said(own_session=True)[1] == 15
    assert said(own_session=False)[1] == before == session_niceness()


def test_what_cannot_be_lowered_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from penchant.app import priority

    monkeypatch.setattr(priority, "AUTOGROUP", tmp_path / "none" / "autogroup")
    monkeypatch.setattr(os, "getsid", lambda pid: os.getpid())
    monkeypatch.setattr(os, "nice", lambda by: 0)
    priority.lower(19)
