"""Days, weeks and hours on the reader's own clock, histories by day, and the same date in earlier years."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.memory.deeds import Clock, Deed, local, minutes, monday, start_of, weeks_until
from penchant.app.memory.history import Day, anniversaries, days

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia")
TIMES = st.floats(min_value=946_684_800, max_value=2_500_000_000)


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    yield from _zone(request.param)


@pytest.fixture
def berlin() -> Iterator[str]:
    yield from _zone("Europe/Berlin")


def _zone(name: str) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    yield name
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_the_clock_is_the_readers_in_every_zone(zone: str) -> None:
    @given(TIMES)
    def check(at: float) -> None:
        shown, clock = datetime.fromtimestamp(at), Clock()
        assert clock.day(at) == shown.date() and clock.hour(at) == shown.hour
        assert clock.week(at).weekday() == 0 and clock.week(at) <= shown.date() < clock.week(at) + timedelta(days=7)

    check()


def test_a_day_begins_where_the_one_before_ends(zone: str) -> None:
    @given(TIMES)
    def check(at: float) -> None:
        day = local(at).date()
        assert start_of(day) <= at < start_of(day + timedelta(days=1))

    check()


def test_the_days_on_which_clocks_change_are_23_and_25_hours(berlin: str) -> None:
    def hours(day: date) -> float:
        return (start_of(day + timedelta(days=1)) - start_of(day)) / 3600

    assert [hours(date(2026, 3, 29)), hours(date(2026, 10, 25)), hours(date(2026, 10, 26))] == [23, 25, 24]
    twice = datetime(2026, 10, 25, 2, 30).timestamp()  # the clock shows 02:30 again an hour later
    found = days([Deed(1, "open", twice), Deed(2, "open", twice + 3600)])
    assert [visit.clock for visit in found[0].visits] == ["02:30", "02:30"]
    assert [visit.item_id for visit in found[0].visits] == [2, 1], "the later one first, whatever the clock shows"


DEEDS = st.lists(
    st.builds(
        Deed, st.integers(1, 9), st.sampled_from(("impression", "open", "dwell", "like", "skip", "save", "later")),
        TIMES, st.floats(0, 1800),
    ),
    max_size=40,
)  # fmt: skip


@given(DEEDS)
def test_a_history_holds_everything_once_newest_first(deeds: list[Deed]) -> None:
    found = days(deeds)
    assert [day.on for day in found] == sorted({local(deed.at).date() for deed in deeds}, reverse=True)
    for day in found:
        assert list(day.visits) == sorted(day.visits, key=lambda visit: -visit.at)
        assert len({visit.item_id for visit in day.visits}) == len(day.visits)
    seconds = sum(visit.seconds for day in found for visit in day.visits)
    assert seconds == pytest.approx(sum(deed.seconds for deed in deeds))


def test_narrowed_histories() -> None:
    at = datetime(2026, 5, 4, 12).timestamp()
    deeds = [Deed(1, "impression", at), Deed(2, "open", at), Deed(2, "dwell", at + 60, 55.0), Deed(3, "like", at)]
    deeds += [Deed(4, "save", at), Deed(5, "like", at, afar=True)]
    assert (
        _ids(days(deeds, "opened")) == [2]
        and _ids(days(deeds, "liked")) == [3, 5]
        and _ids(days(deeds, "saved")) == [4]
    )
    visits = {visit.item_id: visit.words for visit in days(deeds)[0].visits}
    assert visits == {1: "seen", 2: "read", 3: "liked", 4: "saved", 5: "liked (elsewhere)"}


def _ids(found: list[Day]) -> list[int]:
    return [visit.item_id for day in found for visit in day.visits]


def test_headings() -> None:
    today = date(2026, 11, 23)
    assert Day(today, ()).title(today) == "Today, Monday 23 November 2026"
    assert Day(date(2026, 11, 22), ()).title(today) == "Yesterday, Sunday 22 November 2026"
    assert Day(date(2023, 11, 23), (), "3 years ago: ").title(today) == "3 years ago: Thursday 23 November 2023"


def test_earlier_years_and_where_the_archive_is_young_months() -> None:
    old = anniversaries(date(2026, 11, 23), start_of(date(2023, 1, 1)))
    assert [each.name for each in old] == ["1 year ago", "2 years ago", "3 years ago"]
    assert [each.date for each in old] == [date(year, 11, 23) for year in (2025, 2024, 2023)]
    young = anniversaries(date(2026, 5, 31), start_of(date(2026, 1, 15)))
    assert [(each.name, each.date) for each in young] == [
        ("2 months ago", date(2026, 3, 31)), ("4 months ago", date(2026, 1, 31))
    ]  # fmt: skip
    assert anniversaries(date(2026, 5, 31), None) == []


def test_the_29th_of_february_is_not_lost() -> None:
    first = start_of(date(2020, 1, 1))
    ordinary = {each.date.year: each for each in anniversaries(date(2025, 2, 28), first)}
    assert ordinary[2024].end == start_of(date(2024, 3, 1)), "the 28th stands for the 29th too"
    assert ordinary[2023].end == start_of(date(2023, 3, 1))
    assert ordinary[2024].start == start_of(date(2024, 2, 28))
    leap = {each.date.year: each for each in anniversaries(date(2024, 2, 29), first)}
    assert leap[2023].date == date(2023, 2, 28) and leap[2020].date == date(2020, 2, 29)


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_anniversaries_lie_in_the_past_and_apart(today: date, first: date) -> None:
    found = anniversaries(today, start_of(first))
    spans = sorted((each.start, each.end) for each in found)
    assert all(end > start_of(first) and end <= start_of(today) for _, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_weeks(last: date, count: int) -> None:
    found = weeks_until(last, count)
    assert len(found) == count and found[-1] == monday(last) and all(day.weekday() == 0 for day in found)


def test_times_of_reading_in_words() -> None:
    assert [minutes(s) for s in (0, 0.4, 40, 600, 11_100)] == ["", "", "40 s", "10 min", "3 h 05"]
