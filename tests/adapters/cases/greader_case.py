"""A reader server (greader) for the contract suite; see tests/adapters/test_contract.py and remote_fakes.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

KIND = "greader"
_SPEC = importlib.util.spec_from_file_location("remote_fakes", Path(__file__).parents[1] / "remote_fakes.py")
assert _SPEC is not None and _SPEC.loader is not None
fakes = sys.modules.setdefault("remote_fakes", importlib.util.module_from_spec(_SPEC))
if not hasattr(fakes, "FAKES"):
    _SPEC.loader.exec_module(fakes)

serve, grow, serve_text = fakes.case(KIND)
