"""What was done with an item, when, in the reader's own days and hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

#: Reading that nobody broke off: an article left open over lunch says no more than this (seconds).
LONGEST = 1800.0
#: Zones differ from UTC by whole quarters of an hour, so one quarter is in one hour of every clock.
QUARTER = 900


class Deed(NamedTuple):
    """One live event about an item. `at`: Unix seconds; `seconds`: how long it was read (0.0 for other kinds).

    `afar`: it came with an export or from another reader, and was not done here.
    """

    item_id: int
    kind: str
    at: float
    seconds: float = 0.0
    afar: bool = False


class Clock:
    """Local dates and hours of moments, remembered by the quarter of an hour: 100,000 events lie in few of them."""

    def __init__(self) -> None:
        self._known: dict[int, datetime] = {}

    def moment(self, at: float) -> datetime:
        """The local time at which the quarter of an hour of `at` began."""
        quarter = int(at // QUARTER)
        found = self._known.get(quarter)
        if found is None:
            found = self._known[quarter] = local(quarter * QUARTER)
        return found

    def day(self, at: float) -> date:
        """The local date."""
        return self.moment(at).date()

    def hour(self, at: float) -> int:
        """The hour that the clock showed, 0 to 23."""
        return self.moment(at).hour

    def week(self, at: float) -> date:
        """The Monday of its week."""
        return monday(self.moment(at).date())


def local(at: float) -> datetime:
    """A moment as the reader's clock showed it; what no calendar has is brought to its nearest end."""
    return datetime.fromtimestamp(min(max(at, 0.0), 32_503_679_999.0))


def start_of(day: date) -> float:
    """The first moment of a local day (Unix seconds); a day of 23 or 25 hours begins at its own midnight."""
    return datetime(day.year, day.month, day.day).timestamp()


def monday(day: date) -> date:
    """The first day of the week."""
    return day - timedelta(days=day.weekday())


def weeks_until(last: date, count: int) -> list[date]:
    """The Mondays of `count` weeks, the last of them the week of `last`."""
    end = monday(last)
    return [end - timedelta(weeks=n) for n in range(count - 1, -1, -1)]


def minutes(seconds: float) -> str:
    """A time of reading in words: "40 s", "12 min", "3 h 05"; "" for none."""
    whole = round(seconds)
    if whole <= 0:
        return ""
    if whole < 90:
        return f"{whole} s"
    if whole < 5400:
        return f"{round(whole / 60)} min"
    hours, rest = divmod(round(whole / 60), 60)
    return f"{hours} h {rest:02}"


def total(deeds: Iterable[Deed]) -> float:
    """Seconds of reading."""
    return sum(deed.seconds for deed in deeds)
