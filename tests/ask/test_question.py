"""What a question asks for: words, conditions, times, people; what it lends from the one before."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.ask.asked import Asked, understand
from penchant.app.ask.terms import content, stem, words
from penchant.app.store.query import parse

NOW = datetime(2026, 5, 4, 12).timestamp()


def test_stop_words_go_and_the_rest_stays_in_order() -> None:
    assert understand("What is the harbour's clock for?").words == ("harbour", "clock")


@pytest.mark.parametrize(
    ("one", "other"),
    [("stories", "story"), ("measured", "measuring"), ("carcasses", "carcass"), ("trams", "tram"), ("cited", "citing")],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_different_words_stay_apart() -> None:
    assert len({stem(word) for word in ("gas", "glass", "grass", "owl", "tram", "2024", "n")}) == 7


def test_conditions_of_the_search_language_are_kept_and_not_asked_about() -> None:
    asked = understand('what was said on rust author:ada "borrow checker" -beginner after:2026-01', now=NOW)
    assert asked.only == "author:ada -beginner after:2026-01"
    assert asked.words == ("rust",) and asked.phrases == ("borrow checker",)
    query = parse(asked.search(), now=NOW)
    assert {each.name for each in query.filters} == {"author", "after"}
    assert [word.text for clause in query.positive for word in clause.words] == ["rust", "rust", "borrow checker"]
    assert len(query.positive) == 1, "any of the words is enough"


def test_what_is_no_condition_is_words() -> None:
    assert understand("about:nothing before:never").words == ("nothing", "never")


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("yesterday", "on:yesterday"), ("today", "on:today"), ("last month", "after:1m"), ("this week", "after:1w"),
        ("in the past 3 days", "after:3d"), ("in the last year", "after:1y"),
    ],
)  # fmt: skip
def test_times_become_conditions(said: str, condition: str) -> None:
    asked = understand(f"What was new about owls {said}?", now=NOW)
    assert asked.when == condition and asked.words == ("new", "owls")
    assert parse(condition, now=NOW).filters


def test_who_wrote_is_who_to_look_for() -> None:
    asked = understand("What did Edith Cranmer write about laundry last month?")
    assert (asked.author, asked.words, asked.when) == ("Edith Cranmer", ("laundry",), "after:1m")
    assert 'author:"Edith Cranmer"' in asked.search() and "author" not in asked.search(author=False)
    assert understand("What did they say about owls?").author == ""


def test_a_follow_up_borrows_the_words_before_it() -> None:
    asked = understand("And when was that?", "Why is the harbour clock slow?")
    assert {"harbour", "clock", "slow"} <= {*asked.words}
    alone = understand("How do vultures find carcasses quickly?", "Why is the harbour clock slow?")
    assert "clock" not in alone.words


@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_makes_it_fail(question: str, before: str) -> None:
    asked = understand(question, before, now=NOW)
    assert isinstance(asked, Asked) and len(asked.words) <= 16
    parse(asked.search(), now=NOW)
    assert all(word == word.casefold() or not word.isascii() for word in asked.words)


@given(st.text(max_size=200))
def test_content_is_a_part_of_the_words(text: str) -> None:
    assert set(content(text)) <= set(words(text))


def test_a_question_of_one_word_lends_from_the_one_before_and_a_whole_one_does_not() -> None:
    before = "What did the clocks of Wrackham cost?"
    assert understand("And bells?", before).words == ("bells", "clocks", "wrackham", "cost")
    assert understand("Which bells rang yesterday in Linz?", before).words == ("bells", "rang", "linz")
