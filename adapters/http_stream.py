"""TCP and TLS for the HTTP library, on the event loop's own transports.

httpcore's own backend goes through anyio, which registers a socket anew with the selector for every piece of a body,
builds a task group for every connection and a scope for every read: a quarter of the CPU time of a request.
What comes is kept in the pieces in which it came, so that nothing is copied, and reading pauses while `_AHEAD` wait.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

import httpcore

#: Bytes taken from the system before anybody asked for them.
_AHEAD = 1 << 20


class _Wire(asyncio.Protocol):
    """What the loop says of one connection."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.waiting = 0
        self.ended = self.lost = self.tls = False
        self.error: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = self._paused = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.waiting += len(data)
        if self.waiting > _AHEAD and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()
        self._wake(self._reader)

    def eof_received(self) -> bool:
        self.ended = True
        self._wake(self._reader)
        return not self.tls  # the other side has said all; ours may still speak, but not so in TLS

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = self.lost = True
        self.error = self.error or error
        self._wake(self._reader)
        self._wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake(self._writer)

    def take(self, most: int) -> bytes:
        """The oldest piece, or so much of it."""
        piece = self.pieces.popleft()
        if len(piece) > most:
            self.pieces.appendleft(piece[most:])
            piece = piece[:most]
        self.waiting -= len(piece)
        if self._paused and self.waiting < _AHEAD // 2 and not self.lost and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
        return piece

    async def something(self) -> None:
        """Wait until there is a piece or an end."""
        while not (self.pieces or self.ended):
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    async def room(self) -> None:
        """Wait until what was written has mostly gone out."""
        while self._full and not self.lost:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    @staticmethod
    def _wake(waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Stream(httpcore.AsyncNetworkStream):
    """One connection, with httpcore's exceptions."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came first; `b""` at the end. h11 takes pieces of any size, and large ones cost less."""
        wire = self._wire
        if not (wire.pieces or wire.ended or self._closed):
            try:
                async with asyncio.timeout(timeout):
                    await wire.something()
            except TimeoutError as error:
                raise httpcore.ReadTimeout("the other side was silent") from error
        if wire.pieces and not self._closed:
            return wire.take(max(max_bytes, _AHEAD))
        if self._closed or wire.error is not None:
            raise httpcore.ReadError(str(wire.error or "the connection is closed")) from wire.error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand over to the system, waiting while it has enough."""
        if not buffer:
            return
        wire = self._wire
        self._check_writable()
        assert wire.transport is not None
        wire.transport.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await wire.room()
        except TimeoutError as error:
            raise httpcore.WriteTimeout("the other side takes nothing") from error
        self._check_writable()

    def _check_writable(self) -> None:
        if self._closed or self._wire.lost:
            raise httpcore.WriteError(str(self._wire.error or "the connection is closed")) from self._wire.error

    async def aclose(self) -> None:
        self._closed = True
        if self._wire.transport is not None:
            self._wire.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, secured. Raises `ConnectError`, `ConnectTimeout`."""
        wire, loop = self._wire, asyncio.get_running_loop()
        if wire.pieces or wire.ended or wire.transport is None:
            await self.aclose()
            raise httpcore.ConnectError("the other side spoke first, or went")
        wire.tls = True
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(wire.transport, wire, ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout("no secure connection in time") from error
        except OSError as error:  # ssl.SSLError is one
            await self.aclose()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            await self.aclose()
            raise
        if transport is None:  # lost in the middle
            await self.aclose()
            raise httpcore.ConnectError("the connection was lost while it was secured")
        wire.transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` is asked of every connection that is kept, at each request: the loop has read already what can
        be read, so this is known.
        """
        wire = self._wire
        if info == "is_readable":
            return bool(self._closed or wire.pieces or wire.ended)
        name = {"client_addr": "sockname", "server_addr": "peername"}.get(info, info)
        return None if wire.transport is None else wire.transport.get_extra_info(name)


async def connect(
    address: str, port: int, timeout: float | None, local_address: str | None, socket_options: Iterable[Any] | None
) -> Stream:
    """A connection to an IP address. Raises `ConnectError`, `ConnectTimeout`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            transport, wire = await loop.create_connection(
                _Wire, address, port, local_addr=None if local_address is None else (local_address, 0)
            )
    except TimeoutError as error:
        raise httpcore.ConnectTimeout("no connection in time") from error
    except OSError as error:  # the loop's own words name the address over again
        raise httpcore.ConnectError(os.strerror(error.errno) if error.errno else str(error)) from error
    for option in socket_options or ():
        transport.get_extra_info("socket").setsockopt(*option)
    return Stream(wire)
