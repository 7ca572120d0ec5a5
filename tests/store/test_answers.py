"""Answers on their way to a screen: asked, streamed, finished, taken back, begun again by the next worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.app.store import Store
from penchant.app.store.answers import MOST_TEXT


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """The screen's store and the worker's."""
    path = tmp_path / "archive.db"
    with Store.open(path, role="cli") as screen, Store.open(path, role="worker") as worker:
        yield screen, worker


def test_words_come_as_they_are_written(two: tuple[Store, Store]) -> None:
    screen, worker = two
    assert screen.answers.get("a") is None
    screen.answers.ask("a", 7, "reason", 1000.0)
    (letter,) = worker.control.take()
    assert (letter.kind, dict(letter.payload)) == ("reason", {"item_id": 7, "answer": "a"})
    seen = []
    assert worker.answers.begin("a", 1003.0)
    for said in ("Because", "Because of the owls", "Because of the owls."):
        assert worker.answers.say("a", said)
        found = screen.answers.get("a")
        assert found is not None and not found.done
        seen.append(found.text)
        assert found.at == 1003.0
    assert worker.answers.finish("a", "it took long", "try again")
    assert seen == ["Because", "Because of the owls", "Because of the owls."]
    found = screen.answers.get("a")
    assert found is not None and (found.text, found.done, found.error, found.hint) == (
        "Because of the owls.", True, "it took long", "try again",
    )  # fmt: skip
    assert not worker.answers.say("a", "more"), "done is done"


def test_taken_back_the_worker_hears_of_it_with_the_next_word(two: tuple[Store, Store]) -> None:
    screen, worker = two
    screen.answers.ask("a", 7, "reason", 1000.0)
    assert worker.answers.say("a", "Bec")
    screen.answers.take_back("a")
    assert not worker.answers.say("a", "Because") and not worker.answers.finish("a")
    assert not worker.answers.begin("a", 1003.0)
    assert screen.answers.get("a") is None


def test_what_an_ended_worker_left_is_begun_again(two: tuple[Store, Store]) -> None:
    screen, worker = two
    for name, at in (("old", 900.0), ("half", 1000.0), ("new", 1001.0), ("done", 1002.0)):
        screen.answers.ask(name, 7, "reason", at)
    worker.answers.say("half", "Becau")
    worker.answers.finish("done")
    assert worker.answers.waiting("reason", 950.0) == [("half", 7), ("new", 7)]
    assert worker.answers.begin("half", 1003.0)
    found = screen.answers.get("half")
    assert found is not None and found.text == ""


def test_nothing_grows_without_end(two: tuple[Store, Store]) -> None:
    screen, worker = two
    screen.answers.ask("a", 7, "reason", 1000.0)
    worker.answers.say("a", "x" * 3 * MOST_TEXT)
    found = screen.answers.get("a")
    assert found is not None and len(found.text) == MOST_TEXT
    screen.answers.ask("b", 7, "reason", 1000.0 + 90_000)
    assert screen.answers.get("a") is None and screen.answers.get("b") is not None
