"""`penchant adapters`: a stranger's adapter is listed, checked, added and fetched; a broken one is explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example_adapter"


@pytest.fixture
def cli_with(cli: Any, tmp_path: Path) -> Any:
    """The template, and an adapter that breaks, installed for child processes."""
    for name, module in (("lunch", "penchant_lunch:Lunch"), ("bad", "bad:A")):
        info = tmp_path / f"penchant_{name}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: penchant-{name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(f"[penchant.adapters]\n{name} = {module}\n")
    (tmp_path / "bad.py").write_text("raise RuntimeError('\\x1b[31mno luck')")
    cli.environment |= {"PYTHONPATH": f"{tmp_path}:{EXAMPLE}", "PYTHONDONTWRITEBYTECODE": "1"}
    return cli


def test_a_stranger_s_adapter(cli_with: Any, server: Any) -> None:
    server.route("/menus.json", '[{"id": 1, "dish": "Soup of the day"}]')
    address = "lunch:" + server.url("").rstrip("/")
    assert "lunch\tpenchant-lunch 0.1.0\n" in cli_with("adapters")
    out = cli_with("adapters", "check", "lunch", "--case", str(EXAMPLE / "tests" / "case.py"))
    assert out.count("ok ") == len(out.splitlines()) > 30
    assert "(1 on 1 pages)" in cli_with("adapters", "check", "lunch", "--address", address)
    cli_with("add", address)
    cli_with("sync", "--no-rank", "--quiet")
    assert "Soup of the day" in cli_with("list", "--view", "newest")


def test_a_broken_one_is_explained_and_harms_nothing_else(cli_with: Any) -> None:
    out = cli_with("adapters", "check", "bad", code=1)
    assert out.count("broken") == 2 and "no luck" in cli_with.errors and "\x1b" not in cli_with.errors
    cli_with("add", "sample")
    cli_with("add", "http://127.0.0.1:9/feed.xml", "--kind", "bad", code=5)


def test_unknown_names(cli: Any) -> None:
    cli("adapters", "check", "nobody", code=2)
    cli("adapters", "check", "rss", "--case", "nowhere.py", code=2)
