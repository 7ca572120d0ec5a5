"""The network's library comes without what only its own command needs."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()


def test_adapters_load_no_command_line() -> None:
    heavy = "sorted({'click', 'pygments', 'rich'} & set(sys.modules))"
    code = f"import sys, penchant.adapters.http, httpx; print({heavy}, httpx.AsyncClient.__name__)"
    assert run(code) == "[] AsyncClient"


def test_who_loaded_httpx_before_keeps_it_whole() -> None:
    code = "import sys, httpx; before = sys.modules.get('httpx._main'); import penchant.adapters.http; "
    assert run(code + "print(sys.modules.get('httpx._main') is before)") == "True"
