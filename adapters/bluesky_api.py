"""Requests to Bluesky: by an account through its own server, else to the public service; failures in words."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .base import NotAuthorized, NotFound, SourceError
from .bluesky_auth import session_of
from .bluesky_grant import Grant, sign_in_hint
from .bluesky_items import members_only
from .bluesky_place import PUBLIC, Place
from .http_headers import rate_limit
from .text import clean_line
from .wire import decode, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Requests left untouched for the reader's other apps, which share the account's 3,000 in 5 minutes.
RESERVE = 100
_HANDLED = (200, 304, 400, 401, 403, 404)
#: What a server may answer to a record that it is to keep.
_ANSWERED = (*_HANDLED, 409, 413, 422)
_STALE = ("ExpiredToken", "InvalidToken")
#: What the services say in English where the error's name is only "InvalidRequest".
_ABSENT = ("not found", "could not find", "could not locate", "unable to resolve", "does not exist")
_CLOSED = ("AccountDeactivated", "AccountTakedown", "AccountSuspended", "RepoDeactivated", "RepoTakendown")


class Session:
    """Where one fetch asks. The token goes to the account's own server only."""

    __slots__ = ("client", "grant", "place")

    def __init__(self, client: Client, place: Place, grant: Grant | None = None) -> None:
        self.client, self.place, self.grant = client, place, grant

    @property
    def base(self) -> str:
        return self.grant.pds if self.grant else self.place.server

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    async def get(self, path: str, *, etag: str = "") -> Response:
        """GET a path below the base address. Raises `SourceError` for every failure."""
        response = await self._ask(path, etag)
        if self.grant is not None and self._stale(response):
            self.grant = await session_of(self.client, self.place.account, refused=self.grant.access)
            response = await self._ask(path, etag)
        if response.status in (200, 304):
            return response
        raise refusal(response.status, response.body, self.host, self.place)

    async def post(self, path: str, value: object) -> Response:
        """POST JSON below the base address, as the account; whatever it answers but for an expired token."""
        response = await self._tell(path, value)
        if self.grant is not None and self._stale(response):
            self.grant = await session_of(self.client, self.place.account, refused=self.grant.access)
            response = await self._tell(path, value)
        return response

    async def _tell(self, path: str, value: object) -> Response:
        grant = self.grant
        if grant is None:
            raise NotAuthorized("posting needs an account", hint="`penchant bluesky login YOU.bsky.social` signs in.")
        if grant.key:
            from .bluesky_dpop import post_json

            url = grant.pds + path
            return await post_json(self.client, url, grant.key, grant.access, value, typed=grant.typed, ok=_ANSWERED)
        return await self.client.post(grant.pds + path, json=value, token=grant.access, typed=grant.typed, ok=_ANSWERED)

    def _stale(self, response: Response) -> bool:
        """Whether the access token has expired."""
        if self.grant is not None and self.grant.key:
            from .bluesky_dpop import error_of

            return response.status == 401 and error_of(response) in ("invalid_token", *_STALE)
        return response.status in (400, 401) and _said(response.body)[0] in _STALE

    async def _ask(self, path: str, etag: str) -> Response:
        if self.grant is not None and self.grant.key:
            from .bluesky_dpop import get

            grant, url = self.grant, self.base + path
            return await get(self.client, url, grant.key, grant.access, etag=etag, typed=grant.typed, ok=_HANDLED)
        typed = self.grant.typed if self.grant else self.place.server != PUBLIC
        token = self.grant.access if self.grant else ""
        return await self.client.get(self.base + path, token=token, typed=typed, etag=etag, ok=_HANDLED, api=True)


async def open_session(client: Client, place: Place) -> Session:
    """Find the account's session, where one is named. Raises `NotAuthorized`."""
    if place.account:
        return Session(client, place, await session_of(client, place.account))
    if place.needs_account:
        raise NotAuthorized(
            f"{place.words} needs an account",
            hint=f"Add bluesky:YOU.bsky.social/{place.address.removeprefix('bluesky:')} instead.",
        )
    return Session(client, place)


def refusal(status: int, body: bytes, host: str, place: Place) -> SourceError:
    """What 400 to 404 mean, with the service's own words."""
    name, said = _said(body)
    says = f' It says: "{said}".' if said else ""
    if name in _CLOSED or said in ("Profile has been suspended", "Account is deactivated"):
        return NotFound(
            f"{place.words}: the account is closed for now ({name or status}).{says}",
            hint="It may come back; remove the source when you like.",
        )
    if name in ("BlockedActor", "BlockedByActor"):
        return NotAuthorized(
            f"{place.words}: you and this account do not see one another ({name}).",
            hint="One of you blocked the other on Bluesky.",
        )
    if name in (*_STALE, "AuthMissing", "AuthenticationRequired") or status in (401, 403):
        if place.account:
            return NotAuthorized(
                f"{host} refused the session of @{place.account} ({status}).{says}", hint=sign_in_hint(place.account)
            )
        return NotAuthorized(
            f"{host} shows {place.words} only to people with an account ({status}).{says}",
            hint=f"Sign in with `penchant bluesky login`, then add bluesky:YOU/{place.address.partition(':')[2]}.",
        )
    if name in ("UnknownFeed", "UnknownList", "NotFound", "ActorNotFound", "RecordNotFound") or any(
        word in said.lower() for word in _ABSENT
    ):
        return NotFound(f"{host} knows nothing called {place.words} ({status}).{says}")
    return SourceError(
        f"{host} cannot serve {place.words} ({name or status}).{says}",
        hint="Check the address in a browser; penchant will try again later.",
    )


def spare(response: Response) -> tuple[bool, float | None]:
    """(whether more requests may follow now, seconds to wait before the next fetch or None)."""
    limit = rate_limit(response.headers, time.time())
    if limit is None or limit[0] > RESERVE:
        return True, None
    return False, max(limit[1], 1.0)


async def identity(session: Session) -> tuple[str, str]:
    """(DID of the actor, the list's own name), each "" where there is none. Raises `SourceError`.

    A list is asked for by the DID of its owner: it stays when the handle changes.
    """
    place = session.place
    actor = place.argument.partition("/")[0]
    if place.kind == "author":
        found = await _json(session, f"/xrpc/app.bsky.actor.getProfile?actor={quote(actor)}")
        did = text(found.get("did"), 250)
        if session.grant is None and members_only(found):
            raise NotAuthorized(
                f"{place.words} shows its posts only to people with an account",
                hint=f"Sign in with `penchant bluesky login`, then add bluesky:YOU/@{actor}.",
            )
        return did, _title(found, "displayName", place)
    if place.kind in ("list", "feed"):
        return await _owned(session, actor)
    return (session.grant.did if session.grant and place.kind == "likes" else ""), ""


async def _owned(session: Session, actor: str) -> tuple[str, str]:
    place = session.place
    did = actor
    if not actor.startswith("did:"):
        found = await _json(session, f"/xrpc/com.atproto.identity.resolveHandle?handle={quote(actor)}")
        did = text(found.get("did"), 250)
    uri = quote(f"at://{did}/{'app.bsky.graph.list' if place.kind == 'list' else 'app.bsky.feed.generator'}/", safe="")
    uri += quote(place.argument.partition("/")[2])
    try:
        if place.kind == "list":
            found = await _json(session, f"/xrpc/app.bsky.graph.getList?list={uri}&limit=1")
            return did, _title(record(found.get("list")), "name", place)
        found = await _json(session, f"/xrpc/app.bsky.feed.getFeedGenerator?feed={uri}")
        return did, _title(record(found.get("view")), "displayName", place)
    except NotFound:
        raise
    except SourceError:
        return did, ""  # only the name is missing


async def _json(session: Session, path: str) -> dict[str, object]:
    return record(decode((await session.get(path)).body, session.host))


def _title(found: dict[str, object], name: str, place: Place) -> str:
    own = clean_line(text(found.get(name), 500), 100)
    if not own:
        return ""
    return f"{own} · @{place.argument}" if place.kind == "author" else f"{own} · Bluesky"


def _said(body: bytes) -> tuple[str, str]:
    """(name of the error, its message) of an XRPC answer."""
    try:
        found = record(json.loads(body))
    except (ValueError, RecursionError):
        return "", ""
    return text(found.get("error"), 100), clean_line(text(found.get("message"), 500), 200)
