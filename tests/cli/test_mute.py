"""`penchant mute`: the archive as a shell sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store


@pytest.fixture
def archive(cli: Any) -> None:
    people = [("a:1", "Ada", "@ada@one.example"), ("a:2", "Ada", "@ada@two.example"), ("a:3", "Bo", "")]
    items = tuple(
        Item(f"n{n}", f"https://news.example.org/{n}", f"Title {n}", author=Author(*person[:2], handle=person[2]))
        for n, person in enumerate(people)
    )
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Example")
        store.items.put_page(number, Page(items, {}), 1_700_000_000.0)


def shown(cli: Any) -> list[int]:
    return sorted(json.loads(line)["item_id"] for line in cli("list", "--json").splitlines())


@pytest.mark.parametrize(
    ("add", "left", "remove"),
    [
        (["domain", "https://Example.org/x"], [], ["domain", "EXAMPLE.org"]),
        (["author", "bo"], [1, 2], ["author", "Bo"]),
        (["author", "ada@two.example"], [1, 3], ["1"]),
        (["source", "example"], [], ["source", "1"]),
        (["phrase", "title", "2"], [1, 2], ["phrase", "Title 2"]),
        (["word", "TITLE", "--for", "1y"], [], ["word", "title"]),
    ],
)
def test_mute_and_back(archive: None, cli: Any, add: list[str], left: list[int], remove: list[str]) -> None:
    said = cli("mute", "add", *add)
    assert f"{3 - len(left)} item" in said
    assert shown(cli) == left
    assert "no longer muted" in cli("mute", "remove", *remove)
    assert shown(cli) == [1, 2, 3] and cli("mute") == "Nothing is muted.\n"


def test_removing_takes_every_event_about_it_back_and_undo_only_the_last(archive: None, cli: Any) -> None:
    cli("mute", "add", "word", "title")
    cli("mute", "add", "word", "Title", "--for", "1d")
    (line,) = cli("mute", "list", "--json").splitlines()
    assert json.loads(line)["until"] is not None
    cli("undo")
    (line,) = cli("mute", "list", "--json").splitlines()
    assert json.loads(line)["until"] is None
    cli("mute", "add", "word", "title", "--for", "1d")
    cli("mute", "remove", "1")
    assert shown(cli) == [1, 2, 3]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["add", "author", "Ada"], Exit.FAILED, "a:1"),
        (["add", "author", "Nobody"], Exit.FAILED, "search author:"),
        (["add", "source", "nowhere"], Exit.FAILED, "nowhere"),
        (["add", "language", "German"], Exit.FAILED, "language code"),
        (["add", "word", "two words"], Exit.FAILED, "as a phrase"),
        (["add", "word", "x", "--for", "soon"], Exit.FAILED, "forever"),
        (["add", "colour", "red"], Exit.USAGE, "invalid choice"),
        (["remove", "7"], Exit.FAILED, "is not muted"),
        (["remove", "0"], Exit.FAILED, "is not muted"),
        (["remove", "word"], Exit.FAILED, "is not muted"),
    ],
)
def test_what_cannot_be(archive: None, cli: Any, words: list[str], code: Exit, said: str) -> None:
    cli("mute", *words, code=code)
    assert said in cli.errors
    assert shown(cli) == [1, 2, 3]
