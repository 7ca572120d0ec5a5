"""An HTTP status that is not the wanted one, as a `SourceError` in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .base import Gone, NotAuthorized, NotFound, RateLimited, ServerFailure, SourceError
from .http_headers import rate_limit, retry_after_seconds
from .text import clean_line


def _own_words(body: bytes) -> str:
    """The message in a JSON error body ("" without one), for the reader."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    for key in ("error_description", "message", "error", "detail"):
        if isinstance(value.get(key), str):
            return clean_line(value[key], 200)
    return ""


def error_for(
    status: int, headers: Mapping[str, str], body: bytes, host: str, *, with_token: bool, now: float
) -> SourceError:
    """The error for a response with this status. `now` is Unix seconds."""
    words = _own_words(body)
    said = f' It says: "{words}".' if words else ""
    wait = retry_after_seconds(headers, now)
    if status == 429:
        limit = rate_limit(headers, now)
        wait = wait if wait is not None else limit[1] if limit else None
        return RateLimited(f"{host} gets too many requests from here (429).{said}", retry_after=wait)
    if status in (401, 403):
        if with_token:
            return NotAuthorized(f"{host} refused the token ({status}).{said}", retry_after=wait)
        return NotAuthorized(
            f"{host} does not let penchant read this ({status}).{said}",
            hint="It may need an account, or it blocks feed readers; try the address in a browser.",
            retry_after=wait,
        )
    if status == 404:
        return NotFound(f"{host} has nothing at this address (404).{said}")
    if status == 410:
        return Gone(f"{host} says that this is gone for good (410).{said}")
    if status >= 500 or status == 408:
        return ServerFailure(f"{host} has a fault of its own ({status}).{said}", retry_after=wait)
    return SourceError(
        f"{host} answered with status {status}, which penchant did not expect.{said}",
        hint="Check the address in a browser; penchant will try again later.",
        retry_after=wait,
    )
