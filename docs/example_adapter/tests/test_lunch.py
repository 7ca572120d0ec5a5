"""Run with `pytest` in the folder of the package, once it is installed."""

import sys
from pathlib import Path

import pytest

from penchant.adapters import contract

sys.path.insert(0, str(Path(__file__).parent))
import case


@pytest.mark.parametrize("check", contract.checks(case), ids=str)
def test_contract(check: contract.Check) -> None:
    check.run()
