"""Fixtures shared by the whole suite."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests start a thousand children: where Python may keep no bytecode, each compiles the program anew (0.3 s of CPU).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No timing asserts: on a busy machine an example takes its time, and a generator too.
settings.register_profile("penchant", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("penchant")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recordings and ratings beside the checkout; PENCHANT_SHARED overrides it."""
    folder = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder}: set PENCHANT_SHARED to the folder that holds them")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for every test, so that none touches the reader's own files."""
    folder = tmp_path_factory.mktemp("home")
    if (hidden := sys.modules.get("penchant.adapters.hidden")) is not None:
        monkeypatch.setattr(hidden, "_known", set())  # another test's tokens are ordinary words here
    monkeypatch.setenv("PENCHANT_HOME", str(folder))
    monkeypatch.setenv("PENCHANT_SECRETS_DIR", str(folder / "secrets"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return folder
