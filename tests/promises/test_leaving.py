"""The short forms of the promises on privacy and models (docs/promises.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "bench" / "promises"


def short(script: str) -> str:
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), "--short"], capture_output=True, text=True, timeout=300, cwd=FOLDER
    )
    if done.returncode == 3 and "cannot:" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_nothing_is_asked_but_the_feed_and_its_pictures() -> None:
    assert "kept" in short("privacy.py")


def test_orders_in_posts_gain_nothing() -> None:
    assert "mean shift" in short("injection.py")


def test_model_files_of_strangers() -> None:
    assert "kept" in short("models.py")
