""" "When did I read about owls last week?" as what to look for and when. Nothing typed makes it fail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from penchant.app.store.when import Period, period

from .deeds import local, monday, start_of

_ASKED = re.compile(
    r"^\s*(?:when|what|where|which\s+\w+)\s+(?:did|have|had)\s+i\s+(?:last\s+|ever\s+)?(?P<verb>[a-z]+)\b\s*",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^(?:something|anything|an?|the)?\s*(?:articles?|papers?|posts?|items?|things?)?\s*(?:about|on|of)\s+",
    re.IGNORECASE,
)
_VERBS = {
    "read": "opened", "open": "opened", "opened": "opened", "like": "liked", "liked": "liked", "save": "saved",
    "saved": "saved", "keep": "saved", "see": "", "saw": "", "seen": "", "skip": "", "look": "opened",
}  # fmt: skip
_DATE = r"\d{4}(?:[-/.]\d{1,2}){0,2}|\d{1,5}[hdwmy]"
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SINCE = re.compile(rf"\b(?P<how>since|after|before|until|on|in|during)\s+(?P<date>{_DATE})(?!\S)", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w:.-])(?P<date>\d{4}-\d{1,2}(?:-\d{1,2})?)(?![\w-])")
_NAMED = re.compile(r"(?<![\w:])(?:on\s+)?(?P<name>today|yesterday)\b", re.IGNORECASE)
_UNIT = re.compile(r"\b(?P<which>last|this|past)\s+(?P<unit>week|month|year)\b", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b(?:on|last)\s+(?P<day>{'|'.join(_DAYS)})\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:in|during|last)\s+(?P<month>{'|'.join(_MONTHS)})(?:\s+(?P<year>\d{{4}}))?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Want:
    """What of the history to show: items with these words, done from `start` to `end` (Unix seconds), of `only`."""

    words: str = ""
    start: float | None = None
    end: float | None = None
    only: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.only or self.start is not None or self.end is not None)


def wanted(text: str, now: float, only: str = "") -> Want:
    """Read a question. Dates are when something was done, and take the words of `store.when` and a few more."""
    rest = " ".join(text.split())
    asked = _ASKED.match(rest)
    if asked is not None and asked["verb"].lower() in _VERBS:
        only = only or _VERBS[asked["verb"].lower()]
        rest = _ABOUT.sub("", rest[asked.end() :].rstrip(" ?!"), count=1)
    start: float | None = None
    end: float | None = None
    for pattern in (_SINCE, _UNIT, _WEEKDAY, _MONTH, _NAMED, _BARE):
        match = pattern.search(rest)
        span = _span(match, now) if match is not None else None
        if match is not None and span is not None:
            start, end = span
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
            break
    return Want(_ABOUT.sub("", " ".join(rest.split()), count=1) if asked else " ".join(rest.split()), start, end, only)


def _span(match: re.Match[str], now: float) -> tuple[float | None, float | None] | None:
    found = {name: value.lower() for name, value in match.groupdict().items() if value}
    try:
        if "unit" in found:
            return _unit(found["which"], found["unit"], local(now).date())
        if "day" in found:
            return _days(_weekday(found["day"], local(now).date()), 1)
        if "month" in found:
            return _month(_MONTHS.index(found["month"]) + 1, found.get("year"), local(now).date(), now)
        of = period(found.get("date") or found["name"], now)
    except (ValueError, OverflowError, OSError):
        return None
    if of is None:
        return None
    how = found.get("how", "")
    if how in ("since", "after"):
        return of[0], None
    return (None, of[0]) if how in ("before", "until") else of


def _unit(which: str, unit: str, today: date) -> Period:
    """ "last month" is the whole one before this, "past week" the seven days until now."""
    if which == "past":
        first = today - timedelta(days={"week": 7, "month": 30, "year": 365}[unit])
        return start_of(first), start_of(today + timedelta(days=1))
    if unit == "week":
        first = monday(today) - timedelta(weeks=which == "last")
        return _days(first, 7)
    if unit == "year":
        year = today.year - (which == "last")
        return start_of(date(year, 1, 1)), start_of(date(year + 1, 1, 1))
    year, month = divmod(today.year * 12 + today.month - 1 - (which == "last"), 12)
    return start_of(date(year, month + 1, 1)), start_of(date(year + month // 11, (month + 1) % 12 + 1, 1))


def _month(month: int, year: str | None, today: date, now: float) -> Period | None:
    """A month by its name: the latest that has begun, where no year is said."""
    which = int(year) if year else today.year - (month > today.month)
    return period(f"{which:04}-{month:02}", now)


def _weekday(name: str, today: date) -> date:
    """The latest such day that is over."""
    return today - timedelta(days=(today.weekday() - _DAYS.index(name) - 1) % 7 + 1)


def _days(first: date, count: int) -> Period:
    return start_of(first), start_of(first + timedelta(days=count))
