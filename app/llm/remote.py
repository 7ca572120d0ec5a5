"""A voice that is an OpenAI-compatible server: llama-server, Ollama, vLLM, or one far away. It takes text alone.

A token goes to the very server that it was kept for, encrypted or on this machine, and no redirect is followed. A
server that is not on this machine answers nothing before `permit`: whoever asks looks the reader's word up first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from penchant.adapters.base import SourceError
from penchant.adapters.http import USER_AGENT, host_of, parse_address
from penchant.adapters.http_guard import TYPED, GuardedTransport
from penchant.app.errors import PenchantError
from penchant.app.voice.values import LIKELIHOOD, Carried

from . import remote_wire as wire
from .words import clean

if TYPE_CHECKING:
    from penchant.app.paths import Paths

#: Seconds: to connect, without a byte while it writes, for a short answer.
CONNECT, SILENT, SHORT = 10.0, 180.0, 60.0
#: Texts scored at a time.
AT_ONCE = 4
#: What a server is asked once to find out whether it tells the probabilities of a prompt: nothing of the reader.
_TRIED = "The harbour clock is slow."
_HERE = ("localhost", "127.0.0.1", "::1")
_NETWORK = (
    httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpx.HTTPError, httpx.StreamError,
    httpx.InvalidURL, OSError, SourceError,
)  # fmt: skip


class NotPermitted(PenchantError):
    """A server elsewhere was about to be told something that the reader has not allowed."""


class Remote:
    """`Voice` over a server. `host` is told on screen; `near`: it is on this machine."""

    def __init__(self, base: str, model: str, token: str = "", *, permitted: bool = False) -> None:
        self._at = _parsed(base)
        self.host = host_of(self._at)
        self.near = self._at.host in _HERE
        self.model = model
        self.name = self.key = _called(model, self.host)
        self._permitted = permitted or self.near
        self._token = token if self._at.scheme == "https" or self.near else ""
        self.can: frozenset[str] = frozenset()
        self._http = httpx.AsyncClient(
            transport=GuardedTransport(allow_private=False), trust_env=False, follow_redirects=False,
            timeout=httpx.Timeout(SILENT, connect=CONNECT, pool=None),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        )  # fmt: skip

    def permit(self) -> None:
        """The reader allowed that this server is told what comes next."""
        self._permitted = True

    async def close(self) -> None:
        await self._http.aclose()

    async def meet(self) -> None:
        """Ask for the models it has and whether it tells probabilities of a prompt. Raises `PenchantError`."""
        if not self.model:
            self.model = wire.first_model(await self._short("GET", "models", None))
            self.name = self.key = _called(self.model, self.host)
        with contextlib.suppress(PenchantError):
            told = await self._short("POST", "completions", wire.scored(self.model, _TRIED))
            if wire.mean_after(told, 4) is not None:
                self.can = frozenset({LIKELIHOOD})

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        """Mean log p (nats) of a token of each text after the history; None of one that it does not tell of."""
        self._check(carried)
        if LIKELIHOOD not in self.can:
            raise PenchantError(
                f"{self.host} does not tell how likely a text is",
                hint="A GGUF model on this machine does; so does vLLM.",
            )
        places = asyncio.Semaphore(AT_ONCE)

        async def one(text: str) -> float | None:
            async with places:
                told = await self._short("POST", "completions", wire.scored(self.model, carried.history + text))
            return wire.mean_after(told, len(carried.history)) if text else None

        asked = [asyncio.ensure_future(one(text)) for text in texts]
        try:
            return list(await asyncio.gather(*asked))
        finally:  # where one failed the others are not asked to the end for nobody
            for each in asked:
                each.cancel()

    async def write(
        self,
        user: str,
        tokens: int,
        carried: Carried,
        *,
        stop: str = "",
        temperature: float = 0.0,
        seed: int = 0,
        turns: Sequence[tuple[str, str]] = (),
    ) -> AsyncGenerator[str, None]:
        """What it writes to `user`, in pieces as they come; closing the generator closes the connection."""
        self._check(carried)
        body = wire.chat(self.model, carried.system, turns, user, tokens, stop=stop, temperature=temperature, seed=seed)
        lines, heard, since = wire.Lines(), wire.Heard(tokens), time.monotonic()
        try:
            async with contextlib.aclosing(self._sent("POST", "chat/completions", body)) as chunks:
                async for chunk in chunks:
                    for data in lines.feed(chunk):
                        if text := heard.take(data):
                            yield clean(text)
                        if heard.over:
                            return
                        since = time.monotonic()  # comments are no sign of life: proxies send them for ever
                    if time.monotonic() - since > SILENT:
                        raise ValueError(f"nothing was said for {SILENT:g} s")
            if text := heard.end(lines.rest()):
                yield clean(text)
        except ValueError as error:
            raise PenchantError(
                f"{self.host} broke off: {clean(str(error))[:200]}", hint="Is it an OpenAI-compatible server?"
            ) from error

    def _check(self, carried: Carried) -> None:
        if not self._permitted:
            raise NotPermitted(
                f"{self.host} is not on this machine, and you have not allowed it to be told anything",
                hint=f"`penchant voice allow {self.host} CARRIER` allows it for one way to carry your taste.",
            )
        if carried.needs:
            raise PenchantError(
                f"{self.host} takes words alone, not {', '.join(sorted(carried.needs))}",
                hint="The carriers none, typed, summary and history are words.",
            )

    async def _short(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """A small answer, as JSON. Raises `PenchantError`."""
        data = bytearray()
        try:
            async with asyncio.timeout(SHORT), contextlib.aclosing(self._sent(method, path, body)) as chunks:
                async for chunk in chunks:
                    data += chunk
                    if len(data) > wire.MOST:
                        raise PenchantError(
                            f"{self.host} answers with more than {wire.MOST >> 20} MB",
                            hint="Is it an OpenAI-compatible server?",
                        )
            return json.loads(data)
        except TimeoutError as error:
            raise PenchantError(f"{self.host} did not answer within {SHORT:g} s", hint="Try again later.") from error
        except (ValueError, RecursionError) as error:
            raise PenchantError(
                f"{self.host} sent something that is not JSON", hint="Is it an OpenAI-compatible server?"
            ) from error

    async def _sent(self, method: str, path: str, body: dict[str, Any] | None) -> AsyncGenerator[bytes, None]:
        """The body of an answer as it comes. Raises `PenchantError`."""
        address = f"{str(self._at).rstrip('/')}/{path}"
        request = self._http.build_request(method, address, json=body, extensions={TYPED: True})
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = await self._http.send(request, stream=True)
        except _NETWORK as error:
            raise PenchantError(
                f"{self.host} cannot be reached: {clean(str(error)).rstrip('.') or type(error).__name__}",
                hint="Is the server running, and is its address right? Such as http://127.0.0.1:8080.",
            ) from error
        try:
            if answer.status_code != 200:
                raise await self._refusal(answer)
            async for chunk in answer.aiter_raw():
                yield chunk
        except _NETWORK as error:
            raise PenchantError(f"the connection to {self.host} broke", hint="Try again.") from error
        finally:
            await answer.aclose()

    async def _refusal(self, answer: httpx.Response) -> PenchantError:
        status, body = answer.status_code, bytearray()
        with contextlib.suppress(*_NETWORK, TimeoutError):
            async with asyncio.timeout(SHORT):
                async for chunk in answer.aiter_raw():
                    body += chunk
                    if len(body) > 1 << 16:
                        break
        said = ""
        with contextlib.suppress(ValueError, RecursionError):
            said = clean(wire.words(json.loads(body, strict=False)))
        said = f': "{said}"' if said else ""
        if status in (401, 403):
            hint = f"`penchant llm token {self._at.scheme}://{self.host}` keeps a token for it alone."
            return PenchantError(f"{self.host} refuses without a token that it knows ({status}){said}", hint=hint)
        if 300 <= status < 400:
            hint = "Give the address that it means; nothing is sent on to another one."
            return PenchantError(f"{self.host} sends on to another address ({status})", hint=hint)
        if status == 404:
            return PenchantError(f"{self.host} has no such model or no such service (404){said}", hint=_ADDRESS)
        if status == 429:
            return PenchantError(f"{self.host} gets too many requests from here (429){said}", hint="Try again later.")
        return PenchantError(f"{self.host} answered with status {status}{said}", hint="Its own log may say more.")


_ADDRESS = "The address ends in /v1 on most servers; http://HOST:PORT/v1#MODEL names a model."


@contextlib.asynccontextmanager
async def opened(model: str, paths: Paths, *, consented: bool = False) -> AsyncIterator[Remote]:
    """The server that an address names: http(s)://HOST[:PORT][/PATH][#MODEL]; "/v1" is added where no path is given.

    Raises `PenchantError` where it is no address, or nobody answers.
    """
    from penchant.adapters import secrets

    address, _, name = model.partition("#")
    base = base_of(address)
    secrets.configure(paths.secrets)
    token = await asyncio.to_thread(secrets.get, token_key(base))
    remote = Remote(base, clean(name).strip(), token or "", permitted=consented)
    try:
        await remote.meet()
        yield remote
    finally:
        await remote.close()


def _called(model: str, host: str) -> str:
    """The model and the host that reads what it is told."""
    return f"{' '.join(clean(model).split())[:80] or 'a model'} at {host}"


def base_of(address: str) -> str:
    """Where a server's services begin. Raises `PenchantError`."""
    url = _parsed(address)
    if url.userinfo:
        raise PenchantError(
            "a model's address may hold no name and password",
            hint="`penchant llm token ADDRESS` keeps a token instead.",
        )
    return str(url.copy_with(path=url.path.rstrip("/") or "/v1", query=None))


def token_key(address: str) -> str:
    """Under which a server's token is kept: scheme, host and port, so that no other server is ever told it."""
    url = _parsed(address)
    return f"llm:{url.scheme}://{host_of(url)}"


def _parsed(address: str) -> httpx.URL:
    try:
        return parse_address(address)
    except SourceError as error:
        raise PenchantError(str(error), hint=error.hint) from error
