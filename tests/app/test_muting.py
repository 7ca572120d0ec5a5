"""Mutes as values: what is typed becomes a key, events become what holds and until when."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import muting
from penchant.app.types import Event

DAY = 86_400.0


def mute(key: str, **value) -> Event:
    return Event("mute", value={"what": "word", "key": key, **value}, at=1.0)


@pytest.mark.parametrize(
    ("what", "typed", "key"),
    [
        ("domain", "https://www.Example.org:8080/path?x#y", "example.org"),
        ("domain", " *.example.org. ", "example.org"),
        ("domain", "münchen.example", "münchen.example"),
        ("language", "pt_BR", "pt-br"),
        ("phrase", "  two \n words ", "two words"),
        ("word", "e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("word", "a\x1b[31m", None),
        ("author", "a\x1b\ud800", "a"),
        ("domain", "two words", None),
        ("domain", "http://[", None),
        ("domain", "..", None),
        ("language", "German", None),
        ("language", "d", None),
        ("word", "two words", None),
        ("word", "", None),
        ("phrase", "x" * 201, None),
    ],
)
def test_what_a_reader_types(what, typed: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            muting.key_of(what, typed)
    else:
        assert muting.key_of(what, typed) == key


@given(st.sampled_from(muting.TARGETS), st.text())
def test_any_key_can_be_stored_and_shown(what, typed: str) -> None:
    try:
        key = muting.key_of(what, typed)
    except ValueError:
        return
    assert key.isprintable() and key.encode() and key == muting.key_of(what, key)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12h", 12 * 3600), ("1d", DAY), ("2W", 14 * DAY), ("1m", 30 * DAY), ("1y", 365 * DAY), ("forever", None)],
)
def test_times(text: str, seconds: float | None) -> None:
    assert muting.lasting(text) == seconds


@pytest.mark.parametrize("text", ["", "0d", "1", "d", "-1d", "1.5d", "99999d", "1d2h"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        muting.lasting(text)


def test_the_latest_event_about_a_thing_counts_and_removing_takes_all() -> None:
    first, other, last = mute("Owl", name="Owls"), mute("rye"), mute("owl", until=100.0)
    found = muting.mutes_of([first, other, last])
    assert [(m.key, m.name, m.until) for m in found] == [("rye", "rye", None), ("owl", "Owls", 100.0)]
    assert found[1].events == (first, last)
    assert [m.key for m in muting.in_force([first, other, last], 99.0)] == ["rye", "owl"]
    assert [m.key for m in muting.in_force([first, other, last], 100.0)] == ["rye"]
    assert muting.next_end([first, other, last], 99.0) == 100.0
    assert muting.next_end([first, other, last], 100.0) is None


@pytest.mark.parametrize("until", [math.nan, math.inf, "soon", True, None, [1]])
def test_an_end_that_is_none_is_for_ever(until) -> None:
    (found,) = muting.mutes_of([mute("owl", until=until)])
    assert found.until is None and found.holds(1e12)


def test_events_that_say_nothing_mute_nothing() -> None:
    assert muting.mutes_of([mute(" "), Event("mute", value={"what": "colour", "key": "red"}), Event("mute")]) == []


def test_a_value_says_no_more_than_needed() -> None:
    assert muting.value_of("word", "owl", "owl") == {"what": "word", "key": "owl"}
    full = {"what": "source", "key": "1", "name": "Home", "until": 5.0}
    assert muting.value_of("source", "1", "Home", 5.0) == full


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "for ever"), (0, "ended"), (30, "1m left"), (1800, "30m left"), (3 * 3600, "3h left"),
     (DAY - 5, "24h left"), (7 * DAY - 5, "7d left"), (30 * DAY - 60, "30d left")],
)  # fmt: skip
def test_time_left(seconds: float | None, said: str) -> None:
    assert muting.left(None if seconds is None else 1000.0 + seconds, 1000.0) == said
