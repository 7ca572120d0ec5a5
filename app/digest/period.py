"""A day or a week of the reader's own calendar. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

Kind = Literal["day", "week"]
#: What `datetime` can hold, with room for a week on either side.
_FIRST, _LAST = date(1970, 1, 8), date(9999, 12, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to `end` (Unix seconds, `end` excluded); `first` is its first day. A week begins on Monday.

    A day in which clocks change has 23 or 25 hours; days meet without a gap.
    """

    kind: Kind
    first: date
    start: float
    end: float

    def holds(self, at: float) -> bool:
        """Whether a moment lies within."""
        return self.start <= at < self.end

    @property
    def title(self) -> str:
        """ "Monday, 23 November 2026", "23 to 29 November 2026"."""
        first, last = self.first, self.first + timedelta(days=6)
        if self.kind == "day":
            return f"{first:%A}, {first.day} {first:%B %Y}"
        same = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
        year = f" {first.year}" if first.year != last.year else ""
        return f"{same}{year} to {last.day} {last:%B %Y}"

    @property
    def name(self) -> str:
        """For addresses and ids: "2026-11-23", "2026-W48"."""
        if self.kind == "day":
            return self.first.isoformat()
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02d}"


def period(kind: Kind, day: date, zone: tzinfo | None = None) -> Period:
    """The day, or the week that it lies in, in `zone` (None: that of this machine)."""
    day = min(max(day, _FIRST), _LAST)
    first = day if kind == "day" else day - timedelta(days=day.weekday())
    after = first + timedelta(days=1 if kind == "day" else 7)
    return Period(kind, first, _midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: tzinfo | None) -> float:
    """The first moment of a day; where clocks skip midnight, when they do."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def today(now: float, zone: tzinfo | None = None) -> date:
    """The reader's date at a moment."""
    return datetime.fromtimestamp(now, UTC).astimezone(zone).date()


def beside(of: Period, step: int, zone: tzinfo | None = None) -> Period:
    """The period `step` before (negative) or after."""
    days = step * (1 if of.kind == "day" else 7)
    return period(of.kind, of.first + timedelta(days=days), zone)


def complete(kind: Kind, now: float, count: int, zone: tzinfo | None = None) -> Iterator[Period]:
    """The last `count` periods that are over, the newest first."""
    here = period(kind, today(now, zone), zone)
    for back in range(1, count + 1):
        yield beside(here, -back, zone)
