"""Reading decoded JSON that may have any shape: wrong types become empty values, never errors. Pure."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .base import Malformed
from .text import absolute

#: SQLite's largest integer; a larger count is nonsense anyway.
MAX_NUMBER = 2**63 - 1
#: Numbers (Mastodon), flake ids (Pleroma), ULIDs (GoToSocial), UUIDs.
_IDENT = re.compile(r"[A-Za-z0-9_-]{1,200}")


def decode(body: bytes, who: str) -> Any:
    """Parse a JSON document. `who` names the server in the message.

    Raises `Malformed` for garbage, nesting deeper than Python's stack and
    numbers of more than 4,300 digits.
    """
    try:
        return json.loads(body)
    except RecursionError:
        raise Malformed(f"{who} answered with JSON nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"{who} did not answer with JSON ({str(error)[:80]})") from None


def text(value: Any, limit: int) -> str:
    """A string cut to `limit` characters, without lone surrogates; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value[:limit].encode("utf-8", "replace").decode("utf-8")


def address(base: str, value: Any, limit: int = 2000) -> str:
    """An absolute web address (http, https) with a host; "" for anything else."""
    found = absolute(base, text(value, limit)) if isinstance(value, str) and len(value) <= limit else ""
    return found if found.startswith("http") and parts(found).netloc else ""


def parts(url: str) -> SplitResult:
    """The parts of an address; empty ones where it is broken ("http://[")."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def ident(value: Any) -> str:
    """An id that servers write as a string or as a number, safe inside a path; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value <= MAX_NUMBER else ""
    return value if isinstance(value, str) and _IDENT.fullmatch(value) else ""


def number(value: Any) -> int | None:
    """A count from 0 to 2^63-1; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MAX_NUMBER else None


def record(value: Any) -> dict[str, Any]:
    """A JSON object; {} for anything else."""
    return value if isinstance(value, dict) else {}


def records(value: Any, limit: int = 1000) -> list[dict[str, Any]]:
    """The objects of a JSON list (at most `limit`); what is no object is left out."""
    return [v for v in value[:limit] if isinstance(v, dict)] if isinstance(value, list) else []
