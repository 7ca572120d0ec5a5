"""`penchant history`, `stats`, `exposure` and `cite` in child processes: empty, filled, hostile, wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.store import Store
from penchant.app.types import Event

EVIL = "Evil \x1b[31m [bold] \u202etitle} \\end{document} % of owls"


@pytest.fixture
def lived(home: Path) -> list[int]:
    """Ids: a paper that was read and liked, a post that cites it and was saved, and one with a hostile title."""
    (home / "data").mkdir()
    now = time.time()
    items = (
        Item(
            "arxiv:2301.00001", "https://arxiv.org/abs/2301.00001", "A paper about owls", "We show owls.",
            Author("arxiv:ada", "Ada Lovelace"), now - 60,
            extra={"version": 2, "primary": "cs.CL", "authors": ["Ada Lovelace"]},
        ),
        Item("p", "https://example.org/p", "A post", "As arXiv:2301.00001 says.", Author("a:b", "Ben"), now - 50),
        Item("e", "https://example.org/e", EVIL, "text", None, now - 40),
    )  # fmt: skip
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Feed \x1b]0;x\x07", {"address": "x"})
        ids = list(store.items.put_page(number, Page(items, {}), now).item_ids)
        store.events.append([
            *(Event("impression", item, {"dwell": 1}, at=now - 30) for item in ids),
            Event("open", ids[0], at=now - 20), Event("dwell", ids[0], {"seconds": 75}, at=now - 10),
            Event("like", ids[0], at=now - 9), Event("save", ids[1], at=now - 8), Event("open", ids[2], at=now - 7),
        ])  # fmt: skip
    return ids


def test_an_empty_archive(home: Path, cli: Any) -> None:
    assert cli("history") == "" and "no history yet" in cli.errors
    assert cli("history", "--on-this-day", "--json") == ""
    assert "Nothing was read" in cli("stats") and json.loads(cli("stats", "--json"))["whole"]["seen"] == 0
    assert "Nothing came in" in cli("exposure") and json.loads(cli("exposure", "--json"))["rows"] == []
    assert cli("cite", "--saved") == "" and "nothing to cite" in cli.errors


def test_history(lived: list[int], cli: Any) -> None:
    said = cli("history")
    assert said.startswith("Today, ") and "A paper about owls  (read, liked · 75 s" in said and "\x1b" not in said
    rows = [json.loads(line) for line in cli("history", "--json").splitlines()]
    assert [row["id"] for row in rows] == [lived[2], lived[1], lived[0]]
    assert rows[2]["done"] == ["open", "like", "impression"] and rows[2]["seconds"] == 75
    assert [json.loads(line)["id"] for line in cli("history", "--liked", "--json").splitlines()] == [lived[0]]
    assert "A post" not in cli("history", "when", "did", "I", "read", "about", "owls", "today?")
    assert cli("history", "--day", "2020-01-01") == "" and "fits" in cli.errors
    assert "no day" in (cli("history", "--day", "someday", code=2), cli.errors)[1]


def test_statistics_and_exposure(lived: list[int], cli: Any) -> None:
    said = cli("stats")
    assert "3 seen, 2 read, 1 liked" in said and "\x1b" not in said
    assert json.loads(cli("stats", "--json"))["sources"][0]["opened"] == 2
    said = cli("exposure")
    assert "3 items came, 3 were on screen" in said and "\x1b" not in said
    rows = json.loads(cli("exposure", "--weeks", "2", "--json"))["rows"]
    assert {row["by"] for row in rows} >= {"source", "kind"} and rows[0]["advice"]
    cli("stats", "--weeks", "0", code=2)


def test_citations(lived: list[int], cli: Any) -> None:
    said = cli("cite", *map(str, lived))
    assert "@misc{lovelace" in said and "eprint        = {2301.00001}" in said and "note          = {Version 2}" in said
    assert "\\textbackslash{}end\\textbraceleft{}document" in said and "\x1b" not in said and "\u202e" not in said
    assert cli("cite", "--saved", "--markdown").startswith("- Ben (")
    assert [json.loads(line)["cited_by"] for line in cli("cite", "--liked", "--json").splitlines()] == [[lived[1]]]
    links = cli("cite", str(lived[1]), "--links")
    assert "cites" in links and "A paper about owls" in links
    cli("collection", "add", "owl papers", str(lived[0]))
    assert "@misc{" in cli("cite", "--collection", "owl")
    assert "@misc{" in cli("cite", "--search", "owls")


def test_what_cannot_be_cited(lived: list[int], cli: Any) -> None:
    assert cli("cite", code=2) == "" and "cite what?" in cli.errors
    assert cli("cite", "1", "--saved", code=2) == "" and "either items or a selection" in cli.errors
    assert cli("cite", "999", code=1) == "" and "999" in cli.errors
    assert cli("cite", "--collection", "nothing", code=1) == "" and "no collection" in cli.errors
