"""Signing in to a Mastodon server from a terminal: OAuth 2 with an out-of-band code.

`sign_in` is the whole conversation; the single steps are there for a screen
that leads it itself. https://docs.joinmastodon.org/methods/oauth/
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets as random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from . import secrets
from .base import Malformed, NotAuthorized, NotFound, SourceError
from .mastodon_api import token_key
from .mastodon_place import base_of
from .text import clean_line
from .wire import decode, ident, record, text

if TYPE_CHECKING:
    from .http import Client, Response

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CLIENT_NAME = "penchant"
READ = "read"
FAVOURITE = "write:favourites"
POSTING = "write:statuses"
#: Codes are 43 characters today; more than this is something else that was pasted.
MAX_CODE = 512


@dataclass(frozen=True, slots=True)
class App:
    """penchant as registered with one server. `verifier` is this sign-in's PKCE secret, "" without PKCE."""

    base: str
    client_id: str
    client_secret: str
    scopes: str = READ
    verifier: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Who a token belongs to. `acct` is "user@host": the value of settings["account"]."""

    acct: str
    name: str
    url: str
    id: str


def scopes_for(*, favourites: bool = False, posting: bool = False) -> str:
    """What penchant asks a server to be allowed."""
    return " ".join([READ, *([FAVOURITE] if favourites else []), *([POSTING] if posting else [])])


async def register_app(client: Client, host: str, *, favourites: bool = False, posting: bool = False) -> App:
    """Register penchant with a server ("mastodon.social" or "https://..."). Raises `SourceError`.

    PKCE is used where the server says that it knows S256 (Mastodon 4.3 and later).
    """
    base = await find_server(client, host)
    scopes = scopes_for(favourites=favourites, posting=posting)
    form = {"client_name": CLIENT_NAME, "redirect_uris": OUT_OF_BAND, "scopes": scopes}
    answer = await client.post(f"{base}/api/v1/apps", data=form, typed=True, ok=(200, 403, 422))
    found = record(decode(answer.body, urlsplit(base).netloc))
    client_id, secret = text(found.get("client_id"), 500), text(found.get("client_secret"), 500)
    if answer.status != 200 or not (client_id and secret):
        raise _failure(answer, base, "does not let penchant register")
    return App(base, client_id, secret, scopes, _verifier() if await _knows_pkce(client, base) else "")


def authorize_url(app: App) -> str:
    """The page where the reader allows penchant in and gets a code."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": OUT_OF_BAND,
        "scope": app.scopes,
    }
    if app.verifier:
        digest = hashlib.sha256(app.verifier.encode()).digest()
        query |= {
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
    return f"{app.base}/oauth/authorize?{urlencode(query, quote_via=quote)}"


async def exchange(client: Client, app: App, code: str) -> str:
    """The token for a pasted code. Raises `NotAuthorized` when the server does not take the code."""
    code = "".join(code.split())
    if not code or len(code) > MAX_CODE or not code.isascii():
        raise NotAuthorized(
            "That is not a code", hint="Copy the code that the page shows, and paste it here."
        )
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": OUT_OF_BAND,
        "scope": app.scopes,
    }
    form |= {"code_verifier": app.verifier} if app.verifier else {}
    answer = await client.post(f"{app.base}/oauth/token", data=form, typed=True, ok=(200, 400, 401, 403, 422))
    token = text(record(decode(answer.body, urlsplit(app.base).netloc)).get("access_token"), 4000)
    if answer.status != 200 or not token or not token.isascii() or not token.isprintable():
        raise _failure(answer, app.base, "did not accept the code")
    return token


async def verify(client: Client, host: str, token: str) -> Account:
    """Ask the server whose token this is. Raises `NotAuthorized`."""
    base = base_of(host)
    answer = await client.get(
        f"{base}/api/v1/accounts/verify_credentials", token=token, typed=True, ok=(200, 401, 403, 422)
    )
    found = record(decode(answer.body, urlsplit(base).netloc))
    user = clean_line(text(found.get("acct"), 300) or text(found.get("username"), 300), 300)
    if answer.status != 200 or not user:
        raise _failure(answer, base, "refused the token")
    acct = user if "@" in user else f"{user}@{urlsplit(base).netloc}"
    name = clean_line(text(found.get("display_name"), 500), 100) or acct
    return Account(acct, name, clean_line(text(found.get("url"), 2000), 2000), ident(found.get("id")))


async def revoke(client: Client, host: str, token: str) -> None:
    """Tell the server to forget a token. Needs the registration of `sign_in`. Raises `SourceError`."""
    base = base_of(host)
    for key in await asyncio.to_thread(secrets.names):
        if key.startswith(f"mastodon-app:{base} "):
            app = _load_app(key)
            if app is not None:
                form = {"client_id": app.client_id, "client_secret": app.client_secret, "token": token}
                await client.post(f"{base}/oauth/revoke", data=form, typed=True)
                return


async def sign_in(
    client: Client,
    host: str,
    *,
    show: Callable[[str], None],
    ask: Callable[[], Awaitable[str]],
    favourites: bool = False,
    posting: bool = False,
    tries: int = 3,
) -> Account:
    """The whole sign-in: `show` gets the address to open, `ask` returns the pasted code ("" gives up).

    The token is stored under `token_key(account.acct)`. A wrong code may be
    corrected `tries` times. Raises `SourceError`.
    """
    app = await _registered(client, host, favourites, posting)
    for left in range(tries - 1, -1, -1):
        show(authorize_url(app))
        code = await ask()
        if not code.strip():
            raise NotAuthorized(
                "Sign-in was given up; nothing was stored", hint="Start again whenever you like."
            )
        try:
            token = await exchange(client, app, code)
            break
        except NotAuthorized:
            if not left:
                await asyncio.to_thread(secrets.delete, _app_key(app.base, app.scopes))
                raise
    account = await verify(client, app.base, token)
    await asyncio.to_thread(secrets.set, token_key(account.acct), token)
    return account


async def sign_out(client: Client, account: str, host: str = "") -> None:
    """Forget the token of "user@host" here, and there as far as the server can be reached."""
    key = token_key(account)
    token = await asyncio.to_thread(secrets.get, key)
    await asyncio.to_thread(secrets.delete, key)
    if token:
        try:
            await revoke(client, host or account.rpartition("@")[2], token)
        except SourceError:
            return


async def find_server(client: Client, host: str) -> str:
    """The base address of the server that a typed name means. Raises `SourceError`.

    People's addresses may carry another domain than their server's (user@example.org
    on social.example.org): then /.well-known/host-meta of the former redirects.
    """
    base = base_of(host.strip().rpartition("@")[2] if "://" not in host else host)
    if not base:
        raise NotFound(f"{host[:80]!r} is no server name", hint='Type it like "mastodon.social".')
    try:
        answer = await client.get(f"{base}/api/v1/instance", typed=True)
        instance = record(decode(answer.body, urlsplit(base).netloc))
    except (NotFound, Malformed):
        instance, answer = {}, await client.get(f"{base}/.well-known/host-meta", typed=True)
    parts = urlsplit(answer.url)
    found = f"{parts.scheme}://{parts.netloc}"
    if not instance and found == base:
        raise NotFound(f"{parts.netloc} is no Mastodon server", hint="Check the name in a browser.")
    return found if parts.scheme == "https" or found == base else base


async def _registered(client: Client, host: str, favourites: bool, posting: bool) -> App:
    """The registration kept from an earlier sign-in, else a new one; with a fresh PKCE secret."""
    base = base_of(host.strip())
    scopes = scopes_for(favourites=favourites, posting=posting)
    kept = await asyncio.to_thread(_load_app, _app_key(base, scopes))
    if kept is not None:
        return App(
            kept.base, kept.client_id, kept.client_secret, scopes, _verifier() if kept.verifier else ""
        )
    app = await register_app(client, host, favourites=favourites, posting=posting)
    await asyncio.to_thread(secrets.set, _app_key(base, scopes), json.dumps(asdict(app)))
    return app


def _app_key(base: str, scopes: str) -> str:
    return f"mastodon-app:{base} {scopes}"


def _load_app(key: str) -> App | None:
    try:
        return App(**json.loads(secrets.get(key) or ""))
    except (ValueError, TypeError):
        return None


async def _knows_pkce(client: Client, base: str) -> bool:
    try:
        answer = await client.get(f"{base}/.well-known/oauth-authorization-server", typed=True)
        methods = record(decode(answer.body, "")).get("code_challenge_methods_supported")
    except SourceError:
        return False
    return isinstance(methods, list) and "S256" in methods


def _verifier() -> str:
    return random.token_urlsafe(48)


def _failure(answer: Response, base: str, words: str) -> NotAuthorized:
    try:
        found = record(json.loads(answer.body))
    except (ValueError, RecursionError):
        found = {}
    said = clean_line(text(found.get("error_description"), 500) or text(found.get("error"), 500), 200)
    says = f' It says: "{said}".' if said else ""
    return NotAuthorized(
        f"{urlsplit(base).netloc} {words} ({answer.status}).{says}",
        hint="Start the sign-in again; codes work once and for minutes.",
    )
