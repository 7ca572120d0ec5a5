"""The other end of a sign-in in a browser on this machine: one request to localhost, answered and closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_PAGE = b"<!doctype html><meta charset=utf-8><title>penchant</title><p>Done. You can close this page."
_HEAD = b"HTTP/1.1 %d %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
#: Bytes of a request and seconds for it: nothing but a browser's short GET is expected.
_MOST, _SECONDS = 16_384, 10.0


@asynccontextmanager
async def listening(redirect: str) -> AsyncIterator[asyncio.Future[str] | None]:
    """A future of the address that the browser is sent to; None where `redirect` is elsewhere or taken."""
    parts = urlsplit(redirect)
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SECONDS)
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            wanted = method == "GET" and ("code=" in target or "error=" in target)
            status, body = (200, _PAGE) if wanted else (404, b"")
            writer.write(_HEAD % (status, b"OK" if wanted else b"Not Found", len(body)) + body)
            await writer.drain()
            if wanted and not arrived.done():
                arrived.set_result(target)
        except (ValueError, OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = None
    try:
        if parts.hostname in ("localhost", "127.0.0.1", "::1"):
            host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
            server = await asyncio.start_server(serve, host, parts.port or 80, limit=_MOST)
    except (OSError, ValueError):
        server = None
    try:
        yield arrived if server else None
    finally:
        arrived.cancel()
        if server:
            server.close()
