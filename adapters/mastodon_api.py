"""Requests to one Mastodon server: token, typed address, rate limit and failures in words."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from . import secrets
from .base import BadSettings, NotAuthorized, NotFound, SourceError
from .http_headers import next_link, rate_limit
from .mastodon_place import Place
from .text import clean_line
from .wire import decode, ident, parts, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Requests left untouched for the reader's other apps, which share the account's 300 in 5 minutes.
RESERVE = 10
_HANDLED = (200, 206, 304, 401, 403, 422)


def token_key(account: str) -> str:
    """Name under which `secrets` keeps the token of "user@host"."""
    return f"mastodon:{account.strip().lstrip('@').lower()}"


@dataclass(frozen=True, slots=True)
class Session:
    """A server, and the token for it ("" for anonymous reading)."""

    client: Client
    place: Place
    token: str = ""

    async def get(self, path: str, *, etag: str = "") -> Response:
        """GET a path of the server's API. Raises `SourceError` for every failure."""
        response = await self.client.get(
            self.place.base + path, token=self.token, typed=True, etag=etag, ok=_HANDLED
        )
        return self._checked(response)

    async def post(self, path: str) -> Response:
        response = await self.client.post(self.place.base + path, token=self.token, typed=True, ok=_HANDLED)
        return self._checked(response)

    def _checked(self, response: Response) -> Response:
        if response.status in (200, 206, 304):
            return response
        raise refusal(response.status, response.body, self.place)


async def open_session(client: Client, place: Place) -> Session:
    """Look the token up (off the event loop: a keyring may take seconds). Raises `NotAuthorized`."""
    if not place.account:
        if place.needs_account:
            raise NotAuthorized(
                f"The {place.kind} timeline of {place.host} needs an account", hint=_sign_in(place)
            )
        return Session(client, place)
    token = await asyncio.to_thread(secrets.get, token_key(place.account))
    if not token:
        raise NotAuthorized(f"You are not signed in as {place.account} on this machine", hint=_sign_in(place))
    return Session(client, place, token)


def refusal(status: int, body: bytes, place: Place) -> SourceError:
    """What 401, 403 and 422 mean, with the server's own words."""
    try:
        said = clean_line(text(record(json.loads(body)).get("error"), 500), 200)
    except (ValueError, RecursionError):
        said = ""
    says = f' It says: "{said}".' if said else ""
    if status == 422 and "authenticated user" not in said:
        return BadSettings(f"{place.host} cannot serve {place.timeline} (422).{says}")
    if status == 403 and place.account:
        return NotAuthorized(
            f"{place.host} does not allow this for {place.account} (403).{says}", hint=_sign_in(place)
        )
    if place.account:
        return NotAuthorized(
            f"{place.host} refused the sign-in of {place.account} ({status}).{says}", hint=_sign_in(place)
        )
    return NotAuthorized(
        f"{place.host} shows this only to people with an account ({status}).{says}", hint=_sign_in(place)
    )


def link_path(response: Response, rel: str) -> str:
    """Path and query of a Link header entry; "" when there is none or it leaves the API.

    Only the path is kept: behind some proxies servers write http:// or an
    inner host name, and the token must never follow a link elsewhere.
    """
    link = parts(next_link(response.headers, base=response.url, rel=rel))
    if not link.path.startswith("/api/v") or "/../" in link.path or len(link.query) > 2000:
        return ""
    return link.path + (f"?{link.query}" if link.query else "")


def spare(response: Response) -> tuple[bool, float | None]:
    """(whether more requests may follow now, seconds to wait before the next fetch or None)."""
    limit = rate_limit(response.headers, time.time())
    if limit is None or limit[0] > RESERVE:
        return True, None
    return False, max(limit[1], 1.0)


async def account_id(session: Session) -> tuple[str, str]:
    """(id on this server, display name) of the account that the timeline shows. Raises `NotFound`."""
    handle = session.place.argument.removeprefix("@")
    user, _, host = handle.partition("@")
    acct = user if host == session.place.host else handle
    try:
        found = record(
            decode((await session.get(f"/api/v1/accounts/lookup?acct={acct}")).body, session.place.host)
        )
    except NotFound:
        found = await _search_account(session, handle)
    if not ident(found.get("id")):
        raise NotFound(
            f"{session.place.host} knows nobody called @{handle}",
            hint="Check the spelling of user and server.",
        )
    return ident(found.get("id")), clean_line(text(found.get("display_name"), 500), 100) or f"@{handle}"


async def status_id(session: Session, native_id: str, extra: object = None) -> str:
    """This server's number for a status. Raises `NotFound`.

    `extra` is the item's own, which has it when the item came from this
    server. A status of the server itself carries it in its address; others
    are resolved by the server's search, which needs a token.
    """
    known = record(extra)
    if known.get("instance") == session.place.host and ident(known.get("id")):
        return ident(known.get("id"))
    there = parts(native_id)
    last = there.path.rstrip("/").rpartition("/")[2]
    local = there.netloc == session.place.host or native_id.startswith(f"mastodon:{session.place.host}/")
    if local and last.isascii() and last.isalnum() and "/statuses/" in there.path:
        return last
    if session.token and there.scheme in ("http", "https"):
        answer = await session.get(
            f"/api/v2/search?type=statuses&resolve=true&limit=1&q={quote(native_id, safe='')}"
        )
        found = record(decode(answer.body, session.place.host)).get("statuses")
        if isinstance(found, list) and found and ident(record(found[0]).get("id")):
            return ident(record(found[0]).get("id"))
    raise NotFound(f"{session.place.host} does not know this post", hint="Open it in the browser (o).")


async def _search_account(session: Session, handle: str) -> dict[str, object]:
    if not session.token:
        return {}
    answer = await session.get(f"/api/v1/accounts/search?resolve=true&limit=1&q=@{handle}")
    found = decode(answer.body, session.place.host)
    return record(found[0]) if isinstance(found, list) and found else {}


def _sign_in(place: Place) -> str:
    where = place.host if place.base.startswith("https:") else place.base
    return f"Sign in (again) with `penchant mastodon login {where}`."
