"""The search language: everything parses, and what parses means what it says."""

from __future__ import annotations

import string
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penchant.app.store import query
from penchant.app.store.query import Clause, Filter, Query, Word, parse
from penchant.app.store.when import period

NOW = datetime(2025, 3, 15, 12, 30).timestamp()

plain_word = st.text(string.ascii_lowercase, min_size=1, max_size=8)
pieces = st.sampled_from(
    [
        '"',
        "-",
        "*",
        ":",
        "author:",
        "is:",
        "before:",
        "OR",
        "(",
        ")",
        "NEAR",
        "AND",
        " ",
        "\t",
        "7d",
        "'",
        "\0",
        "é",
        "東京",
    ]
)


def stamp(*parts: int) -> float:
    return datetime(*parts).timestamp()  # type: ignore[arg-type]


def words(text: str, **options: bool) -> list[str]:
    return [word.text for clause in parse(text, now=NOW, **options).clauses for word in clause.words]


@given(st.text(max_size=200), st.booleans())
@example('"', True)
@example("author:", True)
@example("is:purple before:99999999999d after:0000-00-00 on:9999-12-31", False)
@example("OR OR OR", True)
@example("-" * 50, False)
@example("\ud800*", False)
def test_no_text_fails(text: str, typing: bool) -> None:
    assert isinstance(parse(text, typing=typing), Query)


@given(st.lists(pieces | plain_word, max_size=30).map("".join), st.booleans())
def test_no_broken_query_fails(text: str, typing: bool) -> None:
    found = parse(text, typing=typing, now=NOW)
    for clause in found.clauses:
        assert clause.words
        assert all(query.searchable(word.text) and '"' not in word.text for word in clause.words)


@given(st.lists(plain_word, max_size=20))
def test_plain_words_are_searched_as_they_are(typed: list[str]) -> None:
    found = parse(" ".join(typed), now=NOW)
    assert [clause.words for clause in found.clauses] == [(Word(word),) for word in typed]
    assert not found.filters and not found.notes
    assert found.text == " ".join(typed)


@given(
    st.lists(plain_word, min_size=1, max_size=5),
    st.sampled_from(["author", "source", "tag", "site"]),
    plain_word,
)
def test_a_filter_never_becomes_a_word(typed: list[str], name: str, value: str) -> None:
    for text in (f"{name}:{value} {' '.join(typed)}", f'{" ".join(typed)} {name}:"{value}"'):
        found = parse(text, now=NOW)
        assert found.filters == (Filter(name, value),)
        assert found.text == " ".join(typed)


def test_phrases_prefixes_and_exclusion() -> None:
    found = parse('"borrow checker" -beginner async* -"hello world"', now=NOW)
    assert found.clauses == (
        Clause((Word("borrow checker", phrase=True),)),
        Clause((Word("beginner"),), negated=True),
        Clause((Word("async", prefix=True),)),
        Clause((Word("hello world", phrase=True),), negated=True),
    )
    assert found.text == "borrow checker async"


def test_or_joins_neighbours_and_is_a_word_nowhere_else() -> None:
    assert parse("linux OR freebsd boots", now=NOW).clauses == (
        Clause((Word("linux"), Word("freebsd"))),
        Clause((Word("boots"),)),
    )
    assert words("OR this") == ["this"]
    assert words("this OR") == ["this"]
    assert words("this or that") == ["this", "or", "that"]


def test_fields_and_negated_filters() -> None:
    found = parse('title:penguin text:"long read" -is:seen -author:bob', now=NOW)
    assert found.positive == (
        Clause((Word("penguin", field="title"),)),
        Clause((Word("long read", phrase=True, field="text"),)),
    )
    assert found.filters == (Filter("is", "seen", negated=True), Filter("author", "bob", negated=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag:#Space", Filter("tag", "Space")),
        ("author:@ada@example.org", Filter("author", "ada@example.org")),
        ("AUTHOR:Ada", Filter("author", "Ada")),
        ('source:"The Verge"', Filter("source", "The Verge")),
        ("by:ada", Filter("author", "ada")),
        ("is:new", Filter("is", "unseen")),
        ("has:images", Filter("has", "image")),
        ("lang:de", Filter("lang", "de")),
    ],
)
def test_filters(text: str, expected: Filter) -> None:
    assert parse(text, now=NOW).filters == (expected,)


@pytest.mark.parametrize(
    ("text", "expected", "noted"),
    [
        ("is:purple", ["is", "purple"], True),
        ("before:soon", ["before", "soon"], True),
        ("after:2025-13", ["after", "2025-13"], True),
        ('tag:"" x', ["tag", "x"], True),
        ("foo:bar", ["foo", "bar"], False),
        ("https://example.org/a", ["https", "//example.org/a"], False),
        ('say "hello wor', ["say", "hello", "wor"], True),
        ("author:", ["author:"], False),
        ("C++ & ++", ["C++"], False),
    ],
)
def test_a_slip_is_searched_as_words(text: str, expected: list[str], noted: bool) -> None:
    assert words(text) == expected
    assert bool(parse(text, now=NOW).notes) == noted


def test_while_typing_the_last_word_is_a_beginning() -> None:
    assert parse("rust asy", typing=True).clauses[-1] == Clause((Word("asy", prefix=True),))
    assert parse("rust asy ", typing=True).clauses[-1] == Clause((Word("asy"),))
    assert parse('"rust asy"', typing=True).clauses[-1] == Clause((Word("rust asy", phrase=True),))
    assert parse("asy is:liked", typing=True).clauses[-1] == Clause((Word("asy"),))
    assert parse("vitamin c", typing=True).clauses[-1] == Clause((Word("c"),)), "one letter begins everything"
    assert parse("猫", typing=True).clauses[-1] == Clause((Word("猫", prefix=True),))
    assert parse("rust -asy", typing=True).clauses[-1] == Clause((Word("asy"),), negated=True)


def test_a_paste_by_accident_is_cut_and_said_so() -> None:
    found = parse("word " * 10_000)
    assert len(found.clauses) == query.MAX_CLAUSES
    assert found.notes


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025", stamp(2025, 1, 1), stamp(2026, 1, 1)),
        ("2025-01", stamp(2025, 1, 1), stamp(2025, 2, 1)),
        ("2024-12", stamp(2024, 12, 1), stamp(2025, 1, 1)),
        ("2025-1-31", stamp(2025, 1, 31), stamp(2025, 2, 1)),
        ("today", stamp(2025, 3, 15), stamp(2025, 3, 16)),
        ("yesterday", stamp(2025, 3, 14), stamp(2025, 3, 15)),
        ("7d", stamp(2025, 3, 8, 12, 30), stamp(2025, 3, 9, 12, 30)),
        ("12h", stamp(2025, 3, 15, 0, 30), stamp(2025, 3, 15, 1, 30)),
        ("2w", stamp(2025, 3, 1, 12, 30), stamp(2025, 3, 8, 12, 30)),
        ("1m", stamp(2025, 2, 15, 12, 30), stamp(2025, 3, 15, 12, 30)),
        ("3m", stamp(2024, 12, 15, 12, 30), stamp(2025, 1, 15, 12, 30)),
        ("1y", stamp(2024, 3, 15, 12, 30), stamp(2025, 3, 15, 12, 30)),
    ],
)
def test_dates(text: str, start: float, end: float) -> None:
    assert period(text, NOW) == (start, end)
    assert parse(f"after:{text}", now=NOW).filters == (Filter("after", text, (start, end)),)


def test_a_month_ago_from_its_last_day() -> None:
    assert period("1m", stamp(2025, 3, 31)) == (stamp(2025, 2, 28), stamp(2025, 3, 31))


@given(st.text("0123456789-/.dwmyh", max_size=12))
def test_no_date_fails_and_periods_run_forwards(text: str) -> None:
    found = period(text, NOW)
    assert found is None or found[0] < found[1]
