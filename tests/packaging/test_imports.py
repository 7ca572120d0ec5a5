"""The import contracts of ARCHITECTURE.md hold, and would notice a breach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch open_clip llama_cpp onnxruntime cv2 numpy httpx lxml PIL wordllama sklearn scipy term_image keyring"
    " selectolax feedparser"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the two packages laid out as they are installed, to be broken at will."""
    for package in ("app", "adapters"):
        shutil.copytree(
            ROOT / package, tmp_path / "penchant" / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_contracts_hold(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("adapters/text.py", "import penchant.app.types", "adapters is a leaf"),
        ("app/rank/order.py", "import penchant.app.store", "rank and decide are pure"),
        ("app/decide.py", "import httpx", "rank and decide are pure"),
        ("app/sync.py", "import textual", "only tui imports Textual"),
        ("app/tui/app.py", "import apsw", "the store is the only door"),
        ("app/tui/app.py", "import torch", "only embed and judge"),
        ("app/backfill.py", "import llama_cpp", "only embed and judge"),
        ("app/pictures/__init__.py", "import torch", "only embed and judge"),
        ("app/judge/__init__.py", "import apsw", "the store is the only door"),
    ],
)
def test_a_breach_is_named(tree: Path, file: str, line: str, contract: str) -> None:
    target = tree / "penchant" / file
    target.write_text(target.read_text() + f"\n{line}\n")
    done = lint(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [row for row in done.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "penchant.app.worker", "penchant.app.backfill", "penchant.app.embed.runner", "penchant.app.picture_backfill",
        "penchant.app.picture_search", "penchant.app.commands.models",
    ],
)  # fmt: skip
def test_models_are_imported_in_their_own_process_only(module: str) -> None:
    # that the running worker loads none either is seen in tests/app/test_backfill.py
    code = f"import sys, {module}; print(*(m for m in ('llama_cpp', 'torch', 'open_clip') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("module", ["penchant.app.cli", "penchant.app.tui.app"])
def test_starting_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(m for m in {HEAVY.split()!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""


def test_the_command_line_starts_without_textual() -> None:
    code = "import sys, penchant.app.cli; print('textual' in sys.modules, 'apsw' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False False"


@pytest.mark.parametrize("package", ["app", "adapters"])
def test_the_bare_name_is_refused(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {package}"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert f"penchant.{package}" in done.stderr
