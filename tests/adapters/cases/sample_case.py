"""The sample feed for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

from typing import Any

KIND = "sample"
NETWORK = False


def serve(server: Any) -> dict[str, Any]:
    return {"address": "sample:feed"}
