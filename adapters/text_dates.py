"""Dates as feeds write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {name: i for i, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
#: Zones of RFC 822 and others that feeds use, in hours.
_ZONES = {
    "z": 0.0, "ut": 0.0, "utc": 0.0, "gmt": 0.0, "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0,
    "mst": -7.0, "mdt": -6.0, "pst": -8.0, "pdt": -7.0, "akst": -9.0, "akdt": -8.0, "hst": -10.0, "bst": 1.0,
    "wet": 0.0, "west": 1.0, "cet": 1.0, "cest": 2.0, "met": 1.0, "eet": 2.0, "eest": 3.0, "msk": 3.0,
    "jst": 9.0, "kst": 9.0, "aest": 10.0, "aedt": 11.0, "nzst": 12.0, "nzdt": 13.0, "ist": 5.5,
}  # fmt: skip
_RFC822 = re.compile(
    r"(?:[a-z]{2,9}\.?(?:,\s*|\s+))?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d{2})"
    r"(?:,?[\sT]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?\s*(?:([+-])(\d{2}):?(\d{2})|\(?([a-z]{1,4})\)?)?",
    re.IGNORECASE,
)
_US = re.compile(
    r"(?:[a-z]{2,9}\.?,?\s+)?([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?(?:\s+[a-z]{3,4})?,?\s+(\d{4})"
    r"(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?",
    re.IGNORECASE,
)
_ISO = re.compile(
    r"(\d{4})-?(\d{2})(?:-?(\d{2}))?(?:[T\s]+(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?:(Z)|([+-])(\d{2}):?(\d{2})?|GMT|UTC)?",
    re.IGNORECASE,
)
#: Earliest and latest moments believed (1970 and the end of 2199), Unix seconds.
_FIRST, _LAST = 0.0, 7258118400.0


def parse_date(text: str) -> float | None:
    """Unix seconds of an RFC 822, RFC 3339 or similar date; None when it is none. Without a zone: UTC.

    >>> parse_date("Thu, 01 Jan 2004 19:48:21 GMT"), parse_date("2004-01-01T19:48:21Z"), parse_date("soon")
    (1072986501.0, 1072986501.0, None)
    """
    text = text.strip()[:80]
    if not text:
        return None
    try:
        when = _iso(text) if text[:4].isdigit() else _words(text)
        seconds = when.timestamp() if when else None
    except (ValueError, OverflowError):
        return None
    return seconds if seconds is not None and _FIRST <= seconds <= _LAST else None


def _iso(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except ValueError:
        pass
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second, _z, sign, off_hours, off_minutes = found.groups()
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    return _moment(
        int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
        -offset if sign == "-" else offset,
    )  # fmt: skip


def _words(text: str) -> datetime | None:
    found = _RFC822.match(text)
    if found:
        day, month_name, year_text, hour, minute, second, sign, off_hours, off_minutes, zone = found.groups()
        month = _MONTHS.get(month_name.lower())
        if month is None:
            return None
        year = int(year_text)
        if len(year_text) == 2:  # RFC 2822 section 4.3
            year += 2000 if year < 50 else 1900
        offset = timedelta(hours=_ZONES.get((zone or "").lower(), 0.0))
        if sign:
            offset = timedelta(hours=int(off_hours), minutes=int(off_minutes)) * (-1 if sign == "-" else 1)
        return _moment(year, month, int(day), int(hour or 0), int(minute or 0), int(second or 0), offset)
    found = _US.match(text)
    month = _MONTHS.get(found[1].lower()) if found else None
    if not found or month is None:
        return None
    hour, minute, second = (int(found[i] or found[i + 4] or 0) for i in (3, 4, 5))
    return _moment(int(found[6]), month, int(found[2]), hour, minute, second, timedelta(0))


def _moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, offset: timedelta
) -> datetime:
    """A date whose clock may read 24:00 or a leap second; wrong offsets count as UTC."""
    if abs(offset) >= timedelta(hours=24):
        offset = timedelta(0)
    start = datetime(year, month, day, tzinfo=timezone(offset))
    if hour > 24 or minute > 59 or second > 60:
        raise ValueError("no such time of day")
    return start + timedelta(hours=hour, minutes=minute, seconds=second)
