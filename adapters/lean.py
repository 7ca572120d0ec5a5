"""What libraries load that penchant has no use for."""

from __future__ import annotations

import sys
from types import ModuleType


def without_command_line() -> None:
    """Spare httpx its own command: click, pygments and rich take as long to load as all the rest of it.

    httpx does without that module where click is not installed; here it gets one that says so when it is called.
    """
    if "httpx" not in sys.modules and "httpx._main" not in sys.modules:
        stand_in = ModuleType("httpx._main")
        stand_in.main = _absent  # type: ignore[attr-defined]
        sys.modules["httpx._main"] = stand_in


def _absent() -> None:
    raise SystemExit("The httpx command does not run inside penchant.")
