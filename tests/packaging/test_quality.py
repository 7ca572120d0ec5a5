"""Linter, formatter's line length, types, and rooms that stay small."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=400
    )


def test_ruff() -> None:
    done = run("ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_types(tmp_path: Path) -> None:
    # mypy does not follow an editable install's hook: give it the installed layout.
    for package in ("app", "adapters"):
        shutil.copytree(ROOT / package, tmp_path / "penchant" / package)
    # What it knows of the libraries is kept beside the checkout: the next run takes a fifth of the time.
    cache = ("--cache-dir", str(ROOT / ".mypy_cache")) if os.access(ROOT, os.W_OK) else ()
    done = run("mypy", "--config-file", str(ROOT / "pyproject.toml"), *cache, "penchant", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_files_stay_small() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for package in ("app", "adapters")
        for path in (ROOT / package).rglob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > 420} == {}
    assert statistics.median(sizes.values()) <= 150
