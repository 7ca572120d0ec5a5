"""What servers say in headers about waiting, paging and caching: pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

#: No server may silence a source for longer than this by one header (seconds).
LONGEST_WAIT = 7 * 86400.0
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_RATE_NAMES = (("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset"))


def http_date(text: str) -> float | None:
    """Unix seconds of an HTTP date (RFC 9110 section 5.6.7), or None."""
    try:
        when = parsedate_to_datetime(text.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or an HTTP date), capped at a week; None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value) if value.isascii() and value[0].isdigit() else None
    except ValueError:
        seconds = None
    if seconds is None:
        at = http_date(value)
        if at is None:
            return None
        seconds = at - now
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _reset_seconds(value: str, now: float) -> float | None:
    """Seconds until a reset given as seconds, as Unix time or as an ISO 8601 date."""
    try:
        number = float(value)
        return number - now if number > 1e9 else number
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now


def rate_limit(headers: Mapping[str, str], now: float) -> tuple[float, float] | None:
    """(requests left, seconds until the count starts again), or None where the server does not say.

    Reads X-RateLimit-* and RateLimit-*; the reset may be seconds (Reddit), Unix
    time (GitHub) or a date (Mastodon).
    """
    for remaining, reset in _RATE_NAMES:
        left, until = headers.get(remaining), headers.get(reset)
        if left is None or until is None:
            continue
        seconds = _reset_seconds(until.strip(), now)
        try:
            count = float(left)
        except ValueError:
            continue
        if seconds is not None and seconds == seconds and count == count:
            return count, min(max(seconds, 0.0), LONGEST_WAIT)
    return None


def next_link(headers: Mapping[str, str], base: str = "", rel: str = "next") -> str:
    """Address of the `rel` entry of an RFC 8288 Link header (resolved against `base`), "" without one."""
    for target, parameters in _LINK.findall(headers.get("link", "")[:20_000]):
        for quoted, bare in _REL.findall(parameters):
            if rel in (quoted or bare).lower().split():
                try:
                    return urljoin(base, target.strip())
                except ValueError:
                    return ""
    return ""


def cache_interval(headers: Mapping[str, str]) -> float | None:
    """Seconds for which the server calls its answer fresh (max-age, else Expires - Date), or None."""
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    if found:
        return float(found[1]) or None
    expires, date = http_date(headers.get("expires", "")), http_date(headers.get("date", ""))
    if expires is not None and date is not None and expires > date:
        return expires - date
    return None
