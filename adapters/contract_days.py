"""What the contract throws at an adapter: texts that attack a terminal, and servers on a bad day."""

from __future__ import annotations

import functools
import gzip
from typing import Any

HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\ \x1bPq#0\x1b\\ \x9b1m \x9d8;;http://evil\x9c",
    "nul\x00 bell\x07 back\x08 del\x7f next\x85 vt\x0b",
    "over\u202eride iso\u2066late\u2069 \u202d",
    "&#27;[31m &#x1b;[0m &#155;31m &#0; &#x202e;",
    "<script>alert(1)</script><img src=x onerror=alert(1)> <a href='javascript:x'>y</a>",
    "[link=http://x]markup[/link] [@click=app.quit]x[/]",
    "x" + "\u0301" * 10_000,
    "\ud800 lone \udfff",
    "]]> <![CDATA[ & < > &nope; %s {0}",
]
#: Addresses that no adapter may stumble over in `recognise`.
ODD_ADDRESSES = (*HOSTILE, "", " ", "http://", "https://[::1", "@a@b", "//x", "a" * 5000, "http://x:99999/")
_BOMB = (
    "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12))
    + "]><rss><channel><title>&m;</title><item><title a='&m;'>&m;</title></item></channel></rss>"
)
_OUTSIDE = (
    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    "<rss><channel><item><title>&x;</title></item></channel></rss>"
)


@functools.cache
def _zipped_bomb() -> bytes:
    """64 MiB of blanks; every adapter gets the same."""
    return gzip.compress(b" " * (64 << 20), 9)


def bad_days() -> dict[str, dict[str, Any]]:
    """Name -> arguments of `contract_server.Answer`, which the server gives to every request of that day."""
    sorry = b"<!doctype html><title>Sorry</title><p>Down for maintenance"
    return {
        "error 500": {"status": 500},
        "error 404": {"status": 404},
        "error 401": {"status": 401},
        "patience": {"status": 429, "headers": {"Retry-After": "7"}},
        "empty": {},
        "page": {"body": sorry, "headers": {"Content-Type": "text/html"}},
        "garbage": {"body": bytes(range(256)) * 50},
        "null": {"body": "null"},
        "list": {"body": '[1, null, {}, [], "x"]'},
        "object": {"body": '{"error": "no"}'},
        "deep JSON": {"body": b"[" * 200_000},
        "deep XML": {"body": b"<a>" * 100_000},
        "entity bomb": {"body": _BOMB},
        "outside entity": {"body": _OUTSIDE},
        "gzip bomb": {"body": _zipped_bomb(), "headers": {"Content-Encoding": "gzip"}},
        "not gzip": {"body": b"plain", "headers": {"Content-Encoding": "gzip"}},
        "loop": {"status": 302, "headers": {"Location": "/again"}},
        "to a file": {"status": 302, "headers": {"Location": "file:///etc/passwd"}},
        "inside": {"status": 301, "headers": {"Location": "http://169.254.169.254/latest/meta-data/"}},
        "endless": {"body": b"x" * 65536, "endless": True},
        "hang": {"hang": True},
        "drip": {"body": b"<rss>" * 1000, "drip": 0.05},
        "header flood": {"raw": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"},
        "cut short": {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<rss>"},
    }
