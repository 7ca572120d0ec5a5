"""Fixtures for tests with real child processes and real HTTP on loopback."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _loopback() -> ModuleType:
    """The scriptable server of the adapters' tests (tests are no package, so it is loaded by its path)."""
    spec = importlib.util.spec_from_file_location(
        "loopback_server", ROOT / "tests" / "adapters" / "conftest.py"
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    if not hasattr(module, "Server"):
        spec.loader.exec_module(module)
    return module


server = _loopback().server


@pytest.fixture(scope="session")
def gguf_made() -> ModuleType:
    """Writes tiny model files (see gguf_made.py)."""
    path = Path(__file__).with_name("gguf_made.py")
    spec = importlib.util.spec_from_file_location("gguf_made", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def llama() -> None:
    """For tests that run a model through llama.cpp."""
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[sentence,test]' (it needs a compiler)")


def _warm() -> Any:
    """One for all tests of this process, whichever conftest loads it."""
    spec = importlib.util.spec_from_file_location("warm_commands", Path(__file__).with_name("warm.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    if not hasattr(module, "warm"):
        spec.loader.exec_module(module)
        module.warm = module.Warm()  # type: ignore[attr-defined]
    return module.warm


class Cli:
    """Runs `penchant` in child processes on the home of this test."""

    def __init__(self) -> None:
        self.children: list[subprocess.Popen[str]] = []
        self.environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "penchant.app.cli", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment,
        )  # fmt: skip
        self.children.append(child)
        return child

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Standard output of one command, which must end with `code`; standard error is in `self.errors`."""
        if (warm := _warm()).takes(self.environment):
            ended, out, self.errors = warm.run(arguments, self.environment, 150.0)
        else:
            child = self.start(*arguments)
            out, self.errors = child.communicate(timeout=150)
            ended = child.returncode
        assert ended == code, f"{arguments}: exit {ended}\n{out}\n{self.errors}"
        assert "Traceback" not in self.errors
        return out

    def stop(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.communicate()


@pytest.fixture
def cli() -> Iterator[Cli]:
    running = Cli()
    yield running
    running.stop()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until something holds; fails after a long while (a stuck program, not a slow machine)."""

    def wait(holds: Callable[[], object], seconds: float = 90.0) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.05)

    return wait
