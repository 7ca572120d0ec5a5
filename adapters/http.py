"""The one HTTP client of all adapters.

Bounded in time, size, redirects and addresses; polite to hosts; every failure
is a `SourceError` in words. Requests decode gzip and deflate only, because
their output can be limited exactly.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx

from .base import Malformed, NotConnected, Refused, SourceError, TimedOut, Unreachable
from .http_body import ACCEPT_ENCODING, read_body, read_words
from .http_guard import TYPED, GuardedTransport
from .http_headers import cache_interval, next_link, rate_limit, retry_after_seconds
from .http_status import error_for
from .text_clean import clean_line

__all__ = [
    "Client", "Limits", "ParseRunner", "Response",
    "cache_interval", "next_link", "rate_limit", "retry_after_seconds",
]  # fmt: skip

#: Runs `func(*args)` (picklable, pure) and returns its value; the worker's one uses a child process.
ParseRunner = Callable[..., Awaitable[Any]]
USER_AGENT = "penchant/0.1 (terminal feed reader)"
_VALIDATORS = ("if-none-match", "if-modified-since")
_NETWORK_ERRORS = (
    httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError,
    ssl.SSLError, OSError,
)  # fmt: skip
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request (seconds, bytes) and of what runs at once."""

    total_seconds: float = 10.0
    connect_seconds: float = 8.0
    max_bytes: int = 64 << 20
    max_redirects: int = 5
    per_host: int = 2
    per_host_api: int = 8
    at_once: int = 64
    #: Longest random pause before a further request to the same host.
    pause_seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. `moved_to` is set when every redirect on the way was permanent."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes
    moved_to: str = ""

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    def json(self) -> Any:
        """The body as JSON. Raises `Malformed`."""
        try:
            return json.loads(self.body, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"{httpx.URL(self.url).host} sent something that is not JSON.") from error

    def text(self) -> str:
        """The body as text, by the charset of Content-Type or UTF-8; wrong bytes become U+FFFD."""
        kind = self.headers.get("content-type", "").lower()
        charset = kind.partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "replace")


class Gate:
    """Few requests at once to one host, with a random pause between them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = asyncio.Semaphore(limits.at_once)
        self._hosts: dict[tuple[str, bool], asyncio.Semaphore] = {}
        self._last: dict[str, float] = {}

    @asynccontextmanager
    async def enter(self, host: str, api: bool) -> Any:
        """Hold a place for one request; `api` is for services made for many small requests."""
        many = self._limits.per_host_api if api else self._limits.per_host
        async with self._hosts.setdefault((host, api), asyncio.Semaphore(many)), self._all:
            here = host.startswith(("127.", "localhost", "[::1]"))
            pause = 0.0 if api or here else self._limits.pause_seconds
            if pause and time.monotonic() - self._last.get(host, -1e9) < 1.0:
                await asyncio.sleep(random.uniform(0, pause))
            try:
                yield
            finally:
                self._last[host] = time.monotonic()


def host_of(url: httpx.URL) -> str:
    """host[:port] as in the address, for keys and for words to the reader (no user name, no password)."""
    return url.netloc.decode("ascii", "replace")


def parse_address(address: str) -> httpx.URL:
    """An http(s) address with a host, without fragment. Raises `Refused` for anything else."""
    try:
        url = httpx.URL(address.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Refused(
            f"{address[:200]!a} is not an address penchant can open ({error}).", hint="Correct the address."
        ) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused(f"{address[:200]!a} is not a web address (http or https).")
    return url


class Client:
    """One per process; an async context manager around one httpx.AsyncClient.

    `allow_private` lets every request reach private networks (tests, the
    reader's own choice); otherwise only a request with `typed` may, and only
    to the very host and port of its address.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        allow_private: bool = False,
        parse: ParseRunner | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.limits = limits or Limits()
        self.allow_private = allow_private
        self._parse = parse
        self._gate = Gate(self.limits)
        self._http = httpx.AsyncClient(
            transport=GuardedTransport(allow_private=allow_private),
            headers={"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(self.limits.total_seconds, connect=self.limits.connect_seconds, pool=None),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        etag: str = "",
        last_modified: str = "",
        token: str = "",
        typed: bool = False,
        ok: tuple[int, ...] = (200, 304),
        api: bool = False,
        max_bytes: int = 0,
    ) -> Response:
        """GET an address, following redirects. Raises `SourceError` for every status outside `ok`.

        `token` is a bearer token for the host of `url` only. `typed`: the
        reader typed this address, so it may be a private one. `api`: the
        service is made for many small requests at once.
        """
        extra = {**(headers or {})}
        if etag:
            extra["If-None-Match"] = etag
        if last_modified:
            extra["If-Modified-Since"] = last_modified
        address = parse_address(url)
        if params:
            address = address.copy_merge_params(dict(params))
        return await self._bounded(
            Request("GET", address, extra, token=token), typed=typed, ok=ok, api=api, max_bytes=max_bytes
        )

    async def post(
        self,
        url: str,
        *,
        data: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str = "",
        typed: bool = False,
        ok: tuple[int, ...] = (200, 201, 202, 204),
    ) -> Response:
        """POST a form or JSON. A redirect is followed only within the same host (307 and 308)."""
        request = Request("POST", parse_address(url), {**(headers or {})}, token=token, data=data, json=json)
        return await self._bounded(request, typed=typed, ok=ok, api=True, max_bytes=0)

    async def put(
        self, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None, typed: bool = False,
        ok: tuple[int, ...] = (200, 201, 202, 204),
    ) -> Response:  # fmt: skip
        """PUT JSON; redirects as for `post`."""
        request = Request("PUT", parse_address(url), {**(headers or {})}, json=json)
        return await self._bounded(request, typed=typed, ok=ok, api=True, max_bytes=0)

    async def delete(self, url: str, *, headers: Mapping[str, str] | None = None, typed: bool = False) -> Response:
        """DELETE; redirects as for `post`."""
        request = Request("DELETE", parse_address(url), {**(headers or {})})
        return await self._bounded(request, typed=typed, ok=(200, 202, 204), api=True, max_bytes=0)

    @asynccontextmanager
    async def listen(
        self, url: str, *, token: str = "", typed: bool = False, silence: float = 60.0
    ) -> AsyncIterator[tuple[int, Mapping[str, str], AsyncIterator[bytes]]]:
        """An event stream: (status, headers, pieces as they come), until the server or the caller ends it.

        `silence` is the longest pause between two pieces (seconds); nothing else is bounded here. No redirect is
        followed, and it takes no place among the requests of a host. Raises `SourceError`, here and from the pieces.
        """
        address = parse_address(url)
        host = host_of(address)
        wanted = Request("GET", address, {"Accept": "text/event-stream", "Accept-Encoding": "identity"}, token=token)
        message = self._http.build_request(
            "GET", address, headers=wanted.all_headers(), extensions={TYPED: typed},
            timeout=httpx.Timeout(silence, connect=self.limits.connect_seconds, pool=None),
        )  # fmt: skip

        async def pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
            try:
                async for piece in answer.aiter_raw():
                    yield piece
            except (httpcore.TimeoutException, httpx.TimeoutException) as error:
                raise TimedOut(f"{host} was silent for {silence:g} s.") from error
            except _NETWORK_ERRORS as error:
                raise network_error(host, error) from error

        try:
            answer = await self._http.send(message, stream=True)
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise TimedOut(f"{host} did not answer within {silence:g} s.") from error
        except _NETWORK_ERRORS as error:
            raise network_error(host, error) from error
        try:
            if answer.headers.get("content-encoding", "identity") not in ("", "identity"):
                raise Malformed(f"{host} compresses its stream, which nobody asked for.")
            yield answer.status_code, answer.headers, pieces(answer)
        finally:
            await answer.aclose()

    async def parse(self, func: Callable[..., Any], *args: Any) -> Any:
        """Run a pure, picklable function on hostile bytes. Raises `SourceError` and nothing else."""
        try:
            if self._parse is not None:
                return await self._parse(func, *args)
            return func(*args)
        except (SourceError, asyncio.CancelledError):
            raise
        except Exception as error:
            words = clean_line(f"{type(error).__name__}: {error}", 200)
            raise Malformed(f"The answer could not be read ({words}).") from error

    async def _bounded(
        self, request: Request, *, typed: bool, ok: tuple[int, ...], api: bool, max_bytes: int
    ) -> Response:
        host = host_of(request.url)
        limit = max_bytes or self.limits.max_bytes
        async with self._gate.enter(host, api):
            try:
                async with asyncio.timeout(self.limits.total_seconds):
                    return await self._follow(request, typed_host=host if typed else "", ok=ok, limit=limit)
            except TimeoutError as error:
                seconds = f"{self.limits.total_seconds:g} s"
                raise TimedOut(f"{host} did not answer in full within {seconds}.") from error

    async def _follow(
        self, request: Request, *, typed_host: str, ok: tuple[int, ...], limit: int
    ) -> Response:
        permanent = True
        for hop in range(self.limits.max_redirects + 1):
            answer = await self._once(request, typed_host, ok, limit)
            if isinstance(answer, Response):
                moved = answer.url if hop and permanent else ""
                return Response(answer.status, answer.headers, answer.url, answer.body, moved)
            status, location = answer
            permanent = permanent and status in (301, 308)
            request = request.redirected(status, location)
        raise Refused(
            f"{host_of(request.url)} redirects in circles (more than {self.limits.max_redirects} times).",
            hint="The server is set up wrongly; penchant will try again later.",
        )

    async def _once(
        self, request: Request, typed_host: str, ok: tuple[int, ...], limit: int
    ) -> Response | tuple[int, str]:
        """One hop: a `Response`, or (status, location) of a redirect. Raises for everything else."""
        host = host_of(request.url)
        message = self._http.build_request(
            request.method, request.url, headers=request.all_headers(), data=request.data, json=request.json,
            extensions={TYPED: bool(typed_host) and host == typed_host},
        )  # fmt: skip
        try:
            answer = await self._http.send(message, stream=True)
            try:
                status, headers = answer.status_code, answer.headers
                location = headers.get("x-penchant-location", "")
                if status in _REDIRECTS and location and status not in ok:
                    return status, location
                body = b""
                if status in ok:
                    body = await read_body(
                        answer.aiter_raw(), headers.get("content-encoding", ""), host, limit
                    )
                elif "json" in headers.get("content-type", ""):
                    body = await read_words(answer.aiter_raw(), headers.get("content-encoding", ""), host)
            finally:
                await answer.aclose()
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise TimedOut(f"{host} did not answer within {self.limits.total_seconds:g} s.") from error
        except _NETWORK_ERRORS as error:
            raise network_error(host, error) from error
        if status not in ok:
            raise error_for(status, headers, body, host, with_token=bool(request.token), now=time.time())
        return Response(status, headers, str(request.url), body)


@dataclass(frozen=True, slots=True)
class Request:
    """What one hop sends; `redirected` decides what the next one may carry."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    token: str = ""
    data: Mapping[str, Any] | None = None
    json: Any = None

    def all_headers(self) -> dict[str, str]:
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**self.headers, **token}

    def redirected(self, status: int, location: str) -> Request:
        """The request that follows a redirect: secrets and own headers stay with their host."""
        host = host_of(self.url)
        try:
            target = parse_address(urljoin(str(self.url), location))
        except (Refused, ValueError) as error:
            raise Refused(f"{host} redirects to {location[:200]!a}, which is not a web address.") from error
        target = target.copy_with(username=None, password=None)
        same = (target.host, target.port, target.scheme) == (self.url.host, self.url.port, self.url.scheme)
        if self.method != "GET" and not (same and status in (307, 308)):
            raise Refused(
                f"{host} redirects a request that sends data to {host_of(target)}.",
                hint="Use the server's own address; penchant does not pass your data on.",
            )
        if same:
            return Request(self.method, target, self.headers, self.token, self.data, self.json)
        kept = {k: v for k, v in self.headers.items() if k.lower() in ("accept", "accept-language")}
        # A validator belongs to one address of one site, but sites move from http to https with it.
        if target.host == self.url.host:
            kept |= {k: v for k, v in self.headers.items() if k.lower() in _VALIDATORS}
        upgraded = target.host == self.url.host and (self.url.scheme, target.scheme) == ("http", "https")
        return Request("GET", target, kept, self.token if upgraded else "")


def network_error(host: str, error: BaseException) -> SourceError:
    """A failed connection in words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "TLS error"
            return Unreachable(
                f"{host} has no valid secure connection ({reason}).",
                hint="Its certificate is wrong or expired; penchant will try again later.",
            )
        cause = cause.__cause__ or cause.__context__
    words = clean_line(str(error)) or type(error).__name__
    if "disconnected" in words:
        return Unreachable(f"{host} closed the connection without an answer.")
    if isinstance(error, httpcore.ProtocolError | httpx.ProtocolError):
        return Malformed(
            f"{host} broke the rules of HTTP ({words[:200]}).",
            hint="The server is at fault; penchant will try again later.",
        )
    kind = NotConnected if isinstance(error, httpcore.ConnectError | httpx.ConnectError) else Unreachable
    return kind(f"{host} could not be reached ({words[:200]}).")
