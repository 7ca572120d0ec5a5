"""One server in this process for sources of ten kinds: good days, bad days, and a trace of every request."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from penchant.adapters.contract_server import Answer, Request, Route, Server

CASES = Path(__file__).resolve().parents[1] / "tests" / "adapters" / "cases"
Kind = str


def _events(site: Any, repos: list[dict[str, Any]]) -> dict[str, Any]:
    """Stars that somebody gave: the lists of GitHub that come with X-Poll-Interval."""
    rows = [
        {"id": str(repo["id"]), "type": "WatchEvent", "actor": {"login": "bob"}, "payload": {"action": "started"},
         "repo": {"id": repo["id"], "name": repo["full_name"]}, "created_at": "2026-03-01T00:00:00Z"}
        for repo in repos
    ]  # fmt: skip
    site.route("/users/bob/events", json.dumps(rows))
    for repo in repos:
        site.route(f"/repos/{repo['full_name']}", json.dumps(repo))
    return {"address": "github:bob", "api": site.url("").rstrip("/")}


#: How a service's newest `items` are put together from the parts of its contract case.
_MAKERS: dict[Kind, Callable[[ModuleType, Any, range], dict[str, Any]]] = {
    "rss": lambda c, site, n: {"address": site.route("/feed", c._feed([c._entry(i) for i in n]))},
    "mastodon": lambda c, site, n: c._timeline(site, [c._status(i) for i in n]),
    "hackernews": lambda c, site, n: c._list(site, [c._story(i) for i in n]),
    "github": lambda c, site, n: _events(site, [c._repo(i) for i in n]),
    "arxiv": lambda c, site, n: c._archive(site, [c._entry(i) for i in n]),
    "reddit": lambda c, site, n: c._listing(site, [c._post(i) for i in n]),
    "lobsters": lambda c, site, n: c._listing(site, [c._story(i) for i in n]),
    "lemmy": lambda c, site, n: c._listing(site, [c._view(i) for i in n]),
    "bluesky": lambda c, site, n: c._serve(site, [{"post": c._post(i)} for i in n]),
    "youtube": lambda c, site, n: c._serve(site, [c._entry(i) for i in n]),
}
KINDS: tuple[Kind, ...] = tuple(_MAKERS)
FAILING = ("429", "hang", "refused", "500", "malformed", "401", "loop", "404", "410", "drip", "endless", "cut short")
#: Services whose healthy sources share one address, as they do outside.
_SHARED = ("arxiv", "lobsters")


def _answers(retry_after: int) -> dict[str, Answer]:
    return {
        **{status: Answer(b"no", int(status)) for status in ("500", "401", "404", "410")},
        "429": Answer(b"", 429, {"Retry-After": str(retry_after)}),
        "cut short": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss>"),
        "malformed": Answer(bytes(range(256)) * 20),
        "drip": Answer(b"<rss>" * 1000, drip=0.5),
        "endless": Answer(b" " * 65536, endless=True),
        "loop": Answer(b"", 302, {"Location": "/again"}),
        "hang": Answer(hang=True),
    }


@dataclass(slots=True)
class Trace:
    """One request: to which site, when it came and when it was answered (monotonic seconds)."""

    site: str
    path: str
    began: float
    ended: float = 0.0


@dataclass
class Site:
    """What answers at one address; what a contract case needs of a server."""

    name: str
    host: str
    port: int
    bad: Answer | None = None
    poll_interval: int = 0
    routes: dict[str, Route] = field(default_factory=dict)
    default: Answer = field(default_factory=lambda: Answer(b"not here", 404))

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}:{self.port}{path}"

    def route(self, path: str, answer: Any = b"", /, **options: Any) -> str:
        self.routes[path] = Answer(answer, **options) if isinstance(answer, bytes | str) else answer
        return self.url(path)

    def answer(self, request: Request) -> Answer:
        if self.bad is not None:
            return self.bad
        route = self.routes.get(request.target, self.routes.get(request.path, self.default))
        found = route(request) if callable(route) else route
        assert isinstance(found, Answer)
        more = {"X-Poll-Interval": str(self.poll_interval)} if self.poll_interval else {}
        return replace(found, headers={**found.headers, **more})


class Ways(Server):
    """The server: addresses handed out, requests written down."""

    #: What GitHub asks for here (seconds); more than penchant would wait by itself.
    poll_interval = 50_000

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.bad = _answers(retry_after)
        self.trace: list[Trace] = []
        self._sites: dict[str, Site] = {}
        self._under_way: dict[int, Trace] = {}
        self._cases: dict[Kind, ModuleType] = {}

    def start(self) -> None:
        """Listen at every address of this machine's loopback: 127.0.0.0/8 on Linux."""
        self._thread.start()
        listening = asyncio.start_server(self._serve, "0.0.0.0", 0, backlog=500)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        self.arxiv = self._site("arxiv", 250).url("/api")
        self._site("lobsters", 251)

    def settings(self, number: int, kind: Kind, bad: str, items: int) -> dict[str, Any]:
        """Settings of a new subscription that is served so."""
        shared = kind in _SHARED and not bad
        site = self._sites[f"127.1.0.{250 + _SHARED.index(kind)}"] if shared else self._site(f"{kind} {number}", number)
        if bad == "refused":
            site.port = _closed(site.host)
        elif bad:
            site.bad = self.bad[bad]
        site.poll_interval = self.poll_interval if kind == "github" else 0
        return _MAKERS[kind](self._case(kind), site, range(items, 0, -1)) | {"limit": items}

    def at_once(self, site: str) -> int:
        """Most requests under way at one moment to a site."""
        own = [trace for trace in self.trace if trace.site == site]
        moments = sorted([(t.began, 1) for t in own] + [(t.ended, -1) for t in own if t.ended])
        most = now = 0
        for _, step in moments:
            now += step
            most = max(most, now)
        return most

    def _site(self, name: str, number: int) -> Site:
        host = f"127.1.{number // 250 + 1}.{number % 250 + 1}" if number < 250 else f"127.1.0.{number}"
        self._sites[host] = Site(name, host, self.port)
        return self._sites[host]

    def _case(self, kind: Kind) -> ModuleType:
        if kind not in self._cases:
            spec = importlib.util.spec_from_file_location(f"{kind}_case", CASES / f"{kind}_case.py")
            assert spec and spec.loader
            self._cases[kind] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._cases[kind])
        return self._cases[kind]

    def _answer(self, request: Request) -> Answer:
        site = self._sites.get(request.headers.get("host", "").partition(":")[0])
        found = replace(site.answer(request) if site else self.default)
        self.trace.append(Trace(site.name if site else "?", request.path, time.monotonic()))
        self._under_way[id(found)] = self.trace[-1]
        return found

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        trace = self._under_way.pop(id(answer))
        try:
            return await super()._send(answer, writer)
        finally:
            trace.ended = time.monotonic()


def _closed(host: str) -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind((host, 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def serving(retry_after: int) -> Iterator[Ways]:
    """The server in a thread of its own, until the block ends."""
    ways = Ways(retry_after)
    ways.start()
    try:
        yield ways
    finally:
        ways.stop()
