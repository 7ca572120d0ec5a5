"""Supply chain: every dependency is locked with checksums, and its licence is listed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for group in project["optional-dependencies"].values() for line in group)]
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in lines} - {"penchant"}


def test_every_dependency_is_locked_with_checksums() -> None:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+).*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.M)
    locked = {normal(name) for name, _, _ in pins}
    assert asked() - locked == set(), "make requirements.lock anew (SECURITY.md says how)"
    begun = [line for line in LOCK.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(begun) == len(pins), "a line of the lock has no checksum"


def test_the_lock_names_no_place() -> None:
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)


def test_every_dependency_has_its_licence_listed() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "licences"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
