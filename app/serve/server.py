"""The sockets: waitress with narrow limits, ended cleanly by SIGTERM, SIGINT or `Server.stop`.

waitress reads and writes in one loop and gives threads whole requests only, so a slow client holds none of them;
here no connection lives longer than `LIFETIME` seconds either.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import close_all

from penchant.app.errors import PenchantError

from .refusing import Channel, Refusal
from .site import Answer, Request

log = logging.getLogger(__name__)

THREADS = 4
#: Connections at a time where requests have bodies.
WITH_BODIES = 32
#: Seconds a connection may live, and between two looks for those that are due.
LIFETIME, LOOK = 60.0, 5
LIMITS: dict[str, Any] = {
    "threads": THREADS,
    "connection_limit": 100,
    "backlog": 64,
    "max_request_header_size": 16_384,
    "max_request_body_size": 1_024,
    "channel_timeout": 20,
    "cleanup_interval": LOOK,
    "log_socket_errors": False,
    "ident": "penchant",
    "clear_untrusted_proxy_headers": True,
}


class _Relay(logging.Handler):
    """What waitress reports goes into penchant's log without its words: they quote addresses, which begin with the
    token. By itself it writes them to the terminal, with the lines of code around a fault.
    """

    def emit(self, record: logging.LogRecord) -> None:
        place = f"{record.filename}:{record.lineno}"
        log.log(record.levelno, "the HTTP server reports something at %s", place, exc_info=record.exc_info)


def _relayed() -> None:
    logger = logging.getLogger("waitress")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Relay(logging.WARNING))


class Answering(Protocol):
    """What stands behind the sockets."""

    def answer(self, request: Request) -> Answer:
        """From several threads at once."""

    def refusal(self, status: int, what: str, do: str) -> Answer:
        """What the server refuses by itself, or failed at: in the shape of the other answers."""


class _Listener(TcpWSGIServer):
    channel_class = Channel
    lifetime = LIFETIME
    refusal: Refusal

    def maintenance(self, now: float) -> None:
        """A client that sends or takes a byte at a time is never idle; its time ends all the same."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if not channel.requests and channel.creation_time < now - self.lifetime:
                channel.will_close = True


class Server:
    """Listens from its making on; `run` answers until `stop`. Raises `PenchantError` for an unusable place.

    `body`: bytes of a request's body at most, where bodies are read at all.
    """

    def __init__(
        self, site: Answering, host: str, port: int, *, lifetime: float = LIFETIME, body: int | None = None,
        threads: int = THREADS,
    ) -> None:  # fmt: skip
        _relayed()
        self._socket = bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._stopping = threading.Event()
        # Reentrant: a signal may arrive while this thread closes. A closed pipe's number may be another file's.
        self._closing = threading.RLock()
        self._closed = False
        self._map: dict[int, Any] = {}
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(threads)
        limits = {**LIMITS, "threads": threads}
        if body is not None:  # bodies wait on the disk, also of those who have no token
            # waitress refuses what is as long as its limit
            limits |= {"max_request_body_size": body + 1, "connection_limit": WITH_BODIES}
        adjusted = Adjustments(sockets=[self._socket], **limits)
        self._listener = _Listener(
            _wsgi(site), self._map, True, self._socket, dispatcher=self._threads, adj=adjusted,
            sockinfo=(self._socket.family, self._socket.type, 0, self._socket.getsockname()), bind_socket=False,
        )  # fmt: skip
        self._listener.lifetime, self._listener.refusal = lifetime, site.refusal
        if lifetime < LOOK:
            adjusted.cleanup_interval = lifetime

    def run(self) -> None:
        """Answer requests until `stop`; what is being answered then is finished first."""
        try:
            while not self._stopping.is_set():
                self._listener.asyncore.loop(timeout=0.5, map=self._map, use_poll=True, count=1)
        finally:
            self._threads.shutdown(cancel_pending=True, timeout=5)
            with self._closing:
                self._closed = True
            close_all(self._map)
            self._socket.close()

    def stop(self) -> None:
        """End `run` soon; from any thread or signal handler."""
        self._stopping.set()
        with self._closing:
            if not self._closed:
                self._listener.pull_trigger()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end it. Call on the main thread."""
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, lambda *_: self.stop())


def bound(host: str, port: int) -> socket.socket:
    """A socket that has this place. Raises `PenchantError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # "localhost" may name ::1 first; readers that try one address only try this one
        family, kind, proto, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        opened = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as error:
        raise PenchantError(
            f"cannot listen on {host}: {error}", hint="--host takes an address or a name of this machine."
        ) from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except (OSError, OverflowError) as error:
        opened.close()
        raise PenchantError(
            f"cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}",
            hint="Something else may listen there (another `penchant serve`?): --port takes another, 0 any free one.",
        ) from error
    return opened


def _wsgi(site: Answering) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            made = site.answer(_request(environ))
        except Exception:
            log.exception("a request failed")
            made = site.refusal(500, "a fault of penchant's own", "Its log has the details.")
        headers = {**made.headers, "Content-Length": str(len(made.body))}
        if made.status == HTTPStatus.NOT_MODIFIED:
            del headers["Content-Length"]
        start(f"{made.status} {HTTPStatus(made.status).phrase}", list(headers.items()))
        return [_body(environ, made)]

    return application


def _body(environ: dict[str, Any], made: Answer) -> bytes:
    return b"" if environ["REQUEST_METHOD"] == "HEAD" else made.body


def _request(environ: dict[str, Any]) -> Request:
    headers = {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")
    }
    try:
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=20))
    except ValueError:  # more fields than anybody asks for
        query = {"page": "?"}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    method = environ["REQUEST_METHOD"]
    # waitress has read it whole by now, within its limit
    body = environ["wsgi.input"].read() if method == "POST" else b""
    return Request(environ.get("PATH_INFO", "/") or "/", query, headers, method, body)
