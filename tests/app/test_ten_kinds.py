"""Sources of ten kinds, some of them ill, visited together: the short form of bench/ten_kinds.py."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the whole of 127.0.0.0/8 as loopback: Linux")
def test_ill_sources_of_ten_kinds_hold_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    rows, _, requests = importlib.import_module("ten_kinds").run(30, 3, tmp_path, timeout=2.0)
    assert requests > 30
    assert [row for row in rows if not row[2]] == []
