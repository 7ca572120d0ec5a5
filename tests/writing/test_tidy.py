"""From what a model said to a text that may be posted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.writing.tidy import speaks_for_itself, tidy

POST = "The trams of Lisbon climb better than I do."


@pytest.mark.parametrize(
    "said",
    [
        POST,
        f'"{POST}"',
        f"“{POST}”",
        f"Sure! Here's a draft: {POST}",
        f"My reply:\n\nReply: {POST}",
        f"Reply: {POST}",
        f"The post to answer: {POST}",
        f"Draft 2: {POST}",
        f"- {POST}",
        f"1. {POST}",
        f"{POST}\n\nPost 2: Another one about owls.",
        f"{POST}\n---\nI hope that helps",
        f"{POST}\nuser: and now?",
        f"\n\n  {POST}  \n",
        f"\x1b[31m{POST}\x1b[0m\x07",
    ],
)
def test_what_is_wrapped_around_a_draft_goes(said: str) -> None:
    assert tidy(said, 280) == POST


def test_nobody_is_called_and_nothing_linked_that_was_not_given() -> None:
    said = "As @ada@example.social says, see https://evil.example/x and www.other.example, mail a@b.example"
    assert tidy(said, 280) == "As ada@example.social says, see and mail a@b.example"
    people, links = frozenset({"@ada@example.social"}), frozenset({"https://evil.example/x"})
    assert tidy(said, 280, people=people, links=links).startswith(
        "As @ada@example.social says, see https://evil.example/x and"
    )


def test_an_unfinished_sentence_goes() -> None:
    said = "It works. It is fast. And the third thing that I wan"
    assert tidy(said, 280, whole=False) == "It works. It is fast."
    assert tidy("Half of a sentence that never ends beca", 280, whole=False) == "Half of a sentence that never ends…"
    assert tidy(said, 280) == said, "a model that ended by itself meant it"


def test_a_long_one_ends_with_a_sentence() -> None:
    found = tidy("One sentence here. " * 40, 100)
    assert len(found) <= 100 and found.endswith("here.")


def test_a_quotation_inside_stays() -> None:
    assert tidy('She said "no" and "yes".', 280) == 'She said "no" and "yes".'
    assert tidy('"No", she said, "yes"', 280) == '"No", she said, "yes"'


@given(st.text(max_size=400), st.integers(20, 300), st.booleans())
def test_it_is_always_short_clean_and_settled(said: str, length: int, whole: bool) -> None:
    found = tidy(said, length, whole=whole)
    assert len(found) <= length + 1
    assert not any(ord(char) < 32 and char != "\n" for char in found) and "\x9b" not in found
    assert found == found.strip()


@pytest.mark.parametrize(
    ("said", "itself"),
    [
        ("I\u2019m ready to assist you wherever you need it.", True),
        ("As an AI language model, I cannot hold opinions.", True),
        ("What's on your mind? What project would you like to start?", True),
        ("Please provide your entire request with no placeholders.", True),
        ("A language model on a phone still surprises me.", False),
        ("I'd ask for your help with the storm, neighbours.", False),
        ("The city asks what an AI may decide.", False),
        (POST, False),
        ("Write a sentence about the latest news in your favorite hobby.", True),
        ("Write one thing down before you sleep. It helps.", False),
        ("I want to write a post about trams one day.", False),
    ],
)
def test_a_model_that_talks_to_whoever_asked_writes_no_draft(said: str, itself: bool) -> None:
    assert speaks_for_itself(said) is itself
