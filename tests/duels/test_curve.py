"""The learning curve of duels, from events alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.duels.curve import SPAN, curve, spark, wilson
from penchant.app.types import Event


def duel(said: float | None) -> Event:
    return Event("duel", 1, {"chosen": 1, "other": 2}, shown_score=said)


def test_what_was_foretold_is_counted_and_other_events_are_not() -> None:
    found = curve([duel(0.9), Event("like", 1), duel(0.2), duel(None), duel(0.6)])
    assert found.said == (0.9, 0.2, 0.5, 0.6)
    assert found.share == pytest.approx(2.5 / 4)
    assert found.hits == pytest.approx((1.0, 0.5, 0.5, 0.625))
    assert curve([]).share is None and curve([]).loss is None


@given(st.lists(st.floats(0, 1), max_size=80))
def test_shares_stay_shares_and_lately_is_about_the_latest(said: list[float]) -> None:
    found = curve([duel(each) for each in said])
    assert len(found.hits) == len(said) and all(0 <= hit <= 1 for hit in found.hits)
    again = curve([duel(each) for each in said[-SPAN:]])
    assert again.hits[-1:] == found.hits[-1:]
    low, high = found.interval
    assert 0 <= low <= high <= 1


@given(st.lists(st.floats(0, 1), max_size=200), st.integers(0, 90))
def test_the_line_fits(values: list[float], width: int) -> None:
    line = spark(values, width)
    assert len(line) == min(width, len(values))
    assert not line or line[-1] == spark(values[-1:], 1), "the last value stands last"


def test_wilson_is_the_textbook_s() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
