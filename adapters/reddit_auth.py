"""Signing in to Reddit from a terminal: OAuth 2, code flow of an "installed app".

Reddit has no device flow and no registration by program: the reader brings the
client id of an app of his own. https://github.com/reddit-archive/reddit/wiki/OAuth2
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets as random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from weakref import WeakKeyDictionary

from . import secrets
from .base import Malformed, NotAuthorized, SourceError
from .reddit_place import API, WEB
from .text import clean_line
from .wire import decode, ident, number, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Where Reddit sends the browser afterwards: must stand in the app's own settings, letter by letter.
REDIRECT = "http://localhost:8080"
SCOPES = "identity read history mysubreddits"
_PREFIX = "reddit:"
#: An access token lives an hour (86,400 s for some apps); it is renewed so long before its end (seconds).
EARLY = 60.0
MAX_CODE = 512
_SIGN_IN = "Sign in again with `penchant reddit login`."
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Grant:
    """What is kept of a sign-in. `expires_at` (Unix seconds) is the access token's."""

    client_id: str
    refresh_token: str
    access_token: str = ""
    expires_at: float = 0.0
    client_secret: str = ""


def token_key(account: str) -> str:
    """Name under which `secrets` keeps the grant of an account."""
    return _PREFIX + account.strip().removeprefix("u/").lower()


def accounts() -> tuple[str, ...]:
    """Names of the accounts signed in on this machine, in lower case."""
    return tuple(name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX))


def authorize_url(client_id: str, state: str, *, redirect: str = REDIRECT, web: str = WEB) -> str:
    """The page where the reader allows penchant in."""
    query = {
        "client_id": client_id, "response_type": "code", "state": state, "redirect_uri": redirect,
        "duration": "permanent", "scope": SCOPES,
    }  # fmt: skip
    return f"{web}/api/v1/authorize?{urlencode(query, quote_via=quote)}"


def code_of(pasted: str, state: str) -> str:
    """The code in a pasted code or in the address the browser was sent to. Raises `NotAuthorized`."""
    pasted = "".join(pasted.split()).removesuffix("#_")
    if "?" in pasted or "code=" in pasted or "error=" in pasted:
        query = parse_qs(urlsplit(pasted).query or pasted)
        if refused := query.get("error"):
            raise NotAuthorized(f"Reddit did not allow it ({clean_line(refused[0], 60)})", hint="Start again.")
        if query.get("state") != [state]:
            raise NotAuthorized("That address belongs to another sign-in", hint="Use the address shown last.")
        pasted = (query.get("code") or [""])[0].removesuffix("#_")
    if not pasted or len(pasted) > MAX_CODE or not pasted.isascii() or not pasted.isprintable():
        raise NotAuthorized("That holds no code", hint="Paste the whole address that the browser ended on.")
    return pasted


async def sign_in(
    client: Client,
    client_id: str,
    *,
    show: Callable[[str], None],
    ask: Callable[[], Awaitable[str]],
    client_secret: str = "",
    redirect: str = REDIRECT,
    web: str = WEB,
    api: str = API,
    tries: int = 3,
) -> str:
    """The whole sign-in; returns the account's name. Raises `SourceError`.

    `show` gets the address to open, `ask` returns the code or the address that
    the browser was sent to ("" gives up). The grant is stored.
    """
    if not ident(client_id):
        raise NotAuthorized(f"{client_id[:60]!r} is no client id", hint="It stands below the app's name on Reddit.")
    state = random.token_urlsafe(16)
    for left in range(tries - 1, -1, -1):
        show(authorize_url(client_id, state, redirect=redirect, web=web))
        answer = await ask()
        if not answer.strip():
            raise NotAuthorized("Sign-in was given up; nothing was stored", hint="Start again whenever you like.")
        try:
            code = code_of(answer, state)
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
            grant = await _token(client, Grant(client_id, "", client_secret=client_secret), form, web)
            break
        except NotAuthorized:
            if not left:
                raise
    if not grant.refresh_token:
        raise Malformed("Reddit gave no lasting permission", hint=_SIGN_IN)
    name = await whoami(client, grant.access_token, api=api)
    await asyncio.to_thread(_keep, name, grant)
    return name


async def whoami(client: Client, token: str, *, api: str = API) -> str:
    """The name of the account of a token. Raises `SourceError`."""
    answer = await client.get(
        f"{api}/api/v1/me?raw_json=1", token=token, headers=_agent(), typed=api != API, ok=(200, 401, 403)
    )
    name = ident(record(decode(answer.body, urlsplit(api).netloc)).get("name"))
    if answer.status != 200 or not name:
        raise _failure(answer, "does not say whose token this is")
    return name


async def access_token(client: Client, account: str, *, web: str = WEB, refused: str = "") -> str:
    """A token that should work; `refused` is one that did not. Raises `NotAuthorized`.

    Several sources of one account ask at once: the first renews, the others find what it kept.
    """
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        grant = await asyncio.to_thread(_load, account)
        if grant is None:
            raise NotAuthorized(
                f"You are not signed in as u/{account} on this machine", hint=_SIGN_IN.replace(" again", "")
            )
        usable = grant.access_token and grant.access_token != refused
        if usable and grant.expires_at - time.time() > EARLY:
            return grant.access_token
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        renewed = await _token(client, grant, form, web)
        await asyncio.to_thread(_keep, account, renewed)
        return renewed.access_token


async def sign_out(client: Client, account: str, *, web: str = WEB) -> None:
    """Forget the grant here, and there as far as Reddit can be reached."""
    grant = await asyncio.to_thread(_load, account)
    await asyncio.to_thread(secrets.delete, token_key(account))
    if grant is not None:
        form = {"token": grant.refresh_token, "token_type_hint": "refresh_token"}
        try:
            await client.post(f"{web}/api/v1/revoke_token", data=form, headers=_basic(grant), typed=web != WEB)
        except SourceError:
            return


async def _token(client: Client, grant: Grant, form: dict[str, str], web: str) -> Grant:
    """The grant with what Reddit's token endpoint answers. Raises `NotAuthorized`."""
    answer = await client.post(
        f"{web}/api/v1/access_token", data=form, headers=_basic(grant), typed=web != WEB, ok=(200, 400, 401, 403)
    )
    found = record(decode(answer.body, urlsplit(web).netloc))
    token = text(found.get("access_token"), 4000)
    if answer.status != 200 or not token or not (token.isascii() and token.isprintable()):
        raise _failure(answer, "refused the app or its permission")
    lasting = text(found.get("refresh_token"), 4000)
    lives = number(found.get("expires_in")) or 3600
    return replace(
        grant, access_token=token, refresh_token=lasting or grant.refresh_token, expires_at=time.time() + lives
    )


def _agent() -> dict[str, str]:
    return {"User-Agent": f"{sys.platform}:penchant:v0.1 (terminal feed reader)"}


def _basic(grant: Grant) -> dict[str, str]:
    """An installed app has no secret: its password is empty."""
    pair = base64.b64encode(f"{grant.client_id}:{grant.client_secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}", **_agent()}


def _load(account: str) -> Grant | None:
    try:
        return Grant(**json.loads(secrets.get(token_key(account)) or ""))
    except (ValueError, TypeError):
        return None


def _keep(account: str, grant: Grant) -> None:
    secrets.set(token_key(account), json.dumps(asdict(grant)))


def _failure(answer: Response, words: str) -> NotAuthorized:
    try:
        found = record(json.loads(answer.body))
    except (ValueError, RecursionError):
        found = {}
    said = next((text(found.get(k), 300) for k in ("error_description", "error", "message") if found.get(k)), "")
    says = f' It says: "{clean_line(said, 200)}".' if said else ""
    host = urlsplit(answer.url).netloc
    return NotAuthorized(f"{host} {words} ({answer.status}).{says}", hint=_SIGN_IN)
