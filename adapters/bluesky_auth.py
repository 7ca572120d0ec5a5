"""Signing in to Bluesky: an app password, or a permission given in a browser, becomes a session that is renewed.

Password and tokens go to the account's own server (its PDS) and nowhere else. It is found from the handle by way
of the DID document. https://atproto.com/specs/xrpc#authentication
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary

from . import secrets
from .base import Malformed, NotAuthorized, NotFound, SourceError
from .bluesky_grant import Grant, accounts, keep, load, sign_in_hint, token_key, token_of
from .bluesky_place import PUBLIC, actor_of
from .text import clean_line
from .wire import address, decode, record, records, text

if TYPE_CHECKING:
    from .http import Client, Response

__all__ = ["Grant", "accounts", "find_server", "session_of", "sign_in", "sign_in_by_browser", "sign_out", "token_key"]

#: Where DIDs of the kind did:plc are looked up.
PLC = "https://plc.directory"
APP_PASSWORDS = "https://bsky.app/settings/app-passwords"
MAX_PASSWORD = 512
_SERVER = "/xrpc/com.atproto.server."
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def find_server(client: Client, handle: str, *, public: str = PUBLIC, plc: str = PLC) -> tuple[str, str]:
    """(DID, base address of the server) of an account. Raises `SourceError`."""
    actor = actor_of(handle)
    if not actor:
        raise NotFound(f"{clean_line(handle, 80)!r} is no handle", hint="Type it like you.bsky.social.")
    did = actor if actor.startswith("did:") else await _did_of(client, actor, public)
    document = await _document(client, did, plc)
    named = document.get("alsoKnownAs")
    names = [text(name, 300).lower() for name in named[:20]] if isinstance(named, list) else []
    if not actor.startswith("did:") and f"at://{actor}" not in names:
        raise NotAuthorized(
            f"The account behind @{actor} does not call itself so",
            hint="Sign in with the handle that its profile shows.",
        )
    for service in records(document.get("service"), 20):
        if text(service.get("id"), 300).endswith("#atproto_pds"):
            base = address("", service.get("serviceEndpoint")).rstrip("/")
            if base.startswith("https://" if plc == PLC else "http") and not urlsplit(base).path:
                return did, base
    raise NotFound(f"@{actor} names no server that keeps its account", hint="It may have been moved or deleted.")


async def sign_in(
    client: Client, handle: str, password: str, *, server: str = "", public: str = PUBLIC, plc: str = PLC
) -> str:
    """Exchange an app password for a session, which is stored; returns the handle. Raises `SourceError`.

    `server` is typed by the reader; without one it is found from the handle.
    """
    password = password.strip()
    if not password or len(password) > MAX_PASSWORD:
        raise NotAuthorized("No password was given; nothing was stored", hint=f"Make one at {APP_PASSWORDS}.")
    did, base = ("", server.rstrip("/")) if server else await find_server(client, handle, public=public, plc=plc)
    form = {"identifier": did or handle.strip().lstrip("@"), "password": password}
    answer = await client.post(f"{base}{_SERVER}createSession", json=form, typed=bool(server), ok=(200, 400, 401, 403))
    grant = _grant(answer, base, typed=bool(server))
    if did and grant.did != did:
        raise NotAuthorized(f"{urlsplit(base).netloc} answered for somebody else", hint="Nothing was stored.")
    await asyncio.to_thread(keep, grant.handle, grant)
    return grant.handle


async def session_of(client: Client, account: str, *, refused: str = "") -> Grant:
    """The session of an account, renewed when `refused` is its access token. Raises `NotAuthorized`.

    Several sources of one account ask at once: the first renews, the others find what it kept. A renewal makes the
    old tokens worthless, so one that another process made in between counts too.
    """
    grant = await asyncio.to_thread(load, account)
    if grant is None:
        raise NotAuthorized(f"You are not signed in as @{account} on this machine", hint=sign_in_hint(account))
    if not refused or grant.access != refused:
        return grant
    async with _turn():
        grant = await asyncio.to_thread(load, account) or grant
        if grant.access != refused:
            return grant
        try:
            renewed = await (_renewed(client, grant) if not grant.key else _by_browser().renewed(client, grant))
        except NotAuthorized:
            other = await asyncio.to_thread(load, account)
            if other is not None and other.refresh != grant.refresh:
                return other
            raise
        await asyncio.to_thread(keep, account, renewed)
        return renewed


async def sign_in_by_browser(
    client: Client,
    handle: str,
    *,
    redirect: str,
    show: Callable[[str], None],
    answered: Callable[[], Awaitable[str]],
    server: str = "",
    public: str = PUBLIC,
    plc: str = PLC,
) -> str:
    """The same by OAuth; see `bluesky_oauth.sign_in`. Returns the handle. Raises `SourceError`."""
    actor = actor_of(handle)
    if server:
        base = server.rstrip("/")
        did = actor if actor.startswith("did:") else await _did_of(client, actor, base) if actor else ""
        if not did:
            raise NotFound(f"{clean_line(handle, 80)!r} is no handle", hint="Type it like you.bsky.social.")
    else:
        did, base = await find_server(client, handle, public=public, plc=plc)
    grant = await _by_browser().sign_in(
        client, actor, did, base, typed=bool(server), redirect=redirect, show=show, answered=answered
    )
    await asyncio.to_thread(keep, grant.handle, grant)
    return grant.handle


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    """One renewal at a time, over all processes: a refresh token that is shown twice ends an OAuth session."""
    async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        held = secrets.turn()
        await asyncio.to_thread(held.__enter__)
        try:
            yield
        finally:
            held.__exit__(None, None, None)


def _by_browser() -> Any:
    """Loaded only by those who signed in so: it brings the cryptography."""
    from . import bluesky_oauth

    return bluesky_oauth


async def sign_out(client: Client, account: str) -> None:
    """Forget the session here, and there as far as the server can be reached."""
    grant = await asyncio.to_thread(load, account)
    await asyncio.to_thread(secrets.delete, token_key(account))
    if grant is not None:
        try:
            if grant.key:
                await _by_browser().revoke(client, grant)
                return
            await client.post(f"{grant.pds}{_SERVER}deleteSession", token=grant.refresh, typed=grant.typed)
        except SourceError:
            return


async def _renewed(client: Client, grant: Grant) -> Grant:
    answer = await client.post(
        f"{grant.pds}{_SERVER}refreshSession", token=grant.refresh, typed=grant.typed, ok=(200, 400, 401, 403)
    )
    found = _grant(answer, grant.pds, typed=grant.typed, account=grant.handle)
    if found.did != grant.did:
        raise NotAuthorized(f"{urlsplit(grant.pds).netloc} answered for somebody else", hint=sign_in_hint(grant.handle))
    # The handle names the secret and the subscriptions: they stay when it changes.
    return Grant(grant.handle, found.did, grant.pds, found.access, found.refresh, grant.typed)


def _grant(answer: Response, base: str, *, typed: bool, account: str = "") -> Grant:
    host = urlsplit(base).netloc
    found = record(decode(answer.body, host))
    if answer.status != 200:
        raise _failure(found, answer.status, host, account)
    access, refresh = token_of(found.get("accessJwt")), token_of(found.get("refreshJwt"))
    handle, did = actor_of(text(found.get("handle"), 253)), actor_of(text(found.get("did"), 250))
    if not access or not refresh or not did.startswith("did:") or not handle:
        raise Malformed(f"{host} gave no usable session", hint="It may be no server of the AT Protocol.")
    if found.get("active") is False:
        state = clean_line(text(found.get("status"), 60), 60) or "not active"
        raise NotAuthorized(f"The account @{handle} is {state} on {host}", hint="Restore it in the Bluesky app first.")
    return Grant(handle, did, base, access, refresh, typed)


def _failure(found: dict[str, Any], status: int, host: str, account: str) -> NotAuthorized:
    name, said = text(found.get("error"), 100), clean_line(text(found.get("message"), 300), 200)
    if name == "AuthFactorTokenRequired":
        return NotAuthorized(
            f"{host} wants a code by mail for this password ({status})",
            hint=f"Use an app password instead: {APP_PASSWORDS}.",
        )
    says = f' It says: "{said}".' if said else ""
    if account:
        return NotAuthorized(
            f"{host} no longer accepts the session of @{account} ({status}).{says}", hint=sign_in_hint(account)
        )
    return NotAuthorized(
        f"{host} refused handle or password ({status}).{says}", hint=f"Use an app password: {APP_PASSWORDS}."
    )


async def _did_of(client: Client, handle: str, public: str) -> str:
    answer = await client.get(
        f"{public}/xrpc/com.atproto.identity.resolveHandle?handle={quote(handle)}", typed=public != PUBLIC,
        ok=(200, 400),
    )  # fmt: skip
    did = actor_of(text(record(decode(answer.body, urlsplit(public).netloc)).get("did"), 250))
    if answer.status != 200 or not did.startswith("did:"):
        raise NotFound(f"Nobody on Bluesky is called @{handle}", hint="Check the spelling; the domain belongs to it.")
    return did


async def _document(client: Client, did: str, plc: str) -> dict[str, Any]:
    """The DID document. did:web names a host, did:plc is kept by a directory."""
    method, _, name = did.removeprefix("did:").partition(":")
    if method == "plc" and name.isalnum():
        where, typed = f"{plc}/{did}", plc != PLC
    elif method == "web" and "." in name and "%" not in name and ":" not in name:
        where, typed = f"https://{name}/.well-known/did.json", False
    else:
        raise NotFound(f"{clean_line(did, 80)} is no kind of account that penchant can look up")
    answer = await client.get(where, typed=typed, max_bytes=1 << 20)
    document = record(decode(answer.body, urlsplit(where).netloc))
    if document.get("id") != did:
        raise Malformed(f"{urlsplit(where).netloc} answered about another account")
    return document
