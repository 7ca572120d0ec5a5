"""What the HTTP server itself refuses has the shape of every other failure, and arrives while a client still sends."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from penchant.app.serve.doorman import Doorman
from penchant.app.serve.score_site import ScoreSite
from penchant.app.serve.server import Server

TOKEN = "abcdefghijklmnop-_1"
MOST = 20_000
HEAD = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"


class Faulty:
    """A scorer with a fault of its own."""

    def score(self, *_: object) -> Any:
        raise RuntimeError("secret words")


@contextmanager
def listening() -> Iterator[int]:
    server = Server(ScoreSite(Faulty(), Doorman.at("127.0.0.1", TOKEN)), "127.0.0.1", 0, body=MOST)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.port
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening() as number:
        yield number


def asked(port: int, sent: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        opened.sendall(sent)
        answer = http.client.HTTPResponse(opened)
        answer.begin()
        return answer.status, answer.headers, answer.read()


def post(more: str = "", body: bytes = b"", path: str = "/v1/score", method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\n{HEAD}{more}\r\n".encode() + body


def long(count: int) -> bytes:
    return post(f"Content-Length: {count}\r\n", b"x" * count)


CHUNKED = "Transfer-Encoding: chunked\r\n"
REFUSED = {
    "a long body": (413, long(MOST + 1)),
    "a long body in chunks": (413, post(CHUNKED, b"5000\r\n" + b"x" * 0x5000 + b"\r\n0\r\n\r\n")),
    "a chunk of no size": (400, post(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n")),
    "a chunk that does not end": (400, post(CHUNKED, b"2\r\n{}{}\r\n0\r\n\r\n")),
    "a length of letters": (400, post("Content-Length: many\r\n", b"{}")),
    "no HTTP": (400, b"\x16\x03\x01\x02 TLS?\r\n\r\n"),
    "a header without a colon": (400, post("nonsense\r\n")),
    "a method in small letters": (400, post(method="post")),
    "long headers": (431, post("X-Long: " + "x" * 20_000 + "\r\n")),
    "another transfer coding": (501, post("Transfer-Encoding: gzip\r\n", b"{}")),
    "no such address": (404, post("Content-Length: 2\r\n", b"{}", "/v1/nothing")),
    "a method that is not answered": (405, post(method="DELETE")),
    "a fault": (500, post("Content-Length: 19\r\n", b'{"documents":["a"]}')),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_every_refusal_has_one_shape(port: int, name: str) -> None:
    status, sent = REFUSED[name]
    found, headers, body = asked(port, sent)
    assert found == status, body
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    said = json.loads(body)
    assert set(said) == {"error", "message"} and said["message"] == said["error"]["message"]
    assert said["error"]["code"] == status
    assert said["error"]["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert said["message"].count(".") >= 1 and "secret" not in said["message"] and TOKEN not in said["message"]


def test_the_size_that_is_promised_is_taken(port: int) -> None:
    """16 MB at most means that 16 MB are read; the words name the limit."""
    assert asked(port, long(MOST))[0] == 400, "read, and no JSON"
    assert f"{MOST:,} bytes" in json.loads(asked(port, long(MOST + 1))[2])["message"]


@pytest.mark.parametrize(
    ("path", "allow"), [("/v1/score", "POST"), ("/v1/rerank", "POST"), ("/v1/models", "GET, HEAD")]
)
def test_a_method_that_is_not_answered_names_those_that_are(port: int, path: str, allow: str) -> None:
    status, headers, _ = asked(port, post(path=path, method="DELETE"))
    assert status == 405 and headers["Allow"] == allow


def test_who_sends_on_still_reads_the_refusal(port: int) -> None:
    """A connection closed on unread bytes is reset, and takes the answer with it."""
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", "/v1/score", b"x" * (8 << 20), {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        assert answer.status == 413 and json.loads(answer.read())["error"]["code"] == 413
        connection.close()


def test_who_never_stops_sending_is_left() -> None:
    with listening() as port, socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        opened.sendall(post(f"Content-Length: {1 << 40}\r\n"))
        with pytest.raises(OSError):
            for _ in range(1_000):
                opened.sendall(b"x" * (1 << 20))
