"""The short forms of three promises; docs/promises.md says what the long ones found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "promises"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kills forked processes, reads /proc")


@pytest.mark.parametrize("promise", ["keys", "disk", "machines"])
def test_it_is_kept(promise: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(BENCH / f"{promise}.py"), "--short"],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "kept" in run.stdout
