"""Questions about the history: what is looked for and when; nothing typed makes it fail."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.memory.asking import Want, wanted
from penchant.app.memory.deeds import start_of

#: A Monday.
NOW = datetime(2026, 11, 23, 15, 30).timestamp()


def span(first: date, after: date) -> tuple[float, float]:
    return start_of(first), start_of(after)


@pytest.mark.parametrize(
    ("text", "words", "only"),
    [
        ("owls", "owls", ""),
        ("when did I read about owls?", "owls", "opened"),
        ("When did I read something about the borrow checker", "the borrow checker", "opened"),
        ("what did I like", "", "liked"),
        ("which papers did I save on sleep", "sleep", "saved"),
        ("when have I seen the red boat?", "the red boat", ""),
        ('author:ada "a phrase"', 'author:ada "a phrase"', ""),
        ("when did I fly to Rome", "when did I fly to Rome", ""),
    ],
)
def test_words(text: str, words: str, only: str) -> None:
    assert wanted(text, NOW) == Want(words, None, None, only)


@pytest.mark.parametrize(
    ("text", "words", "when"),
    [
        ("owls yesterday", "owls", span(date(2026, 11, 22), date(2026, 11, 23))),
        ("owls last week", "owls", span(date(2026, 11, 16), date(2026, 11, 23))),
        ("this week", "", span(date(2026, 11, 23), date(2026, 11, 30))),
        ("owls last month", "owls", span(date(2026, 10, 1), date(2026, 11, 1))),
        ("owls last year", "owls", span(date(2025, 1, 1), date(2026, 1, 1))),
        ("owls in May", "owls", span(date(2026, 5, 1), date(2026, 6, 1))),
        ("owls in December", "owls", span(date(2025, 12, 1), date(2026, 1, 1))),
        ("owls in March 2024", "owls", span(date(2024, 3, 1), date(2024, 4, 1))),
        ("owls on Monday", "owls", span(date(2026, 11, 16), date(2026, 11, 17))),
        ("owls on 2026-01-31", "owls", span(date(2026, 1, 31), date(2026, 2, 1))),
        ("owls 2026-02", "owls", span(date(2026, 2, 1), date(2026, 3, 1))),
        ("owls in 2024", "owls", span(date(2024, 1, 1), date(2025, 1, 1))),
        ("owls since 2026-01-31", "owls", (start_of(date(2026, 1, 31)), None)),
        ("owls before 2025", "owls", (None, start_of(date(2025, 1, 1)))),
        ("owls in 2026-13", "owls in 2026-13", (None, None)),
        ("python 2000 ways", "python 2000 ways", (None, None)),
        ("author:ada on:2026-01-31", "author:ada on:2026-01-31", (None, None)),
    ],
)
def test_dates(text: str, words: str, when: tuple[float | None, float | None]) -> None:
    assert wanted(text, NOW) == Want(words, *when)


def test_a_whole_question() -> None:
    found = wanted("What did I read about night trains last month?", NOW)
    assert found == Want("night trains", *span(date(2026, 10, 1), date(2026, 11, 1)), "opened")
    assert wanted("when did I read about owls", NOW, "liked").only == "liked", "what was chosen goes before"


@given(st.text(max_size=200), st.floats(0, 4e9))
def test_nothing_makes_it_fail(text: str, now: float) -> None:
    found = wanted(text, now)
    assert found.start is None or found.end is None or found.start <= found.end
