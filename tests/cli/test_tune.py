"""`penchant tune`: dials and tunings as a shell sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event

BETTER = {"values": {"head.trust": 0.7}, "gain": 0.01, "labels": 80, "note": "n"}
TUNED = Event("tune", value=BETTER, id="aaaa1" + "0" * 27)
PICKED = Event("picks", value={"chosen": [1], "offered": [1, 2]}, id="aaaa2" + "0" * 27)


@pytest.fixture
def archive(cli: Any) -> None:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Example\x1b[31m")
        items = tuple(Item(f"n{n}", f"https://example.org/{n}", f"Title {n}") for n in range(3))
        store.items.put_page(number, Page(items, {}), 1_700_000_000.0)
        store.events.append([TUNED, PICKED])


def dials(cli: Any) -> dict[tuple[str, str], float]:
    rows = [json.loads(line) for line in cli("tune", "dials", "--json").splitlines()]
    return {(row["what"], row["key"]): row["value"] for row in rows if row["value"] != 1.0}


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["expert", "words", "0.5"], ("expert", "words")),
        (["expert", "Popularity", "0"], ("expert", "popular")),
        (["order", "freshness", "4"], ("order", "fresh")),
        (["source", "1", "2"], ("source", "rss:https://example.org/feed")),
        (["source", "rss:https://example.org/feed", "2"], ("source", "rss:https://example.org/feed")),
    ],
)
def test_a_dial_is_turned_and_back(archive: None, cli: Any, words: list[str], where: tuple[str, str]) -> None:
    cli("tune", "set", *words)
    assert dials(cli) == {where: float(words[-1])}
    cli("undo")
    assert dials(cli) == {}


def test_status_lists_what_was_done_and_undo_takes_it_back(archive: None, cli: Any) -> None:
    shown = cli("tune")
    assert "head.trust 0.7, gain +0.010 over 80 labels" in shown and "chose 1 of 2" in shown
    cli("tune", "undo", "aaaa", code=Exit.FAILED)
    assert "several" in cli.errors
    assert "head.trust" in cli("tune", "undo", "aaaa1")
    (fact,) = [json.loads(line) for line in cli("tune", "status", "--json").splitlines()]
    assert fact["tuned"] == [] and [each["kind"] for each in fact["guesses"]] == ["picks"]
    assert "words" in [each["name"] for each in fact["experts"]] and fact["guess"][0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["set", "expert", "wordz", "1"], Exit.FAILED, "words, static"),
        (["set", "order", "speed", "1"], Exit.FAILED, "people, explore"),
        (["set", "source", "nowhere", "1"], Exit.FAILED, "nowhere"),
        (["set", "expert", "words", "5"], Exit.FAILED, "between 0 and 4"),
        (["set", "expert", "words", "nan"], Exit.FAILED, "between 0 and 4"),
        (["set", "mood", "good", "1"], Exit.USAGE, "invalid choice"),
        (["undo", "zzz"], Exit.FAILED, "tune status"),
        (["undo", ""], Exit.FAILED, "tune status"),
    ],
)
def test_what_cannot_be(archive: None, cli: Any, words: list[str], code: Exit, said: str) -> None:
    cli("tune", *words, code=code)
    assert said in cli.errors
    assert dials(cli) == {}


def test_now_leaves_a_letter_for_the_worker(archive: None, cli: Any) -> None:
    cli("tune", "now")
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        assert [letter.kind for letter in store.control.take()] == ["tune"]
