"""Dates as a reader types them, in the reader's own time zone. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

#: From the first second to the one after the last, Unix seconds UTC.
Period = tuple[float, float]

_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?", re.ASCII)
_AGO = re.compile(r"(\d{1,5})([hdwmy])", re.ASCII)
_DAYS = {"d": 1, "w": 7}


def period(text: str, now: float) -> Period | None:
    """What a date names, relative to `now`; None where `text` is no date.

    ``today``, ``yesterday``, ``2025``, ``2025-01`` and ``2025-01-31`` are
    whole days, months and years; ``12h``, ``7d``, ``2w``, ``3m``, ``1y`` begin that long
    ago and last an hour, day, week, month or year.
    """
    try:
        return _named(text, now) or _date(text) or _ago(text, now)
    except (ValueError, OverflowError, OSError):
        return None


def _midnight(now: float) -> datetime:
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _named(text: str, now: float) -> Period | None:
    days = {"today": 0, "yesterday": 1}.get(text)
    if days is None:
        return None
    start = _midnight(now) - timedelta(days=days)
    return start.timestamp(), (start + timedelta(days=1)).timestamp()


def _date(text: str) -> Period | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    start = datetime(year, month or 1, day or 1)
    if day is not None:
        end = start + timedelta(days=1)
    elif month is not None:
        end = _months(start, 1)
    else:
        end = _months(start, 12)
    return start.timestamp(), end.timestamp()


def _ago(text: str, now: float) -> Period | None:
    match = _AGO.fullmatch(text)
    if match is None:
        return None
    count, unit = int(match[1]), match[2]
    if unit == "h":  # not by the clock on the wall, which skips and repeats hours
        return now - 3600.0 * count, now - 3600.0 * (count - 1)
    moment = datetime.fromtimestamp(now)
    if unit in _DAYS:
        step = timedelta(days=_DAYS[unit])
        start, end = moment - count * step, moment - (count - 1) * step
    else:
        size = 12 if unit == "y" else 1
        start, end = _months(moment, -count * size), _months(moment, -(count - 1) * size)
    return start.timestamp(), end.timestamp()


def _months(moment: datetime, count: int) -> datetime:
    """`moment` some months later or earlier, its day cut to the month's length."""
    years, month = divmod(moment.month - 1 + count, 12)
    start = moment.replace(year=moment.year + years, month=month + 1, day=1)
    after = start.replace(year=start.year + month // 11, month=(month + 1) % 12 + 1)
    return start.replace(day=min(moment.day, (after - start).days))
