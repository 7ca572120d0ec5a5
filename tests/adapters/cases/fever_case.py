"""A reader server (fever) for the contract suite; see tests/adapters/test_contract.py and remote_fakes.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

KIND = "fever"
_SPEC = importlib.util.spec_from_file_location("remote_fakes", Path(__file__).parents[1] / "remote_fakes.py")
assert _SPEC is not None and _SPEC.loader is not None
fakes = sys.modules.setdefault("remote_fakes", importlib.util.module_from_spec(_SPEC))
if not hasattr(fakes, "FAKES"):
    _SPEC.loader.exec_module(fakes)


def _serve(server: Any, newest: int) -> dict[str, Any]:
    fake = fakes.FAKES[KIND](server)
    fake.shelf.fill(1, newest)
    for number in (1, 3, 240):  # two that the first visit would not reach otherwise
        fake.shelf.rows[number].starred = True
    settings: dict[str, Any] = fake.sign_in()
    return settings | {"limit": 220}


def serve(server: Any) -> dict[str, Any]:
    return _serve(server, 250)


def grow(server: Any) -> None:
    _serve(server, 370)


def serve_text(server: Any, text: str) -> dict[str, Any]:
    settings: dict[str, Any] = fakes.hostile(fakes.FAKES[KIND](server), text)
    return settings
