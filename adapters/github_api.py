"""Requests to GitHub's REST API: token, allowance, waiting times and failures in words.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .base import BadSettings, Gone, Malformed, NotAuthorized, NotFound, RateLimited, SourceError
from .github_place import API, Place
from .github_token import find_token, keep, plausible
from .http_headers import next_link, rate_limit, retry_after_seconds
from .text import clean_line
from .wire import number, parts, record, text

if TYPE_CHECKING:
    from .http import Client, Response

VERSION = "2022-11-28"
JSON = "application/vnd.github+json"
#: Bodies come rendered as `body_html`.
HTML_BODIES = "application/vnd.github.html+json"
#: Stars come with the moment they were given.
STARS = "application/vnd.github.star+json"
MAX_BYTES = 16 << 20
#: Requests left for the reader's other programs (of 5,000 an hour with a token, 60 without).
RESERVE, RESERVE_ANONYMOUS = 200, 10
#: "Otherwise, wait for at least one minute before retrying" (seconds).
SECONDARY_WAIT = 60.0
_HANDLED = (200, 304, 401, 403, 404, 409, 422, 429, 451)


@dataclass(slots=True)
class Session:
    """A server, the token for it ("" for public reading), and what is left of the allowance."""

    client: Client
    api: str
    token: str = ""
    left: float = field(default=float("inf"))
    #: Seconds until the allowance is renewed, once a request told.
    renewed_in: float | None = None

    async def get(
        self,
        path: str,
        *,
        etag: str = "",
        last_modified: str = "",
        accept: str = JSON,
        max_bytes: int = MAX_BYTES,
    ) -> Response:
        """GET a path of the API ("/user/starred?page=2"). Raises `SourceError` for every failure."""
        answer = await self.client.get(
            self.api + path, token=self.token, typed=self.api != API, api=True, ok=_HANDLED,
            etag=etag, last_modified=last_modified, max_bytes=max_bytes,
            headers={"Accept": accept, "X-GitHub-Api-Version": VERSION},
        )  # fmt: skip
        self._note(answer.headers)
        if answer.status in (200, 304):
            return answer
        raise refusal(answer, bool(self.token), time.time())

    def _note(self, headers: Mapping[str, str]) -> None:
        limit = rate_limit(headers, time.time())
        if limit and headers.get("x-ratelimit-resource", "core") == "core":
            self.left, self.renewed_in = limit

    @property
    def spare(self) -> bool:
        """Whether requests that are only nice to have may still be made."""
        return self.left > (RESERVE if self.token else RESERVE_ANONYMOUS)

    def path_of(self, url: object) -> str:
        """Path and query of an address of this API, "" for any other: the token goes to no other host."""
        there, base = parts(text(url, 2000)), parts(self.api)
        inside = there.netloc == base.netloc and there.path.startswith(base.path + "/")
        if not inside or "/../" in there.path or not (there.path + there.query).isascii():
            return ""
        return there.path[len(base.path) :] + (f"?{there.query}" if there.query else "")

    def next_path(self, answer: Response) -> str:
        """Where the list goes on, "" at its end."""
        return self.path_of(next_link(answer.headers, base=answer.url))


async def open_session(client: Client, place: Place) -> Session:
    """A session with the token kept for that server, if any. Raises `NotAuthorized` where one is needed."""
    token = await find_token(place.api)
    if place.needs_token and not token:
        raise NotAuthorized(f"{place.title} needs a token of {place.host}, and there is none", hint=_sign_in(place))
    return Session(client, place.api, token)


def poll_interval(answer: Response) -> float | None:
    """Seconds between polls that the server asks for (X-Poll-Interval), None where it does not say."""
    try:
        seconds = float(answer.headers.get("x-poll-interval", ""))
    except ValueError:
        return None
    return min(seconds, 86_400.0) if seconds > 0 else None


def refusal(answer: Response, with_token: bool, now: float) -> SourceError:
    """What 401, 403, 404, 409, 422, 429 and 451 mean, with GitHub's own words."""
    host = urlsplit(answer.url).netloc
    status, said = answer.status, _said(answer.body)
    says = f' It says: "{said}".' if said else ""
    wait = _wait(answer, said, now)
    if wait is not None:
        hint = "penchant waits as long as it says." if with_token else (
            "Without a token GitHub answers 60 requests an hour: run `gh auth login`, or"
            " `penchant github login`, for 5,000."
        )  # fmt: skip
        message = f"{host} has answered enough requests for now ({status}).{says}"
        return RateLimited(message, hint=hint, retry_after=wait)
    if status == 404:
        private = "what is private needs a token that may see it" if with_token else "what is private needs a token"
        return NotFound(f"{host} has nothing at this address (404).{says}", hint=f"Check the name; {private}.")
    if status == 401 or (status == 403 and not with_token):
        what = "refused the token" if with_token else "shows this only with a token"
        return NotAuthorized(f"{host} {what} ({status}).{says}", hint=_sign_in())
    if status == 403 and answer.headers.get("x-github-sso"):
        return NotAuthorized(
            f"{host} wants this token authorised for single sign-on (403).{says}",
            hint="Authorise the token at https://github.com/settings/tokens (Configure SSO).",
        )
    if status == 403:
        return NotAuthorized(
            f"{host} does not allow this with the token at hand (403).{says}",
            hint="Notifications need a classic token with the scope `notifications`; private lists need `repo`.",
        )
    if status == 451:
        return Gone(f"{host} has taken this down for legal reasons (451).{says}")
    if status == 422:
        return BadSettings(f"{host} does not understand this list (422).{says}")
    return Malformed(f"{host} has nothing to list here yet ({status}).{says}", hint="The repository is empty.")


def _wait(answer: Response, said: str, now: float) -> float | None:
    """Seconds to wait when the answer is about limits; None when it is about something else."""
    if answer.status not in (403, 429):
        return None
    asked = retry_after_seconds(answer.headers, now)
    if asked is not None:
        return asked
    limit = rate_limit(answer.headers, now)
    if limit and limit[0] <= 0:
        return max(limit[1], 1.0)
    about_limits = any(words in said.lower() for words in ("rate limit", "abuse detection"))
    return SECONDARY_WAIT if answer.status == 429 or about_limits else None


def _said(body: bytes) -> str:
    try:
        return clean_line(text(record(json.loads(body)).get("message"), 1000), 200)
    except (ValueError, RecursionError):
        return ""


def _sign_in(place: Place | None = None) -> str:
    host = "" if place is None or place.api == API else f" {place.api}"
    return f"Run `gh auth login`, or `penchant github login{host}` in a terminal and paste a token."


async def login_of(session: Session) -> str:
    """The login that the token belongs to. Raises `NotAuthorized`."""
    found = record((await session.get("/user")).json())
    login = clean_line(text(found.get("login"), 200), 100)
    if not login or number(found.get("id")) is None:
        raise NotAuthorized(f"{urlsplit(session.api).netloc} does not say whose token this is", hint=_sign_in())
    return login


async def sign_in(client: Client, api: str, pasted: str) -> str:
    """Check a pasted token with its server and keep it for that server only; returns the login.

    Raises `NotAuthorized` for what is no token or is refused; then nothing is kept.
    """
    token = plausible(pasted)
    if not token:
        raise NotAuthorized("That is no token", hint="Copy it whole from https://github.com/settings/tokens.")
    login = await login_of(Session(client, api, token))
    await keep(api, token)
    return login


async def signed_in(client: Client, api: str) -> str:
    """Whose token is at hand for a server; "" without one, or with one that is refused. Raises `SourceError`."""
    token = await find_token(api)
    if not token:
        return ""
    try:
        return await login_of(Session(client, api, token))
    except NotAuthorized:
        return ""
