"""The tokens of `penchant serve` and `serve --score`: who has none learns none, and no file, log or terminal holds one.

Both run in a pty, with their token kept in its file. Strangers, the reader, rude clients and faults in the middle of an
answer come by; then every byte that was answered, painted, logged or written is searched.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from common import Result

from penchant.adapters.base import Author, Item, Page
from penchant.app.paths import Paths
from penchant.app.store import Store

FEEDS, SCORES = "cAnArY0fTheFeeds-and-more", "cAnArY0fTheScores-and-more"
#: The program, with two faults: one that quotes the address, one that the HTTP server below it stumbles over.
FAULTY = """
import sys
from penchant.app.serve import site
found = site.Site._found
def faulty(self, path, query, place):
    if path == "/fault":
        raise RuntimeError(f"no idea what to do with {place.of(path)}")
    made = found(self, path.replace("/burst", "/"), query, place)
    if path == "/burst":
        object.__setattr__(made, "status", 299)
    return made
site.Site._found = faulty
from penchant.app import cli
sys.exit(cli.main(sys.argv[1:]))
"""
PATHS = (
    "/", "/opml", "/for-you.atom", "/for-you.json", "/newest.atom", "/digest.atom", "/search.atom?q=town",
    "/source/1.atom", "/source/99.atom", "/nothing", "//other.example/", "/..%2f..%2fetc/passwd",
    "/for-you.atom?page=x", "/%ff%00", "", "/fault", "/burst",
)  # fmt: skip
MODES = {"serve-token": FEEDS, "score-token": SCORES}


class Pty:
    """A command on a terminal of its own; `painted` is all that it wrote there."""

    def __init__(self, env: dict[str, str], *words: str) -> None:
        self.painted = b""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(env)
            os.execv(sys.executable, [sys.executable, "-c", FAULTY, *words])

    def until(self, pattern: bytes, seconds: float = 60.0) -> re.Match[bytes] | None:
        """Read until this stands there, or the time or the program is over."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.painted)) and time.monotonic() < end:
            if select.select([self._fd], [], [], 0.2)[0]:
                try:
                    self.painted += os.read(self._fd, 1 << 16)
                except OSError:
                    break
        return found

    def end(self) -> None:
        """Ctrl+C, and what it says then."""
        with contextlib.suppress(OSError):
            os.write(self._fd, b"\x03")
        self.until(b"(?!)", 10.0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def ask(port: int, head: str, body: bytes = b"") -> tuple[int, bytes]:
    """(status or 0, the whole answer) of one request given byte for byte."""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.settimeout(10)
        wire.sendall(head.encode("latin-1", "replace") + body)
        while piece := wire.recv(1 << 16):
            answer += piece
    status = re.match(rb"HTTP/1\.\d (\d{3})", answer)
    return int(status[1]) if status else 0, answer


def get(path: str, *headers: str, method: str = "GET", host: str = "127.0.0.1") -> str:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""])


def feeds(port: int, result: Result) -> None:
    """What strangers are told, and the reader: the token only in addresses of this very server."""
    theirs = [*PATHS, "/?token=wrong", f"/{FEEDS[:-1]}/", f"/{FEEDS}x/", f"/{FEEDS.lower()}/opml"]
    heads = [get(path or "/") for path in theirs] + [get(f"/{FEEDS}/", host="other.example"), "GARBAGE\r\n\r\n",
             get("/", "X: " + "y" * 20_000), get("/", method="POST"),
             get(f"/?token={FEEDS}", "Host: two.example")]  # fmt: skip
    for head in heads:
        status, answer = ask(port, head)
        own = FEEDS in head.partition("\r\n")[0]
        result.check(own or status != 200, f"a stranger was answered {status}: {head[:60]!a}")
        result.check(FEEDS.encode() not in answer or status == 200, f"{status} tells the token: {head[:60]!a}")
    good = 0
    for path in PATHS:
        for asked in (f"/{FEEDS}{path}", f"{path or '/'}{'&' if '?' in path else '?'}token={FEEDS}"):
            for method in ("GET", "HEAD", "POST"):
                status, answer = ask(port, get(asked, method=method))
                good += status == 200
                _elsewhere(f"{method} {asked}", port, status, answer, result)
    result.check(good >= 20, f"the reader was answered {good} times only: this tests nothing")
    result.figure(f"serve: {len(heads)} requests of strangers, {len(PATHS) * 6} of the reader ({good} answered)")


def _elsewhere(what: str, port: int, status: int, answer: bytes, result: Result) -> None:
    """No redirect with the token, no words about it, no address of another host with it, no Referer that carries it."""
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    result.check(FEEDS not in head, f"{what}: the token stands in the headers of the answer ({status})")
    result.check("no-referrer" in head or status != 200, f"{what}: a click would tell the token to others ({status})")
    result.check(status == 200 or FEEDS not in body, f"{what}: the words of {status} hold the token")
    own = re.compile(
        rf"http://127\.0\.0\.1(?::{port})?/[^\s\"'<>]*{FEEDS}|name=\"token\" value=\"{FEEDS}|/opml\?token={FEEDS}"
    )
    left = own.sub("", body)
    at = left.find(FEEDS)
    result.check(at < 0, f"{what}: the token stands outside of addresses here: {left[max(0, at - 60) : at + 40]!a}")


def scores(port: int, result: Result) -> None:
    """The same of the service that scores; here no answer at all holds the token."""
    body = json.dumps({"texts": ["a town"], "token": SCORES}).encode()
    good = 0
    for path in ("/v1/score", "/v1/rerank", "/v1/models", "/", "/nothing", f"/{SCORES}", f"/v1/score?token={SCORES}"):
        for who in (f"Bearer {SCORES}", f"Basic {SCORES}", f"Bearer {SCORES[:-1]}", ""):
            for method in ("GET", "POST"):
                lines = ["Content-Type: application/json", f"Content-Length: {len(body)}"] if method == "POST" else []
                lines += [f"Authorization: {who}"] if who else []
                status, answer = ask(port, get(path, *lines, method=method), body if lines[1:] else b"")
                good += status == 200
                result.check(status != 200 or who == f"Bearer {SCORES}", f"{method} {path} as {who!a}: {status}")
                mirrored = b"/" + SCORES.encode() in answer and status == 404 and path == f"/{SCORES}"
                result.check(SCORES.encode() not in answer or mirrored, f"{method} {path} tells the token ({status})")
    result.check(good, "no request was scored: this tests nothing")
    result.figure(f"serve --score: 56 requests, {good} answered")


@contextlib.contextmanager
def home_with_tokens(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    home = folder / "serving"
    paths = Paths.under(home).ensure()
    for name, token in MODES.items():
        (paths.data / name).write_text(token + "\n", "ascii")
    with Store.open(paths.archive) as store:
        source = store.subscriptions.add(
            "rss", "https://far.example/feed", "Far", {"address": "https://far.example/feed"}
        )
        now = time.time()
        items = [
            Item(f"n{n}", f"https://far.example/{n}?from=here", f"Town {n}",
                 f"Text {n} and https://far.example/l/{n} " * 9,
                 Author(f"a{n}", f"Author {n}"), now - 60 * n) for n in range(60)
        ]  # fmt: skip
        store.items.put_page(source, Page(tuple(items), {}), now)
        ids = store.items.ids("newest", limit=60)
        store.scores.publish([(i, 0.0, 0.5, "[]") for i in ids], ids, 1)
    yield home, {"PENCHANT_HOME": str(home), "PENCHANT_SECRETS_DIR": str(home / "secrets"), "TERM": "xterm-256color",
                 "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}  # fmt: skip


def serving(folder: Path, result: Result) -> None:
    """Both services, then every place where a token could have been left."""
    with home_with_tokens(folder) as (home, env):
        seen: list[bytes] = []
        for words, visit in ((("--host", "0.0.0.0"), feeds), (("--score",), scores)):
            window = Pty(env, "serve", *words, "--port", "0")
            try:
                if found := window.until(rb"http://[^\s/]+:(\d+)/"):
                    visit(int(found[1]), result)
                result.check(found, f"serve {words}: nothing is served: {window.painted[-300:]!a}")
                seen += [Path(f"/proc/{window.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
            finally:
                window.end()
            seen.append(window.painted)
        for command in (("report", "--show"), ("doctor",), ("privacy",), ("sources",), ("list", "--limit", "5")):
            done = subprocess.run([sys.executable, "-m", "penchant.app.cli", *command], env={**os.environ, **env},
                                  capture_output=True, timeout=300)  # fmt: skip
            seen += [done.stdout, done.stderr]
        kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    for token in MODES.values():
        shown = [data[max(0, data.find(token.encode()) - 80) :][:160] for data in seen if token.encode() in data]
        result.check(not shown, f"a token was printed: {shown[:1]}")
        held = [path.name for path, data in kept.items() if token.encode() in data and path.name not in MODES]
        result.check(not held, f"a token was written into {held}")
    logged = b"".join(data for path, data in kept.items() if path.suffix == ".log")
    both = b"a request failed" in logged and b"the HTTP server reports" in logged
    result.check(both, "the faults were not logged: this tests nothing")
    result.figure(f"serve: {len(kept)} files, {len(seen)} outputs, two faults while answering: no token in any of them")
