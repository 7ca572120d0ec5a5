"""Requests to Reddit: host, token and its renewal, rate limit, and failures in words."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from . import reddit_auth as auth
from .base import Malformed, NotAuthorized, NotFound, RateLimited, Settings, SourceError
from .http_headers import rate_limit
from .reddit_place import API, WEB, Place
from .text import clean_line
from .wire import record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Requests left untouched for the reader's other programs (100 a minute with an account, about 10 without).
RESERVE = 3
_HANDLED = (200, 304, 401, 403, 404)
_REDIRECTS = (301, 302, 303, 307, 308)
#: Refusals that are about the community and not about who asks from where.
_MEANT = {
    "private": "it is private: only its members may read it",
    "quarantined": "it is quarantined: agree to that on the site first, then sign in here",
    "gold_only": "it is for paying members only",
}


class Blocked(NotAuthorized):
    """Reddit does not give its JSON to this network: its feeds may still answer."""

    hint = (
        "Reddit gives its data to few networks without an account. Sign in with `penchant reddit login`, or add "
        "the private feed links of https://www.reddit.com/prefs/feeds/."
    )


@dataclass(slots=True)
class _Pace:
    """What the sources of one reader share: whose turn it is, and until when nobody's (monotonic seconds)."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0


_paces: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Pace]] = WeakKeyDictionary()


def _pace(key: str) -> _Pace:
    return _paces.setdefault(asyncio.get_running_loop(), {}).setdefault(key, _Pace())


def user_agent(account: str = "") -> str:
    """Named as Reddit's API rules ask: platform, program, version, person. Vague names are refused."""
    by = f" (by /u/{account})" if account else " (terminal feed reader)"
    return f"{sys.platform}:penchant:v0.1{by}"


@dataclass(slots=True)
class Session:
    """Reddit as one reader sees it; the token is renewed while a fetch runs, and kept."""

    client: Client
    web: str
    api: str
    account: str = ""
    token: str = ""

    @classmethod
    async def open(cls, client: Client, settings: Settings, place: Place) -> Session:
        """Look the token up (off the event loop: a keyring may take seconds). Raises `NotAuthorized`.

        The only account that is signed in reads public listings too: Reddit gives it JSON.
        """
        web, api = (str(settings.get(k) or d).rstrip("/") for k, d in (("web", WEB), ("api", API)))
        known = () if place.account or place.feed else await asyncio.to_thread(auth.accounts)
        account = place.account or (known[0] if len(known) == 1 else "")
        if not account and place.needs_account:
            whose = f"; {len(known)} accounts are signed in, so say whose: ?account=NAME" if known else ""
            raise NotAuthorized(
                f"Reddit shows {place.words} to its owner only{whose}",
                hint="Sign in with `penchant reddit login`, or add a private feed link of "
                "https://www.reddit.com/prefs/feeds/.",
            )
        try:
            token = await auth.access_token(client, account, web=web) if account else ""
        except NotAuthorized:
            if place.account or place.needs_account:
                raise
            account = token = ""
        return cls(client, web, api, account, token)

    @property
    def host(self) -> str:
        return urlsplit(self.api if self.account else self.web).netloc

    async def json(self, path: str, query: str, *, etag: str = "") -> Response:
        """A JSON document of Reddit. Raises `Blocked` where this network gets none, and `SourceError`."""
        if self.account:
            return await self._with_token(f"{self.api}{path or '/'}?{query}", etag)
        response = await self._paced(f"{self.web}{path or '/'}.json?{query}", "", etag)
        if response.status in (401, 403) and _reason(response.body) not in _MEANT:
            raise Blocked(f"{self.host} does not give its JSON to this network ({response.status})")
        if response.status == 200 and "html" in response.headers.get("content-type", ""):
            raise Blocked(f"{self.host} answered with a web page instead of JSON")
        return self._checked(response)

    async def feed(self, path: str, query: str, *, etag: str = "") -> Response:
        """The Atom feed of a listing. Raises `SourceError`."""
        response = await self._paced(f"{self.web}{path}/.rss?{query}", "", etag)
        if response.status in (401, 403) and _reason(response.body) not in _MEANT:
            raise Blocked(f"{self.host} gives this network neither JSON nor feeds ({response.status})")
        return self._checked(response)

    async def resolve(self, path: str) -> str:
        """The path where a share link ("r/x/s/abc") leads. Raises `SourceError`."""
        response = await self.client.get(
            f"{self.web}/{path}", headers=self._headers(), typed=self.web != WEB, ok=(200, *_REDIRECTS)
        )
        target = urlsplit(response.headers.get("x-penchant-location", "") or response.url)
        if not re.search(r"/comments/[A-Za-z0-9]+", target.path):
            raise NotFound("This share link leads nowhere", hint="Open it in a browser and use that address.")
        return target.path.strip("/")

    async def _with_token(self, url: str, etag: str) -> Response:
        """With the token; a refused one is renewed once, and the same request made again."""
        response = await self._paced(url, self.token, etag)
        if response.status == 401:
            self.token = await auth.access_token(self.client, self.account, web=self.web, refused=self.token)
            response = await self._get(url, self.token, etag)
        return self._checked(response)

    async def _get(self, url: str, token: str, etag: str) -> Response:
        own = urlsplit(url).netloc not in (urlsplit(WEB).netloc, urlsplit(API).netloc)
        return await self.client.get(
            url, headers=self._headers(), token=token, etag=etag, typed=own, ok=_HANDLED, max_bytes=16 << 20
        )

    async def _paced(self, url: str, token: str, etag: str) -> Response:
        """One request at a time, and none while the allowance that all sources share is used up."""
        pace = _pace(f"{self.web} {self.account}")
        async with pace.turn:
            wait = pace.until - time.monotonic()
            if wait > 0:
                raise RateLimited(f"{self.host} has answered enough: its allowance is used up", retry_after=wait)
            response = await self._get(url, token, etag)
            limit = rate_limit(response.headers, time.time())
            if limit is not None and limit[0] < 1:
                pace.until = time.monotonic() + limit[1]
            return response

    def _headers(self) -> Mapping[str, str]:
        return {"User-Agent": user_agent(self.account)}

    def _checked(self, response: Response) -> Response:
        if "/subreddits/search" in urlsplit(response.url).path:
            raise NotFound(f"{self.host} knows no community of this name", hint="Check the spelling.")
        if response.status in (200, 304):
            if response.status == 200 and not response.body:
                raise Malformed(f"{self.host} sent an empty answer", hint="penchant will try again later.")
            return response
        raise refusal(response.status, response.body, self.host, self.account)


def refusal(status: int, body: bytes, host: str, account: str) -> SourceError:
    """What 401, 403 and 404 mean, with Reddit's own reason."""
    reason = _reason(body)
    if status == 404:
        if reason == "banned":
            return NotFound(f"{host} has banned this community", hint="Remove the source.")
        return NotFound(f"{host} has nothing there (404)", hint="Check the name; it may have been deleted.")
    why = _MEANT.get(reason) or (f'it says "{reason}"' if reason else "it may be private, or belong to somebody else")
    if status == 401 and account:
        return NotAuthorized(
            f"{host} refused the sign-in of u/{account} (401)", hint="Sign in again with `penchant reddit login`."
        )
    return NotAuthorized(f"{host} does not show this ({status}): {why}", hint="Check it in a browser, signed in.")


def spare(response: Response) -> tuple[bool, float | None]:
    """(whether more requests may follow now, seconds to wait before the next fetch or None)."""
    limit = rate_limit(response.headers, time.time())
    if limit is None or limit[0] > RESERVE:
        return True, None
    return False, max(limit[1], 1.0)


def _reason(body: bytes) -> str:
    """Reddit's own word for a refusal ("private", "banned"); "" for a page that blocks everybody."""
    try:
        found = record(json.loads(body))
    except (ValueError, RecursionError):
        return ""
    return clean_line(text(found.get("reason"), 100) or text(found.get("message"), 200), 100)
