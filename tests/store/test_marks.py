"""Highlights are offsets that always fit the text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penchant.app.store import marks
from penchant.app.store.query import parse

word = st.text("abcdefghéüß東京", min_size=1, max_size=6)


def marked(query: str, text: str, **options: bool) -> list[str]:
    return [
        text[start:end] for start, end in marks.find(text, marks.pattern(parse(query, **options), "text"))
    ]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("linux", "Linux, linux and LINUXES", ["Linux", "linux"]),
        ("linux*", "Linux, linux and LINUXES", ["Linux", "linux", "LINUXES"]),
        ("cafe", "Das Café, le CAFÉ", ["Café", "CAFÉ"]),
        ("naïve", "a naive question", ["naive"]),
        ('"borrow checker"', "borrow a checker; the borrow-checker", ["borrow-checker"]),
        ("don't", "Don't stop", ["Don't"]),
        ("東京", "今日の東京都", ["東京"]),
        ("a OR b -c", "a b c", ["a", "b"]),
        ("title:a text:b", "a b", ["b"]),
        ("author:a is:liked", "a liked", []),
        ("C++", "C++ and c", ["C", "c"]),
        ("", "anything", []),
    ],
)
def test_marks(query: str, text: str, expected: list[str]) -> None:
    assert marked(query, text) == expected


@given(st.text(max_size=300))
@example("İstanbul ẞ ﬁ ŉ")
@example("e\u0301" * 20)
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(marks.fold(text)) == len(text)


@given(st.text(max_size=300), st.integers(0, 40))
@example("ΟΔΟΣ Σ ΌΣΟΣ", 0)
@example("İstanbul ẞ “quoted” ǅ", 30)
def test_folding_goes_character_by_character(text: str, plain: int) -> None:
    """Also among so many plain letters that only the others are looked up."""
    text += " Plain words" * plain
    assert marks.fold(text) == "".join(marks.fold(char) for char in text)


@given(st.lists(word, min_size=1, max_size=4), st.text(max_size=400), st.integers(20, 200))
@example(["a"], "a" * 500, 30)
@example(["b"], "x " * 200 + "b" + " y" * 200, 40)
def test_a_snippet_fits_and_its_marks_are_the_words(words: list[str], text: str, width: int) -> None:
    wanted = marks.pattern(parse(" ".join(words)), "text")
    snippet, spans = marks.snippet(text, wanted, width)
    assert len(snippet) <= width
    assert "\n" not in snippet
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(snippet)
        assert wanted is not None and wanted.fullmatch(marks.fold(snippet[start:end]))
        last = end


def test_a_snippet_shows_the_densest_place() -> None:
    text = "word " + "filler " * 100 + "the word beside the other word here " + "filler " * 100
    snippet, spans = marks.snippet(text, marks.pattern(parse("word other"), "text"), 80)
    assert snippet.startswith("…") and snippet.endswith("…")
    assert [snippet[a:b] for a, b in spans] == ["word", "other", "word"]


def test_without_words_a_snippet_is_the_beginning() -> None:
    snippet, spans = marks.snippet("one two three " * 50, None, 60)
    assert snippet == ("one two three " * 4).rstrip() + "…" and spans == ()
