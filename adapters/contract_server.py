"""A scriptable HTTP server on loopback for tests of adapters: answers, hangs, drips, floods."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What a client sent. Header names are lower case; `query` holds lists."""

    method: str
    target: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the server does: an ordinary response, or one of the bad manners.

    `hang`: accept and say nothing. `drip`: seconds between single bytes.
    `endless`: repeat the body for ever. `raw`: send these bytes verbatim.
    """

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: float = 0.0
    endless: bool = False
    raw: bytes | None = None

    def head(self, length: int | None) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {length}"] if length is not None else ["Connection: close"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


Route = Answer | Callable[[Request], Answer] | list[Answer]


class Server:
    """Routes by path. A list of answers is served in turn, the last one for ever.

    >>> server.route("/feed", "<rss/>", headers={"ETag": '"1"'})   # doctest: +SKIP
    >>> server.route("/slow", hang=True)                           # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.default = Answer(b"not here", 404)
        #: When set, the answer to every request, whatever the routes say.
        self.override: Answer | None = None
        self._routes: dict[str, Route] = {}
        self._served: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        async def shut() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def route(self, path: str, answer: Route | bytes | str = b"", /, **options: Any) -> str:
        """Serve a path; returns its address. `options` are those of `Answer`."""
        self._routes[path] = Answer(answer, **options) if isinstance(answer, bytes | str) else answer
        self._served.pop(path, None)
        return self.url(path)

    def seen(self, path: str) -> list[Request]:
        return [r for r in self.requests if r.path == path]

    def _answer(self, request: Request) -> Answer:
        if self.override is not None:
            return self.override
        route = self._routes.get(request.target, self._routes.get(request.path, self.default))
        if isinstance(route, list):
            turn = self._served.get(request.path, 0)
            self._served[request.path] = turn + 1
            return route[min(turn, len(route) - 1)]
        return route if isinstance(route, Answer) else route(request)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection stays open."""
        start = await reader.readexactly(1)
        if start == b"\x16":  # a TLS hello: answered in plain HTTP, as nginx does
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return False
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ", 2)
        parts = urlsplit(target)
        request = Request(method, target, parts.path, parse_qs(parts.query), headers, body)
        self.requests.append(request)
        return await self._send(self._answer(request), writer)

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        if answer.hang:
            await asyncio.sleep(3600)
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        bodiless = answer.status in (204, 304)
        writer.write(answer.head(None if answer.endless else 0 if bodiless else len(body)))
        if answer.drip:
            for byte in body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(answer.drip)
        elif not bodiless:
            writer.write(body)
        await writer.drain()
        while answer.endless:
            writer.write(body)
            await writer.drain()
        return True


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server in a thread of its own, stopped at the end."""
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
