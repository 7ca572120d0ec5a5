"""`penchant lab` as a child process: an experiment with a real (tiny) model, its report, the audit of the judge."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.lab import auditing
from penchant.app.store import Store
from penchant.app.types import Event

SMALL = ("--seeds", "1", "--posts", "2", "--tokens", "6", "--test", "4", "--judged", "24", "--n", "6", "--k", "2",
         "--topics", "6")  # fmt: skip


def _module(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    helpers = _module(Path(__file__).with_name("conftest.py"), "lab_conftest")
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"title": text}) + "\n" for text in helpers.texts_of(30)))
    return path


@pytest.fixture
def model(tmp_path: Path, home: Path) -> Path:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'")
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.toml").write_text('[models]\nsentence = ""\n')
    tiny = _module(Path(__file__).resolve().parents[1] / "judge" / "tiny_eyes.py", "lab_tiny")
    path: Path = tiny.write_text(tmp_path / "tiny.gguf", chat=True)
    return path


def test_an_experiment_with_a_real_child(cli: Any, texts: Path, model: Path, home: Path) -> None:
    asked = ("lab", "run", "--experiment", "mine", "--model", str(model), "--texts", str(texts), *SMALL)
    first = cli(*asked, "--arms", "base,history,vector")
    assert "| history | 1 |" in first and "| vector | 1 |" in first
    assert "(reader), k=2 n=6 reader 0: 1 of 4" in cli.errors
    again = cli(*asked, "--arms", "base,history,vector")
    assert again == first and "1 of 4" not in cli.errors
    cli(*asked, "--arms", "base", code=1)
    assert "other settings: plan" in cli.errors
    listed = json.loads(cli("lab", "list", "--json"))["experiments"]
    assert [(each["name"], each["records"], each["failed"]) for each in listed] == [("mine", 4, 0)]
    said = json.loads(cli("lab", "report", "--experiment", "mine", "--json"))
    assert {record["arm"] for record in said["records"]} == {"(reader)", "base", "history", "vector"}
    assert all(0 <= record["p"] <= 1 for record in said["records"])


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (("--arms", "telepathy"), 2, "there is no arm 'telepathy'"),
        (("--experiment", "../x"), 2, "is no name of an experiment"),
        (("--posts", "0"), 2, "make no experiment"),
        (("--texts", "nowhere.txt"), 2, "nowhere.txt cannot be read"),
        ((), 1, "the archive has 0 texts"),
        (("--experiment", "past"), 1, "too few to be split by time"),
    ],
)
def test_what_cannot_be_is_said_in_words(cli: Any, home: Path, asked: tuple[str, ...], code: int, words: str) -> None:
    cli("lab", "run", *asked, code=code)
    assert words in cli.errors


def test_decisions_are_audited_and_undone_ones_are_none(tmp_path: Path) -> None:
    """Cards said 0.9 and 0.1, and were right but for every twentieth; the first five had none."""
    items = tuple(Item(f"u{n}", f"https://x.example/{n}", title=f"item {n}") for n in range(240))
    with Store.open(tmp_path / "archive.db", role="worker") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed")
        ids = store.items.put_page(source, Page(items, {}), 1.0).item_ids
        for n, item in enumerate(ids):
            shown = None if n < 5 else 0.9 if (n % 2 == 0) == (n % 20 != 9) else 0.1
            store.events.append([Event("like" if n % 2 == 0 else "skip", item, shown_score=shown, at=1_000.0 + n)])
        taken = Event("like", ids[1], shown_score=0.5, at=10.0)
        store.events.append([taken, Event("undo", ids[1], undoes=taken.id, at=11.0)])
        found = auditing.decided(store)
    assert found.y.tolist() == [1, 0] * 120
    assert [math.isfinite(value) for value in found.opinions[auditing.HEAD]] == [False] * 5 + [True] * 235
    (row,) = auditing.audited(found)
    assert row.name == auditing.HEAD and row.known == 235
    assert row.audit.coverage > 0.3 and row.audit.error < 0.2
    assert row.curve[-1].error == pytest.approx(0.05, abs=0.03)
