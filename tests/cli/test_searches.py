"""`penchant searches` and `penchant list --search` from the shell."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.cli import main
from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store, search_news

Run = Any


@pytest.fixture
def run(home: Any, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(arguments) == code, capsys.readouterr().err
        said = capsys.readouterr()
        return said.out + said.err

    return command


def arrive(*titles: str) -> None:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        start = int(store.db.value("SELECT count(*) FROM items"))
        items = (Item(str(n), f"https://feed.example/{n}", title) for n, title in enumerate(titles, start))
        store.items.put_page(source, Page(tuple(items), {}), time.time())
        store.changes.done(1 << 60)
        while search_news.step(store):
            pass


def test_from_saving_to_forgetting(run: Run) -> None:
    assert "There is no saved search yet" in run("searches")
    assert run("searches", "add", "Rust compilers", "rust", "-bridge") == "saved  Rust compilers: rust -bridge\n"
    run("searches", "notify", "rust", "on")
    arrive("rust", "rust on a bridge", "owls")
    (held,) = map(json.loads, run("searches", "--json").splitlines())
    assert (held["name"], held["query"], held["notify"], held["news"]) == ("Rust compilers", "rust -bridge", True, 1)
    shown = [json.loads(line) for line in run("list", "--search", "RUST", "--json").splitlines() if line[:1] == "{"]
    assert shown[0]["title"] == "rust" and "rust on a bridge" not in [each["title"] for each in shown]
    assert json.loads(run("searches", "list", "--json"))["news"] == 0, "looked at"
    assert "changed  Rust compilers: owls" in run("searches", "add", "rust compilers", "owls")
    assert json.loads(run("searches", "--json"))["notify"], "another query keeps the wish"
    assert "removed  Rust compilers" in run("searches", "remove", "rust")
    assert "took back: saved-search" in run("undo")
    assert json.loads(run("searches", "--json"))["query"] == "owls"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "x"), Exit.USAGE, "penchant searches add NAME QUERY"),
        (("add", "x", "sort:newest"), Exit.USAGE, "nothing to search for"),
        (("add", "y" * 61, "owls"), Exit.USAGE, "no name"),
        (("notify", "x", "perhaps"), Exit.USAGE, "on or off, not perhaps"),
        (("remove", "x"), Exit.FAILED, "there is no saved search x"),
        (("remove", "x", "y"), Exit.USAGE, "penchant searches remove NAME"),
        (("notify",), Exit.USAGE, "notify NAME on|off"),
    ],
)
def test_what_cannot_be_is_said(run: Run, arguments: tuple[str, ...], code: Exit, words: str) -> None:
    assert words in run("searches", *arguments, code=code)


def test_a_list_without_it_and_names_that_command_a_terminal(run: Run) -> None:
    assert "there is no saved search z" in run("list", "--search", "z", code=Exit.FAILED)
    said = run("searches", "add", "bad\x1b[31m name", "owls\x1b]0;x\x07")
    assert "\x1b" not in said + run("searches") + run("searches", "--json")
    run("searches", "add", "alike", "like:4711")
    assert "cannot tell what is new" in run("searches", "notify", "alike", "on", code=Exit.USAGE)
