"""Which API a reader server speaks, found by asking, and signing in. Nothing secret is sent before that is known."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from . import secrets
from .base import Malformed, NotAuthorized, NotFound, RateLimited, ServerFailure, SourceError
from .fever import FeverApi, api_key
from .greader import GReaderApi, client_login
from .miniflux import MinifluxApi
from .remote import Remote, token_key
from .remote_place import KINDS, Place
from .wire import decode, record

if TYPE_CHECKING:
    from .http import Client

#: Where programs put their APIs below the address that a browser shows.
_GREADER_PATHS = ("", "/api/greader.php", "/p/api/greader.php")
_FEVER_PATHS = ("", "/fever", "/api/fever.php", "/p/api/fever.php")
_ODD = (400, 401, 403, 404, 405, 410)


async def find(client: Client, place: Place) -> Place:
    """The place with the kind and path of the first API found. Raises `NotFound` where nobody answers as one."""
    if await _speaks_miniflux(client, place):
        return replace(place, kind="miniflux")
    for kind, paths in (("greader", _GREADER_PATHS), ("fever", _FEVER_PATHS)):
        for path in paths:
            there = replace(place, kind=kind, path=place.path if place.path.endswith(path) else place.path + path)
            if await (_speaks_greader if kind == "greader" else _speaks_fever)(client, there):
                return there
    raise NotFound(
        f"{place.host} does not answer as Miniflux, with the Google Reader API or with Fever",
        hint="Switch the API on in the server's settings, or give its full address:"
        " `penchant reader login greader:https://HOST/api/greader.php`.",
    )


async def _speaks_miniflux(client: Client, place: Place) -> bool:
    answer = await client.get(f"{place.base}/v1/me", typed=True, ok=(200, *_ODD))
    try:
        return answer.status == 401 and "error_message" in record(decode(answer.body[:10_000], place.host))
    except Malformed:
        return False


async def _speaks_greader(client: Client, place: Place) -> bool:
    answer = await client.get(f"{place.base}/reader/api/0/user-info?output=json", typed=True, ok=(200, *_ODD))
    return answer.status in (401, 403)


async def _speaks_fever(client: Client, place: Place) -> bool:
    try:
        await FeverApi(client, place, "0" * 32).check()
    except (RateLimited, ServerFailure):
        raise
    except NotAuthorized:
        return True
    except SourceError:
        return False
    return True


async def sign_in(client: Client, place: Place, secret: str) -> Place:
    """Exchange a password (Miniflux: an API key) for the token that is kept; the password is not. Returns the account.

    Raises `NotAuthorized` for wrong words.
    """
    try:
        if place.kind == "miniflux":
            token = secret.strip()
            if not token or not (token.isascii() and token.isprintable()):
                raise NotAuthorized("this is no API key", hint="Copy it from Settings, API Keys.")
            place = place.as_user(await MinifluxApi(client, place, token).user())
        elif place.kind == "greader":
            token = await client_login(client, place, secret)
            await GReaderApi(client, place, token).feeds()
        else:
            token = api_key(place.user, secret)
            await FeverApi(client, place, token).check()
    except NotAuthorized:
        words = "the API key" if place.kind == "miniflux" else "name and password"
        said = f"{place.host} did not accept {words} ({KINDS[place.kind]})"
        raise NotAuthorized(said, hint=_HINTS[place.kind]) from None
    await asyncio.to_thread(secrets.set, token_key(place), token)
    return place


_HINTS = {
    "miniflux": "Make a key in Miniflux under Settings, API Keys, and paste it.",
    "greader": "FreshRSS and Miniflux have a password of their own for it: Settings, Profile or Integrations.",
    "fever": "FreshRSS and Miniflux have a password of their own for it: Settings, Profile or Integrations.",
}


def opened(client: Client, place: Place, token: str) -> Remote:
    """The API of a signed-in account."""
    if place.kind == "miniflux":
        return MinifluxApi(client, place, token)
    return GReaderApi(client, place, token) if place.kind == "greader" else FeverApi(client, place, token)
