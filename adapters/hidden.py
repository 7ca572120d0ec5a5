"""Credentials that this process has read, kept out of the words of failures: servers say back what they were given.

Words of a failure are shown, stored beside the source and written into reports, where no token has any business.
"""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any
from urllib.parse import quote

#: Shorter ones would blank ordinary words.
SHORTEST = 8
MARK = "[hidden]"
#: So many characters of a longer one are hidden too: words are cut at their limit before they come here.
HEAD = 20
#: Names of values that are credentials, in what is kept as an object of JSON.
_NAMES = ("token", "secret", "access", "refresh", "password", "key", "d")

_known: set[str] = set()


def keep(secret: str) -> None:
    """Hide this from now on: a token, or each credential in an object of JSON; as written, in forms and addresses."""
    for value in _values(secret):
        if len(value) >= SHORTEST:
            _known.update((value, quote(value, safe="")))


def hide(words: str) -> str:
    """The words without any of it, longer ones first, since one may be a part of another; also where it is cut off."""
    found = sorted((value for value in tuple(_known) if value[:HEAD] in words), key=len, reverse=True)
    for value in found:
        words = words.replace(value, MARK)
    for value in found:
        while (start := words.find(value[:HEAD])) >= 0:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(words[start:], value, strict=False))
            words = words[:start] + MARK + words[start + sum(1 for _ in same) :]
    return words


def _values(secret: str) -> list[str]:
    try:
        found = json.loads(secret)
    except (ValueError, RecursionError):
        return [secret]
    return _credentials(found) if isinstance(found, dict) else [secret]


def _credentials(record: dict[str, Any]) -> list[str]:
    found = []
    for name, value in record.items():
        if isinstance(value, str) and not name.endswith("_url") and any(part in name.split("_") for part in _NAMES):
            found += _values(value)
    return found
