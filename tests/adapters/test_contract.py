"""What every source must hold, whatever it reads: `penchant.adapters.contract` on each file `cases/*_case.py`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from penchant import adapters
from penchant.adapters import contract


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = [_load(path) for path in sorted((Path(__file__).parent / "cases").glob("*_case.py"))]
CHECKS = [check for case in CASES for check in contract.checks(case)]


def test_every_built_in_source_has_a_case() -> None:
    assert {case.KIND for case in CASES} == set(adapters.BUILTIN)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_contract(check: contract.Check) -> None:
    check.run()
