"""A command for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from penchant.adapters.script_place import allow

KIND = "script"
NETWORK = False


def _print(records: list[dict[str, Any]]) -> dict[str, Any]:
    folder = Path(os.environ["PENCHANT_HOME"])
    (folder / "printed").write_text("\n".join(map(json.dumps, records)))
    settings = {"address": f"exec:cat '{folder / 'printed'}'"}
    allow(settings)
    return settings


def _record(number: int) -> dict[str, Any]:
    return {"id": number, "url": f"https://far.example/{number}", "title": f"Number {number}", "date": 1_770_000_000}


def serve(server: Any) -> dict[str, Any]:
    return _print([_record(n) for n in range(250)])


def grow(server: Any) -> None:
    _print([_record(n) for n in range(-10, 250)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    names = ("title", "content_html", "content_text", "author", "language", "image", "summary", "id", "url", "tags")
    return _print([_record(1) | dict.fromkeys(names, text), _record(2) | {"title": text, "url": text}])
