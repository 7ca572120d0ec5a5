"""Whom the reader follows on a Mastodon server already."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from .base import NotFound
from .mastodon_api import Session, spare
from .wire import decode, ident, record, records

#: What makes a suggestion pointless.
_KNOWN = ("following", "requested", "blocking", "muting", "domain_blocking")


async def known(session: Session, handles: Sequence[str]) -> set[str]:
    """Those of the handles ("@user@host") that the account follows, asked to follow, blocks, mutes or is.

    One request for each handle and one for all. Raises `SourceError`.
    """
    own = f"@{session.place.account.lower()}"
    found: set[str] = {handle for handle in handles if handle.lower() == own}
    numbers: dict[str, str] = {}
    for handle in handles:
        user, _, host = handle.removeprefix("@").partition("@")
        acct = user if host == session.place.host else f"{user}@{host}"
        try:
            response = await session.get(f"/api/v1/accounts/lookup?acct={quote(acct, safe='@')}")
        except NotFound:
            continue
        if number := ident(record(decode(response.body, session.place.host)).get("id")):
            numbers[number] = handle
        if not spare(response)[0]:
            break
    if numbers:
        query = urlencode([("id[]", number) for number in numbers])
        response = await session.get(f"/api/v1/accounts/relationships?{query}")
        for row in records(decode(response.body, session.place.host)):
            if any(row.get(key) is True for key in _KNOWN) and (handle := numbers.get(ident(row.get("id")), "")):
                found.add(handle)
    return found
