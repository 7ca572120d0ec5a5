"""Fixtures shared by the whole suite."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Tests start a thousand children: where Python may keep no bytecode, each compiles the program anew (0.3 s of CPU).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No timing asserts: on a busy machine an example takes its time, and a generator too.
# The suite draws the same examples every time: what fails was changed. `PENCHANT_EXPLORE=1 pytest -m hypothesis` draws
# others, and more of them where a test does not say how many.
_EXPLORES = bool(os.environ.get("PENCHANT_EXPLORE"))
settings.register_profile(
    "penchant", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not _EXPLORES,
    max_examples=500 if _EXPLORES else 100,
)  # fmt: skip
settings.load_profile("penchant")

ROOT = Path(__file__).resolve().parent.parent
#: Folders in memory, and bytes that must be free there: the largest tests keep gigabytes for a moment.
_MEMORY, _ENOUGH = Path("/dev/shm"), 8 << 30
_homes = itertools.count()


def _free(name: str) -> int:
    """Bytes of a line of /proc/meminfo; 0 where there is none."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:")), 0)


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files lie in memory where there is plenty: no test needs them to outlive a power cut, and thousands of
    archives that wait for the disk at every commit take a fifth of the suite's time. PYTEST_DEBUG_TEMPROOT decides."""
    if config.option.basetemp or "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    if min(shutil.disk_usage(_MEMORY).free, _free("MemAvailable")) >= _ENOUGH:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recordings and ratings beside the checkout; PENCHANT_SHARED overrides it."""
    folder = Path(os.environ.get("PENCHANT_SHARED", ROOT.parent / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder}: set PENCHANT_SHARED to the folder that holds them")
    return folder


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the homes of tests lie."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(homes: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home for every test, so that none touches the reader's own files. That of a failed one stays."""
    folder, failed = homes / str(next(_homes)), request.session.testsfailed
    folder.mkdir()
    if (hidden := sys.modules.get("penchant.adapters.hidden")) is not None:
        monkeypatch.setattr(hidden, "_known", set())  # another test's tokens are ordinary words here
    monkeypatch.setenv("PENCHANT_HOME", str(folder))
    monkeypatch.setenv("PENCHANT_SECRETS_DIR", str(folder / "secrets"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield folder
    if request.session.testsfailed == failed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def ready_archives(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """New archives are copies of the first one that was made: all migrations take as long as most tests.

    Where making one is what a test is about, the mark `migrates` leaves it as it is.
    """
    store = sys.modules.get("penchant.app.store")
    if store is not None and request.node.get_closest_marker("migrates") is None:
        monkeypatch.setattr(store, "migrate", _Copies(store.migrate).migrate)


class _Copies:
    """`migrate` for files that are new. The copy lies in memory, one for the whole process."""

    _lock = threading.Lock()
    _first: Any = None

    def __init__(self, real: Any) -> None:
        self._real = real

    def migrate(self, db: Any) -> list[Path]:
        with self._lock:
            if db.pragma("user_version") or db.pragma("schema_version"):
                return list(self._real(db))
            if _Copies._first is None:
                self._real(db)
                _Copies._first = type(db.apsw)(":memory:")
                _copy(db.apsw, _Copies._first)
            else:
                _copy(_Copies._first, db.apsw)
            return []


def _copy(source: Any, target: Any) -> None:
    with target.backup("main", source, "main") as copy:
        while not copy.done:
            copy.step()
