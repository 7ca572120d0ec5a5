"""Which network addresses a remote server may send us to, checked at connect time.

A name is resolved once, every address it resolves to is judged, and the
connection goes to the judged address itself, so that a second, different
answer of the name server (DNS rebinding) never matters.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import os
import select
import socket
import ssl
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any

import httpcore
import httpx

from .base import NotConnected, Refused, SourceError

#: Most looks for names at once, given up ones that the system still waits for included.
_MOST_NAMES = 256
#: Bytes taken from a connection at once: an endless body costs a third of what httpcore's 64 KiB make of it.
_AT_ONCE = 256 << 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Seconds for one address of a name that has several, so that a dead IPv6 route leaves time for IPv4.
_ONE_ADDRESS = 3.0
#: Headers kept from httpx: it acts on a hostile Location before anyone asks (InvalidURL), and on cookies.
_OURS = {b"location": b"x-penchant-location", b"set-cookie": b"x-penchant-cookie"}
#: Key of `request.extensions`: the reader typed this host and port himself.
TYPED = "penchant_typed"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet.

    Private, loopback, link-local, shared (CGNAT, RFC 6598), multicast and
    reserved ranges do not, nor do IPv6 forms that carry such an IPv4 address
    (mapped, 6to4, Teredo, NAT64).
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(v4 is not None and not is_public(str(v4)) for v4 in inner):
            return False
        if ip.ipv4_mapped is not None or ip in _NAT64:
            return True
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def resolve(host: str, port: int) -> list[str]:
    """IP addresses of a host name, in the system's order of preference. Raises `NotConnected`."""
    if _is_literal(host):
        return [host]
    try:
        found = await _looked_up(host, port)
    except (OSError, UnicodeError) as error:
        raise NotConnected(
            f"{host}: no such host could be found ({getattr(error, 'strerror', None) or error})."
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


_looking: set[threading.Thread] = set()


async def _looked_up(host: str, port: int) -> list[Any]:
    """What the system says of a name. Raises `OSError`, `UnicodeError`.

    A look cannot be called off, and for a dead name the system may take half a minute. In the loop's own few threads
    six such names would keep every other one from being found; and a thread that is no daemon would keep the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def tell(value: list[Any] | BaseException) -> None:
        if not answer.done():
            answer.set_exception(value) if isinstance(value, BaseException) else answer.set_result(value)

    def look() -> None:
        found: list[Any] | BaseException
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except Exception as error:
            found = error
        _looking.discard(threading.current_thread())
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, found)

    if len(_looking) >= _MOST_NAMES:
        raise OSError("too many names wait for the name server")
    thread = threading.Thread(target=look, name=f"look for {host[:60]}", daemon=True)
    _looking.add(thread)
    thread.start()
    return await answer


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to public addresses only; with `private`, to any address."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await resolve(host, port)
        allowed = addresses if self._private else [a for a in addresses if is_public(a)]
        if not allowed:
            place = addresses[0] if addresses else "nowhere"
            raise Refused(f"{host} leads to {place}, an address inside a private network.")
        for address in allowed[:-1]:
            try:
                wait = min(timeout or _ONE_ADDRESS, _ONE_ADDRESS)
                return _Wide(await self._inner.connect_tcp(address, port, wait, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Wide(await self._inner.connect_tcp(allowed[-1], port, timeout, local_address, socket_options))

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Refused("penchant opens no local sockets.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Wide(httpcore.AsyncNetworkStream):
    """A connection that hands over more at once than it is asked for; h11 takes any size."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket = inner.get_extra_info("socket")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max(max_bytes, _AT_ONCE), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Wide(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """The pool asks every connection that it keeps, at each request, whether it can be read: anyio then looks up
        names and peers of the socket, an eighth of the time of a visit.
        """
        if info == "is_readable" and self._socket is not None:
            return _readable(self._socket.fileno())
        return self._inner.get_extra_info(info)


def _readable(file: int) -> bool:
    """Whether reading would not wait: bytes, an end, or closed already (file < 0)."""
    if file < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([file], [], [], 0)[0])
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(0))


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


@functools.lru_cache(maxsize=4)
def _trust(file: str, folder: str) -> ssl.SSLContext:
    """Whom TLS trusts, as httpx has it from the environment: reading the certificates costs 25 ms, so once."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx transport with two pools that share no connection: public addresses, and what the reader typed.

    Two pools, because a connection that was opened to a private address on the
    reader's word must never be reused for an address that a feed supplied.
    Proxies of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)
    are honoured; a proxy resolves names itself, so behind one only literal
    private addresses are refused.
    """

    def __init__(self, *, allow_private: bool, keepalive: int = 20) -> None:
        self._allow_private = allow_private
        self._keepalive = keepalive
        self._pools: dict[tuple[str, bool], httpcore.AsyncConnectionPool] = {}
        self._proxies = urllib.request.getproxies()

    def _proxy_for(self, url: httpx.URL) -> str:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all") or ""
        if not proxy or url.host == "localhost" or _is_loopback(url.host):
            return ""
        try:
            return "" if urllib.request.proxy_bypass(url.host) else proxy
        except (ValueError, OSError):
            return proxy

    def _pool(self, url: httpx.URL, private: bool) -> httpcore.AsyncConnectionPool:
        proxy = self._proxy_for(url)
        if proxy and not private and _is_literal(url.host) and not is_public(url.host):
            raise Refused(f"{url.host} is an address inside a private network.")
        key = (proxy, private)
        if key not in self._pools:
            tls = _trust(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
            self._pools[key] = self._new_pool(proxy, private, tls)
        return self._pools[key]

    def _new_pool(self, proxy: str, private: bool, tls: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
        # Unbounded here: a cancelled request can leak a slot of a bounded pool (httpcore), and the client
        # counts its requests itself.
        if not proxy:
            return httpcore.AsyncConnectionPool(
                ssl_context=tls, max_connections=None, max_keepalive_connections=self._keepalive,
                keepalive_expiry=15.0, network_backend=GuardedBackend(private=private),
            )  # fmt: skip
        parsed = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        if parsed.url.scheme not in ("http", "https"):
            raise SourceError(
                f"penchant cannot use the proxy {parsed.url.scheme}://{parsed.url.host} of your environment.",
                hint="Set HTTPS_PROXY to an http:// or https:// proxy, or unset it.",
            )
        return httpcore.AsyncHTTPProxy(
            _core_url(parsed.url, b"/"), proxy_auth=parsed.raw_auth, ssl_context=tls, max_connections=None,
            max_keepalive_connections=self._keepalive, keepalive_expiry=15.0,
        )  # fmt: skip

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        private = self._allow_private or bool(request.extensions.get(TYPED))
        url = request.url
        answer = await self._pool(url, private).handle_async_request(
            httpcore.Request(
                method=request.method,
                url=_core_url(url, url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions={k: v for k, v in request.extensions.items() if k != TYPED},
            )
        )
        headers = [(_OURS.get(name.lower(), name), value) for name, value in answer.headers]
        return httpx.Response(
            answer.status, headers=headers, stream=_Stream(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()


def _core_url(url: httpx.URL, target: bytes) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_literal(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback
