"""Supply chain: every dependency is locked with checksums, and its licence is listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

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


def pins() -> dict[str, list[tuple[str, str]]]:
    """Package -> [(version, marker)] of the lock; several where systems or Pythons take different ones."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, version, marker in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", LOCK, re.M):
        found.setdefault(normal(name), []).append((version, marker))
    return found


def here(name: str) -> list[str]:
    """The versions of a package that the lock has for this system and Python."""
    return [version for version, marker in pins().get(name, []) if not marker or Marker(marker).evaluate()]


def test_the_lock_is_what_pyproject_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for group in project["optional-dependencies"].values() for line in group)]
    for wanted in map(Requirement, lines):
        if normal(wanted.name) == "penchant" or (wanted.marker and not wanted.marker.evaluate()):
            continue
        found = here(normal(wanted.name))
        assert len(found) == 1, f"the lock has {found or 'nothing'} of {wanted.name} for this system"
        assert wanted.specifier.contains(found[0], prereleases=True), f"{wanted} is locked as {found[0]}"


def test_the_lock_is_whole() -> None:
    """Whatever a locked package that is installed here requires is locked as well, in a version that it takes."""
    looked = 0
    for name in pins():
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if here(name) != [installed.version]:
            continue  # another version requires other things
        looked += 1
        for line in installed.requires or ():
            wanted = Requirement(line)
            if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                continue
            found = here(normal(wanted.name))
            assert found and wanted.specifier.contains(found[0], prereleases=True), f"{name} requires {line}: {found}"
    assert looked > 0


def test_it_installs_from_the_lock_alone(checkout: Path, tmp_path: Path) -> None:
    """SECURITY.md's line. PENCHANT_TEST_INSTALL=1 does it (gigabytes), otherwise two small packages stand for all."""
    if os.environ.get("PENCHANT_TEST_INSTALL"):
        found = re.search(r"```sh\n(python3 -m venv .+--require-hashes.+)\n```", (ROOT / "SECURITY.md").read_text())
        assert found
        line = found[1].replace("python3 ", f"{sys.executable} ", 1)
        subprocess.run(["bash", "-c", line], cwd=checkout, check=True, timeout=3600)
        return
    blocks = re.findall(r"^(?:idna|rapidfuzz)==.*\\\n(?:    --hash=.*\n)+", LOCK, re.M)
    assert len(blocks) == 2
    (tmp_path / "some.lock").write_text("".join(blocks))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "--target", str(tmp_path)]
    done = subprocess.run([*pip, "-r", str(tmp_path / "some.lock")], capture_output=True, text=True, timeout=300)
    if "No matching distribution" in done.stderr:
        pytest.skip("no package registry within reach")
    assert done.returncode == 0, done.stderr
    (tmp_path / "some.lock").write_text(re.sub(r"(--hash=sha256:)[0-9a-f]{64}", r"\g<1>" + "0" * 64, "".join(blocks)))
    done = subprocess.run([*pip, "-r", str(tmp_path / "some.lock")], capture_output=True, text=True, timeout=300)
    assert done.returncode != 0, "what has another checksum was installed"


def test_the_lock_names_no_place() -> None:
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)


def test_every_dependency_has_its_licence_listed() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "licences"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
