"""Serve made-up feeds over HTTP on loopback, with ETag, Last-Modified and 304; hostile ones too.

    python bench/serve_feeds.py [--feeds 100] [--items 100] [--formats rss,atom,json] [--port 0] [--hostile]

Prints one address a line (the list is also at /list, as OPML at /opml) and runs until it is stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import email.utils
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from made_feeds import FORMATS, Made, make_feeds


@dataclass
class Site:
    """A running server: its address, its feeds, and how it answered (status -> count)."""

    base: str
    feeds: list[Made]
    answers: dict[int, int] = field(default_factory=dict)

    @property
    def addresses(self) -> list[str]:
        return [self.base + feed.path for feed in self.feeds]

    @property
    def opml(self) -> bytes:
        rows = "".join(
            f'<outline type="rss" text="{escape(f.title)}" xmlUrl="{self.base + f.path}"/>\n'
            for f in self.feeds
        )
        return f'<?xml version="1.0"?>\n<opml version="2.0"><head/><body>{rows}</body></opml>\n'.encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site
    by_path: dict[str, Made]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if feed := self.by_path.get(path):
            self._feed(feed)
        elif path == "/list":
            self._answer(200, "\n".join(self.site.addresses).encode(), "text/plain")
        elif path == "/opml":
            self._answer(200, self.site.opml, "text/x-opml")
        elif hostile := HOSTILE.get(path.removeprefix("/hostile/")):
            with contextlib.suppress(OSError):  # the client hangs up, as it should
                hostile(self)
            self.close_connection = True
        else:
            self._answer(404, b"nothing here", "text/plain")

    def _feed(self, feed: Made) -> None:
        modified = email.utils.formatdate(feed.modified, usegmt=True)
        known = self.headers.get("If-None-Match")
        same = feed.etag in known if known else self.headers.get("If-Modified-Since") == modified
        headers = {"ETag": feed.etag, "Last-Modified": modified}
        self._answer(304 if same else 200, b"" if same else feed.body, feed.content_type, headers)

    def _answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.site.answers[status] = self.site.answers.get(status, 0) + 1
        self.send_response(status)
        for name, value in {
            **(headers or {}),
            "Content-Type": kind,
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def start(self, kind: str = "application/rss+xml", **headers: str) -> None:
        """Begin an answer without a length; the hostile ones write what they like."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def redirect(self, to: str, status: int = 302) -> None:
        self.send_response(status)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


Hostile = Callable[[_Handler], None]
_HEAD = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Hostile</title><link>https://h.example/</link>'
)


def _hang(handler: _Handler) -> None:
    time.sleep(600)


def _drip(handler: _Handler) -> None:
    handler.start()
    for byte in _HEAD * 50:
        handler.wfile.write(bytes([byte]))
        time.sleep(1)


def _endless(handler: _Handler) -> None:
    handler.start()
    handler.wfile.write(_HEAD)
    number = 0
    while True:
        item = b"<item><guid>%d</guid><title>and one more</title></item>" * 100
        handler.wfile.write(item % tuple(range(number, number + 100)))
        number += 100


def _gzip_bomb(handler: _Handler) -> None:
    handler.start(Content_Encoding="gzip")
    # Some 4 MB on the wire that decode to 4 GB: one member of 64 MB of blanks, repeated.
    member = gzip.compress(b" " * (64 << 20))
    handler.wfile.write(gzip.compress(_HEAD))
    for _ in range(64):
        handler.wfile.write(member)


def _entity_bomb(handler: _Handler) -> None:
    handler.start()
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "ha">{levels}]><rss version="2.0"><channel>'
    handler.wfile.write(f"{text}<title>&e11;</title></channel></rss>".encode())


def _controls(handler: _Handler) -> None:
    """Titles with terminal escapes, markup and piles of combining marks."""
    handler.start()
    nasty = ["&#27;]8;;file:///etc/passwd&#7;click", "[@click=app.quit]free[/]", "Z" + "\u0301" * 10_000,
             "\u202egnp.exe", "\x9b31mred", "&lt;img src=x&gt;&#8238;"]  # fmt: skip
    rows = "".join(f"<item><guid>h{n}</guid><title>{title}</title></item>" for n, title in enumerate(nasty))
    handler.wfile.write(_HEAD + rows.encode() + b"</channel></rss>")


def _deep(handler: _Handler) -> None:
    handler.start()
    body = b"&lt;div&gt;" * 200_000
    handler.wfile.write(
        _HEAD + b"<item><guid>d</guid><description>" + body + b"</description></item></channel></rss>"
    )


def _error(handler: _Handler) -> None:
    handler._answer(500, b"out of order", "text/plain")


def _not_a_feed(handler: _Handler) -> None:
    handler._answer(200, b"<!doctype html><title>Hello</title><p>no feed here", "text/html")


def _loop(handler: _Handler) -> None:
    handler.redirect("/hostile/redirect-loop")


HOSTILE: dict[str, Hostile] = {
    "hang": _hang,
    "drip": _drip,
    "endless": _endless,
    "gzip-bomb": _gzip_bomb,
    "entity-bomb": _entity_bomb,
    "controls": _controls,
    "deep-html": _deep,
    "error-500": _error,
    "not-a-feed": _not_a_feed,
    "redirect-loop": _loop,
    "redirect-file": lambda handler: handler.redirect("file:///etc/passwd"),
    "redirect-private": lambda handler: handler.redirect("http://169.254.169.254/latest/meta-data/"),
}


@contextlib.contextmanager
def serving(feeds: list[Made], port: int = 0) -> Iterator[Site]:
    """Serve `feeds` from a thread of this process until the block ends."""
    site = Site("", feeds)
    handler = type("Handler", (_Handler,), {"site": site, "by_path": {feed.path: feed for feed in feeds}})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve made-up feeds on loopback.")
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--hostile", action="store_true", help="list the hostile addresses too")
    args = parser.parse_args()
    made = make_feeds(args.feeds, args.items, formats=tuple(args.formats.split(",")), seed=args.seed)
    with serving(made, args.port) as site:
        hostile = [f"{site.base}/hostile/{name}" for name in HOSTILE] if args.hostile else []
        print(*site.addresses, *hostile, sep="\n", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
