"""Requests to the eyes as values, and which pictures are described next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.errors import PenchantError
from penchant.app.judge.eyes_prompt import Example
from penchant.app.judge.eyes_requests import answer
from penchant.app.judge.eyes_sight import Sight
from penchant.app.judge.sights import EACH, Shown, affordable, next_pictures


class Glass:
    """Eyes that note what they are asked; "bad" cannot be looked at."""

    projector: Any = object()
    name = "tiny:1"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def see(self, picture: Path, *, brief: bool = False) -> Sight:
        if picture.name == "bad":
            raise PenchantError("no picture", hint="None.")
        return Sight(f"{picture.name}{'-' if brief else ''}", ((1, 2, 3),))

    def describe(self, sight: Sight, on_text: Any) -> str:
        assert on_text("A cat") is True
        return f"A cat: {sight.key}"

    def ask(self, history: Any, picture: Any, question: str) -> float:
        self.asked.append((list(history), picture, question))
        return float(len(self.asked))

    def interleaved(self, history: Any, picture: Any, caption: str) -> float:
        return self.ask(history, picture, caption)


def named(history: list[Example]) -> list[tuple[str, str, bool]]:
    return [(e.picture.key if isinstance(e.picture, Sight) else e.picture, e.caption, e.liked) for e in history]


def ask(eyes: Any, do: str, **facts: Any) -> tuple[list[float], list[str]]:
    """The numbers, and what was written."""
    said: list[str] = []
    return answer(eyes, {"do": do, **facts}, said.append), said


def test_requests_are_done_with_words_where_a_picture_cannot_be_seen() -> None:
    eyes = Glass()
    assert ask(eyes, "eyes") == ([], ["tiny:1"])
    assert str(ask(eyes, "see", texts=[{"path": "/a/x"}, {"path": "/a/bad"}], brief=True)) == "([3.0, nan], [])"
    assert ask(eyes, "describe", picture={"path": "/a/x"}) == ([], ["A cat: x"])
    told = [
        {"picture": {"path": "/a/x", "words": "a cat"}, "caption": "one", "liked": True},
        {"picture": {"path": "/a/bad", "words": "a dog"}, "caption": "two", "liked": False},
        {"picture": None, "caption": "three", "liked": True},
    ]
    posts = [{"picture": {"words": "only words"}, "caption": "p"}, {"picture": {"path": "/a/y"}, "caption": "q"}]
    assert ask(eyes, "interleaved", history=told, texts=posts) == ([1.0, 2.0], [])
    history = [("x-", "one", True), ("a dog", "two", False), ("", "three", True)]
    assert [named(each[0]) for each in eyes.asked] == [history, history]
    assert eyes.asked[0][1:] == ("only words", "p") and eyes.asked[1][1].key == "y-"
    assert ask(eyes, "question", history=[], picture=told[0]["picture"], texts=["a?", "b?"]) == ([3.0, 4.0], [])
    eyes.projector = None
    ask(eyes, "interleaved", history=told, texts=posts[:1])
    assert named(eyes.asked[-1][0])[0] == ("a cat", "one", True)


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(PenchantError, match="dance"):
        ask(Glass(), "dance")
    with pytest.raises(PenchantError):
        ask(Glass(), "describe", picture={"path": "/a/bad"})


pictures = st.binary(min_size=1, max_size=1)
items = st.lists(st.tuples(st.integers(1, 9), st.lists(pictures, max_size=5)), max_size=8)


@given(items, st.sets(pictures, max_size=3), st.integers(-1, 20))
def test_pictures_are_described_once_and_first_ones_first(
    rows: list[tuple[int, list[bytes]]], described: set[bytes], most: int
) -> None:
    shown = [Shown(item, tuple(hashes)) for item, hashes in rows]
    found = next_pictures(shown, described, most)
    assert len(found) == len(set(found)) <= max(0, most) and not set(found) & described
    everything = next_pictures(shown, described, 1000)
    assert found == everything[: max(0, most)]
    assert set(everything) == {each for row in shown for each in row.pictures[:EACH]} - described


def test_first_pictures_of_all_items_before_second_ones() -> None:
    shown = [Shown(1, (b"a", b"b", b"c", b"d")), Shown(2, ()), Shown(3, (b"b", b"e")), Shown(4, (b"f",))]
    assert next_pictures(shown, {b"f"}, 9) == [b"a", b"b", b"e", b"c"]


def test_what_a_budget_pays_for() -> None:
    assert affordable(0, []) == 0 and affordable(-1, [3.0]) == 0
    assert affordable(0.5, [3.0]) == 1
    assert affordable(12, [3.0, 3.0]) == 4
    assert affordable(60, [1000.0, *[3.0] * 8]) == 20
