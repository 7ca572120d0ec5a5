"""Requests to one Lemmy or PieFed server: which API it has, token, and failures in words."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import secrets
from .base import BadSettings, NotAuthorized, NotFound, RateLimited, Settings, SourceError
from .lemmy_place import Place
from .text import clean_line
from .wire import decode, parts, record, text

if TYPE_CHECKING:
    from .http import Client, Response

LEMMY, PIEFED = "/api/v3", "/api/alpha"
_PREFIX = "lemmy:"
_HANDLED = (200, 304, 400, 401, 403, 404)
#: Words of older servers for what newer ones say by status 429 (they answer 400), and how long to wait (seconds).
_PATIENCE, _WAIT = ("rate_limit_error", "rate_limited", "too_many_requests"), 60.0


def token_key(account: str) -> str:
    """Name under which `secrets` keeps the token of "user@host"."""
    return _PREFIX + account.strip().lstrip("@").lower()


def accounts() -> tuple[str, ...]:
    """Accounts signed in on this machine, as "user@host" in lower case."""
    return tuple(name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX))


@dataclass(frozen=True, slots=True)
class Session:
    """A server, the root of its API, and the token for it ("" for anonymous reading)."""

    client: Client
    base: str
    root: str
    account: str = ""
    token: str = ""
    nsfw: bool = False
    #: Whether the reader named this server: only then may it be in a private network.
    typed: bool = True

    @classmethod
    async def open(cls, client: Client, settings: Settings, place: Place, root: str = "") -> Session:
        """Look the token up (off the event loop: a keyring may take seconds). Raises `NotAuthorized`.

        `root` is what an earlier visit found out.
        """
        base = str(settings.get("web") or place.base).rstrip("/")
        root = root if root in (LEMMY, PIEFED) else PIEFED if place.piefed else LEMMY
        session = cls(client, base, root, nsfw=settings.get("nsfw") is True)
        account = place.account
        if not account and place.needs_account:
            here = [a for a in await asyncio.to_thread(accounts) if a.rpartition("@")[2] == place.host]
            if len(here) != 1:
                raise NotAuthorized(f"{place.words} is its owner's own", hint=_sign_in(place.host))
            account = here[0]
        if not account:
            return session
        token = await asyncio.to_thread(secrets.get, token_key(account))
        if not token:
            raise NotAuthorized(f"You are not signed in as {account} on this machine", hint=_sign_in(place.host))
        return replace(session, account=account, token=token)

    @property
    def host(self) -> str:
        return parts(self.base).netloc

    async def get(self, path: str, query: str, *, etag: str = "") -> Response:
        """GET a path below the root of the API. Raises `OtherApi` and `SourceError`."""
        response = await self.client.get(
            f"{self.base}{self.root}{path}?{query}", token=self.token, typed=self.typed, etag=etag, ok=_HANDLED,
            max_bytes=16 << 20,
        )  # fmt: skip
        if response.status in (200, 304):
            return response
        said = _words(response.body)
        if response.status == 404 and said is None:
            raise OtherApi(f"{self.host} has no API at {self.root}", hint="Is it a Lemmy or PieFed server?")
        raise refusal(response.status, said or "", self.host, self.account)


class OtherApi(NotFound):
    """The server answers, but does not speak this API: perhaps the other one."""


async def sign_in(client: Client, host: str, user: str, password: str, totp: str = "", *, base: str = "") -> str:
    """Exchange a password for a token, which is kept; the password is not. Returns "user@host".

    Raises `NotAuthorized` for wrong words, `NeedsCode` when a one-time code is wanted too.
    """
    base = (base or f"https://{host}").rstrip("/")
    for root in (LEMMY, PIEFED):
        form = {"username": user, "password": password}
        if root == LEMMY:
            form = {"username_or_email": user, "password": password} | ({"totp_2fa_token": totp} if totp else {})
        answer = await client.post(f"{base}{root}/user/login", json=form, typed=True, ok=(200, 400, 401, 403, 404))
        said = _words(answer.body)
        if answer.status == 404 and said is None:
            continue
        token = text(record(decode(answer.body, host)).get("jwt"), 8000) if answer.status == 200 else ""
        if not token or not (token.isascii() and token.isprintable()):
            if said and "totp" in said and "missing" in said:
                raise NeedsCode(f"{host} wants a one-time code too", hint="Give the code of your authenticator app.")
            raise NotAuthorized(
                f"{host} did not accept name and password ({answer.status}): {said or 'no reason given'}",
                hint="Check both; on PieFed use the user name, not the e-mail address.",
            )
        account = f"{user.partition('@')[0]}@{host}"
        await asyncio.to_thread(secrets.set, token_key(account), token)
        return account
    raise NotFound(f"{host} is no Lemmy or PieFed server", hint="Check the name in a browser.")


class NeedsCode(NotAuthorized):
    """The account is protected by one-time codes."""


def refusal(status: int, said: str, host: str, account: str) -> SourceError:
    """What a status means, with the server's own word ("couldnt_find_community")."""
    says = f' It says: "{said}".' if said else ""
    if said in _PATIENCE:
        return RateLimited(f"{host} gets too many requests from here.{says}", retry_after=_WAIT)
    if said.lower().startswith(("couldnt_find", "not_found", "no row was found")) or status == 404:
        return NotFound(f"{host} has nothing there ({status}).{says}", hint="Check the name; it may have been deleted.")
    if status in (401, 403) or said in ("instance_is_private", "not_logged_in", "incorrect_login"):
        if account:
            return NotAuthorized(f"{host} refused the sign-in of {account} ({status}).{says}", hint=_sign_in(host))
        return NotAuthorized(f"{host} shows this to its members only ({status}).{says}", hint=_sign_in(host))
    return BadSettings(f"{host} cannot serve this listing ({status}).{says}")


def _sign_in(host: str) -> str:
    return f"Sign in with `penchant lemmy login you@{host}`."


def _words(body: bytes) -> str | None:
    """The word in a JSON error; None for what is no JSON object (a page that says 404)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = record(document)
    if not found:
        return None
    said = next((text(found.get(k), 300) for k in ("error", "message", "status") if isinstance(found.get(k), str)), "")
    return clean_line(said, 200)

