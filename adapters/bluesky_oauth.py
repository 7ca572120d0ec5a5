"""Signing in to Bluesky in a browser: OAuth as the AT Protocol profiles it.

The account's server names its authorization server; the request is pushed there (PAR), allowed in the browser, and the
code exchanged with PKCE for tokens bound to a key (DPoP). https://atproto.com/specs/oauth
"""

from __future__ import annotations

import json
import secrets as random
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from . import bluesky_dpop as dpop
from .base import Malformed, NotAuthorized, NotFound, SourceError
from .bluesky_grant import Grant, sign_in_hint, token_of
from .text import clean_line
from .wire import address, decode, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Reading through the account's server needs the whole of what an app password may do, but mail and settings.
SCOPE = "atproto transition:generic"
_PASSWORD = "Sign in with an app password instead: leave --oauth away."
_HANDLED = (200, 201, 400, 401, 403)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authorization server and what penchant needs of it."""

    issuer: str
    authorize: str
    token: str
    push: str
    revoke: str
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A sign-in under way. `page` is what the reader opens."""

    authority: Authority
    did: str
    client_id: str
    redirect: str
    state: str
    verifier: str
    key: str
    page: str


def free_redirect() -> str:
    """An address on this machine for the browser to come back to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/callback"


async def discover(client: Client, pds: str, *, typed: bool = False) -> Authority:
    """The authorization server of an account's server, checked. Raises `SourceError`."""
    host = urlsplit(pds).netloc
    try:
        answer = await client.get(f"{pds}/.well-known/oauth-protected-resource", typed=typed, max_bytes=1 << 20)
    except NotFound as error:
        raise NotFound(f"{host} knows no sign-in by browser", hint=_PASSWORD) from error
    named = record(decode(answer.body, host)).get("authorization_servers")
    issuer = _safe(named[0] if isinstance(named, list) and named else "", pds)
    if not issuer or urlsplit(issuer).path.strip("/"):
        raise Malformed(f"{host} names no authorization server that is safe to use", hint=_PASSWORD)
    issuer = issuer.rstrip("/")
    here = typed and urlsplit(issuer).netloc == host
    answer = await client.get(f"{issuer}/.well-known/oauth-authorization-server", typed=here, max_bytes=1 << 20)
    found = record(decode(answer.body, urlsplit(issuer).netloc))
    names = ("authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint")
    authorize, token, push = (_safe(found.get(name), pds) for name in names)
    if text(found.get("issuer"), 2000).rstrip("/") != issuer or not (authorize and token and push):
        raise Malformed(f"{urlsplit(issuer).netloc} does not describe itself rightly", hint=_PASSWORD)
    algorithms = found.get("dpop_signing_alg_values_supported")
    if not isinstance(algorithms, list) or "ES256" not in algorithms:
        raise NotAuthorized(f"{urlsplit(issuer).netloc} does not know penchant's kind of key", hint=_PASSWORD)
    revoke = _safe(found.get("revocation_endpoint"), pds)
    return Authority(issuer, authorize, token, push, revoke, here)


async def begin(client: Client, handle: str, did: str, authority: Authority, redirect: str) -> Request:
    """Push the request to the server; the reader then opens `page`. Raises `SourceError`."""
    verifier, state, key = random.token_urlsafe(48), random.token_urlsafe(24), dpop.new_key()
    client_id = "http://localhost?" + urlencode({"redirect_uri": redirect, "scope": SCOPE}, quote_via=quote)
    form = {
        "response_type": "code", "client_id": client_id, "redirect_uri": redirect, "scope": SCOPE, "state": state,
        "code_challenge": dpop.digest(verifier), "code_challenge_method": "S256", "login_hint": handle or did,
    }  # fmt: skip
    answer = await dpop.post(client, authority.push, key, form, typed=_typed(authority, authority.push), ok=_HANDLED)
    uri = text(record(decode(answer.body, _host(authority))).get("request_uri"), 2000)
    if answer.status not in (200, 201) or not uri:
        raise _failure(answer, authority, "did not take the request", handle)
    mark = "&" if "?" in authority.authorize else "?"
    page = authority.authorize + mark + urlencode({"client_id": client_id, "request_uri": uri}, quote_via=quote)
    return Request(authority, did, client_id, redirect, state, verifier, key, page)


def code_of(answered: str, request: Request) -> str:
    """The code in the address that the browser was sent to; state and issuer are checked. Raises `NotAuthorized`."""
    query = parse_qs(urlsplit("".join(answered.split())).query)
    given = {name: values[0] for name, values in query.items()}
    if given.get("state") != request.state:
        raise NotAuthorized("That address belongs to another sign-in; nothing was stored", hint="Start again.")
    if given.get("iss", "").rstrip("/") != request.authority.issuer:
        raise NotAuthorized("The answer came from another server than asked; nothing was stored", hint="Start again.")
    if "error" in given:
        words = clean_line(given.get("error_description") or given["error"], 200)
        raise NotAuthorized(f"{_host(request.authority)} did not allow it ({words})", hint="Nothing was stored.")
    if not token_of(given.get("code")):
        raise NotAuthorized("That address holds no code", hint="Paste the whole address that the browser ended on.")
    return given["code"]


async def exchange(client: Client, request: Request, code: str, handle: str, pds: str, *, typed: bool) -> Grant:
    """Tokens for a code. They must be the account's that was asked for. Raises `SourceError`."""
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": request.redirect,
        "client_id": request.client_id, "code_verifier": request.verifier,
    }  # fmt: skip
    grant = Grant(
        handle, request.did, pds, "", "", typed, request.key, request.authority.token, request.client_id,
        request.authority.revoke,
    )  # fmt: skip
    return await _tokens(client, grant, form)


async def renewed(client: Client, grant: Grant) -> Grant:
    """New tokens; the old ones are worthless afterwards. Raises `NotAuthorized` when the permission was withdrawn."""
    form = {"grant_type": "refresh_token", "refresh_token": grant.refresh, "client_id": grant.client_id}
    return await _tokens(client, grant, form)


async def revoke(client: Client, grant: Grant) -> None:
    """Tell the server to forget the tokens. Raises `SourceError`."""
    if grant.revoke_url:
        form = {"token": grant.refresh, "client_id": grant.client_id}
        await dpop.post(client, grant.revoke_url, grant.key, form, typed=_same(grant, grant.revoke_url), ok=_HANDLED)


async def sign_in(
    client: Client,
    handle: str,
    did: str,
    pds: str,
    *,
    typed: bool,
    redirect: str,
    show: Callable[[str], None],
    answered: Callable[[], Awaitable[str]],
) -> Grant:
    """The whole conversation: `show` gets the page, `answered` returns where the browser was sent ("" gives up).

    Raises `SourceError`.
    """
    request = await begin(client, handle, did, await discover(client, pds, typed=typed), redirect)
    show(request.page)
    answer = await answered()
    if not answer.strip():
        raise NotAuthorized("Sign-in was given up; nothing was stored", hint="Start again whenever you like.")
    return await exchange(client, request, code_of(answer, request), handle, pds, typed=typed)


async def _tokens(client: Client, grant: Grant, form: dict[str, str]) -> Grant:
    host = urlsplit(grant.token_url).netloc
    answer = await dpop.post(
        client, grant.token_url, grant.key, form, typed=_same(grant, grant.token_url), ok=_HANDLED
    )
    found = record(decode(answer.body, host))
    if answer.status != 200:
        raise _refused(found, answer.status, host, grant)
    access, refresh = token_of(found.get("access_token")), token_of(found.get("refresh_token"))
    bound = text(found.get("token_type"), 20).lower() == "dpop"
    if not (access and refresh and bound) or "atproto" not in text(found.get("scope"), 2000).split():
        raise Malformed(f"{host} gave no usable session", hint=_PASSWORD)
    if found.get("sub") != grant.did:
        raise NotAuthorized(f"{host} answered for somebody else than @{grant.handle}", hint="Nothing was stored.")
    return replace(grant, access=access, refresh=refresh)


def _refused(found: dict[str, Any], status: int, host: str, grant: Grant) -> SourceError:
    name, said = text(found.get("error"), 100), clean_line(text(found.get("error_description"), 300), 200)
    says = f' It says: "{said}".' if said else ""
    if grant.refresh and name in ("invalid_grant", "invalid_token", "unauthorized_client", "access_denied"):
        return NotAuthorized(
            f"{host} no longer allows penchant to read as @{grant.handle} ({status} {name}).{says}",
            hint=f"The permission ended or was withdrawn. {sign_in_hint(grant.handle, oauth=True)}",
        )
    return NotAuthorized(
        f"{host} gave no session ({status} {clean_line(name, 60)}).{says}", hint=sign_in_hint(grant.handle, oauth=True)
    )


def _failure(answer: Response, authority: Authority, words: str, handle: str) -> NotAuthorized:
    try:
        said = clean_line(text(record(json.loads(answer.body)).get("error_description"), 300), 200)
    except (ValueError, RecursionError):
        said = ""
    says = f' It says: "{said}".' if said else ""
    name = clean_line(dpop.error_of(answer), 60)
    return NotAuthorized(f"{_host(authority)} {words} ({answer.status} {name}).{says}", hint=_PASSWORD)


def _safe(value: Any, pds: str) -> str:
    """An address that a document names: https, or http too where the reader's own server has no https."""
    found = address("", value)
    return found if found.startswith("https://" if pds.startswith("https:") else "http") else ""


def _host(authority: Authority) -> str:
    return urlsplit(authority.issuer).netloc


def _typed(authority: Authority, url: str) -> bool:
    return authority.typed and urlsplit(url).netloc == _host(authority)


def _same(grant: Grant, url: str) -> bool:
    """Whether an address is of the very host that the reader typed."""
    return grant.typed and urlsplit(url).netloc == urlsplit(grant.pds).netloc
