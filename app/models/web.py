"""HTTP for model files: redirects followed by hand, the token kept at home, no private address but the hub's own.

The client of the adapters bounds a whole answer in time and keeps it in memory; a model of gigabytes needs neither.
Addresses are judged by the same transport (`adapters.http_guard`), which also takes the environment's proxies.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urljoin

import httpcore
import httpx

from penchant.adapters.base import SourceError, Unreachable
from penchant.adapters.http import USER_AGENT, host_of, network_error, parse_address
from penchant.adapters.http_guard import TYPED, GuardedTransport
from penchant.adapters.http_headers import retry_after_seconds
from penchant.app.errors import PenchantError

#: Seconds without a byte after which a transfer counts as stalled, and to open a connection.
STALL, CONNECT = 45.0, 15.0
REDIRECTS = 6
_NETWORK = (
    httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpx.HTTPError, httpx.StreamError,
    httpx.InvalidURL, OSError, SourceError,
)  # fmt: skip
OFFLINE = (
    "Check the network, or the proxy (HTTPS_PROXY). Models that are installed work without any; what was begun"
    " goes on from where it broke."
)
_LATER = "Pull again later: what has arrived is kept, and the rest is fetched from there on."


class Broken(PenchantError):
    """The transfer broke in a way that may pass. `wait`: seconds that the server asks for."""

    hint = _LATER

    def __init__(self, message: str, *, hint: str = "", wait: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Answer:
    """An open answer: status 200 or 206 (or 416 where it was allowed)."""

    status: int
    headers: Mapping[str, str]
    address: str
    chunks: AsyncIterator[bytes]


class Web:
    """An async context manager. `hub` is the endpoint; `token` goes to it alone."""

    def __init__(self, hub: str, *, token: str | None = None, stall: float = STALL) -> None:
        self.hub = hub
        self.stall = stall
        self.token = os.environ.get("HF_TOKEN", "") if token is None else token
        self._at = parse_address(hub)
        self._transport = GuardedTransport(allow_private=False)
        self._http = httpx.AsyncClient(
            transport=self._transport, trust_env=False, follow_redirects=False,
            timeout=httpx.Timeout(stall, connect=CONNECT, pool=None),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )  # fmt: skip

    async def __aenter__(self) -> Web:
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    @property
    def host(self) -> str:
        return host_of(self._at)

    async def read(self, address: str, most: int) -> bytes:
        """A small answer in whole. Raises `PenchantError`."""
        body = bytearray()
        try:
            async with asyncio.timeout(2 * self.stall), self.open(address) as answer:
                async for chunk in answer.chunks:
                    body += chunk
                    if len(body) > most:
                        raise PenchantError(f"{answer.address} answers with more than {most >> 20} MB of description")
        except TimeoutError as error:
            raise Broken(f"{self.host} did not answer within {2 * self.stall:g} s", hint="Try again later.") from error
        return bytes(body)

    async def size(self, address: str) -> int:
        """The bytes of a file, by a request for its first one. Raises `PenchantError` where nobody says it."""
        async with self.open(address, {"Range": "bytes=0-0"}) as answer:
            length = answer.headers.get("content-range", "").rpartition("/")[2]
            length = length or (answer.headers.get("content-length", "") if answer.status == 200 else "")
        if not length.isdigit() or int(length) <= 0:
            raise PenchantError(
                f"the server of {address} does not say how large the file is",
                hint="penchant asks before it downloads: that needs a size. Fetch the file yourself and give its path.",
            )
        return int(length)

    @asynccontextmanager
    async def open(
        self, address: str, headers: Mapping[str, str] | None = None, allowed: tuple[int, ...] = ()
    ) -> AsyncIterator[Answer]:
        """The answer at the end of all redirects. Raises `Broken`, `PenchantError`."""
        url, typed = _parsed(address), _parsed(address).host
        for _ in range(REDIRECTS):
            answer = await self._send(url, typed, headers or {})
            try:
                onward = answer.headers.get("x-penchant-location", "")
                if answer.status_code in (301, 302, 303, 307, 308) and onward:
                    url = _onward(url, onward)
                    continue
                if answer.status_code not in (200, 206, *allowed):
                    raise self._refusal(answer, url)
                if answer.headers.get("content-encoding", "identity") not in ("identity", ""):
                    raise PenchantError(f"{host_of(url)} packs the file, so that its parts cannot be told apart")
                yield Answer(answer.status_code, answer.headers, str(url), self._chunks(answer, host_of(url)))
                return
            finally:
                await answer.aclose()
        raise PenchantError(f"{host_of(url)} redirects in circles", hint="The hub is set up wrongly; try again later.")

    async def _send(self, url: httpx.URL, typed: str, headers: Mapping[str, str]) -> httpx.Response:
        # what the reader typed or configured may lie in a private network, and what it redirects to must not
        request = self._http.build_request("GET", url, headers=dict(headers), extensions={TYPED: url.host == typed})
        encrypted = url.scheme == "https" or url.host in ("localhost", "127.0.0.1", "::1")
        if self.token and encrypted and _site(url) == _site(self._at):
            request.headers["Authorization"] = f"Bearer {self.token}"
        try:
            return await self._http.send(request, stream=True)
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise Broken(f"{host_of(url)} does not answer") from error
        except Unreachable as error:
            raise Broken(_plain(error), hint=OFFLINE) from error
        except SourceError as error:
            raise PenchantError(_plain(error), hint="Nothing was fetched from there.") from error
        except _NETWORK as error:
            raise Broken(_plain(network_error(host_of(url), error)), hint=OFFLINE) from error

    async def _chunks(self, answer: httpx.Response, host: str) -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        except (httpcore.TimeoutException, httpx.TimeoutException) as error:
            raise Broken(f"{host} sent nothing for {self.stall:g} s") from error
        except _NETWORK as error:
            raise Broken(f"the connection to {host} broke") from error

    def _refusal(self, answer: httpx.Response, url: httpx.URL) -> PenchantError:
        status, host = answer.status_code, host_of(url)
        wait = retry_after_seconds(answer.headers, time.time()) or 0.0
        if status in (401, 403):
            return self._not_allowed(status, host)
        if status in (404, 410):
            return PenchantError(f"{host} has no such model or file ({status})", hint="Check the name: case matters.")
        if status == 429:
            return Broken(f"{host} gets too many requests from here (429)", wait=wait or 10.0)
        if status in (408, 500, 502, 503, 504):
            return Broken(f"{host} has a fault of its own ({status})", wait=wait)
        return PenchantError(f"{host} answered with status {status}, which a hub does not", hint=_LATER)

    def _not_allowed(self, status: int, host: str) -> PenchantError:
        if self.token:
            return PenchantError(
                f"{host} does not let the account of HF_TOKEN read this model ({status})",
                hint="Open the model's page with that account and accept its conditions, or make a new token.",
            )
        return PenchantError(
            f"{host} does not give this model to everybody, or has none of this name ({status})",
            hint="Check the name. If its page asks you to accept conditions: do so with your account there, make a"
            " token that may read, and run the command again with HF_TOKEN set to it.",
        )


def _parsed(address: str) -> httpx.URL:
    try:
        return parse_address(address)
    except SourceError as error:
        raise PenchantError(str(error), hint=error.hint) from error


def _onward(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads. Never from https to http: there the file would be anybody's."""
    onward = _parsed(urljoin(str(url), location)).copy_with(username=None, password=None)
    if url.scheme == "https" and onward.scheme != "https":
        raise PenchantError(f"{host_of(url)} redirects to {host_of(onward)} without encryption; that was not followed")
    return onward


def _site(url: httpx.URL) -> tuple[Any, ...]:
    return url.scheme, url.host, url.port


def _plain(error: SourceError) -> str:
    return str(error).rstrip(".")
