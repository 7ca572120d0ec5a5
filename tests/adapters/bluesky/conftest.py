"""A small Bluesky on loopback: it pages by cursor, renews sessions and forgets posts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters import secrets
from penchant.adapters.bluesky_grant import Grant, keep, token_key
from penchant.adapters.http import Client, Limits

Raw = dict[str, Any]
READER = "reader.example"


def make_author(name: str = "ada", **changes: Any) -> Raw:
    return {"did": f"did:plc:{name}", "handle": f"{name}.example", "displayName": name.capitalize()} | changes


def make_post(number: int, text: str = "", **changes: Any) -> Raw:
    """A plain post; names and times grow with `number`."""
    author = changes.pop("author", None) or make_author()
    when = f"2026-03-{1 + number // 1440:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"
    record = {"$type": "app.bsky.feed.post", "text": text or f"Number {number}", "createdAt": when}
    return {
        "uri": f"at://{author['did']}/app.bsky.feed.post/p{number}",
        "author": author,
        "record": record | changes.pop("record", {}),
        "likeCount": 3,
        "repostCount": 2,
        "replyCount": 1,
        "indexedAt": when,
    } | changes


def make_repost(of: Raw, by: Raw, at: str = "2026-03-05T00:00:00Z") -> Raw:
    return {"post": of, "reason": {"$type": "app.bsky.feed.defs#reasonRepost", "by": by, "indexedAt": at}}


class Sky:
    """`rows`: method -> rows, newest first. Any other method is answered by `other`."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.rows: dict[str, list[Raw]] = {}
        self.other: dict[str, Callable[[Any], Any]] = {}
        self.gone: set[str] = set()
        self.remaining = 2999
        self.access, self.refresh, self.renewals = "access-1", "refresh-1", 0
        #: Pages that the service empties by its own filters, by the number of the cursor.
        self.empty: set[int] = set()
        server.default = self._serve

    @property
    def base(self) -> str:
        return str(self.server.url("").rstrip("/"))

    def json(self, value: Any, status: int = 200, **headers: str) -> Any:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "ratelimit-limit": "3000",
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": "4070908800",
        } | {name.replace("_", "-"): text for name, text in headers.items()}
        return self.answer(json.dumps(value).encode(), status, headers)

    def error(self, name: str, message: str = "", status: int = 400) -> Any:
        return self.json({"error": name, "message": message}, status)

    def asked(self, method: str) -> list[Any]:
        return [r for r in self.server.requests if r.path == f"/xrpc/{method}"]

    def sign_in(self, handle: str = READER) -> None:
        keep(handle, Grant(handle, "did:plc:reader", self.base, "access-1", "refresh-1", typed=True))
        assert secrets.get(token_key(handle))

    def _serve(self, request: Any) -> Any:
        method = request.path.removeprefix("/xrpc/")
        if method in self.other:
            return self.other[method](request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if method == "com.atproto.server.refreshSession":
            return self._renew(token)
        if token and token != self.access:
            return self.error("ExpiredToken", "Token has expired")
        if method == "app.bsky.feed.getPosts":
            return self.json({"posts": [{"uri": u} for u in request.query["uris"] if u not in self.gone]})
        if method == "app.bsky.actor.getProfile":
            return self.json(make_author(displayName="Ada Lovelace"))
        return self._page(request, method) if method in self.rows else self.error("MethodNotImplemented", "", 501)

    def _renew(self, token: str) -> Any:
        if token != self.refresh:
            return self.error("ExpiredToken", "Token has been revoked")
        self.renewals += 1
        self.access, self.refresh = f"access-{self.renewals + 1}", f"refresh-{self.renewals + 1}"
        session = {"handle": READER, "did": "did:plc:reader", "accessJwt": self.access, "refreshJwt": self.refresh}
        return self.json(session)

    def _page(self, request: Any, method: str) -> Any:
        rows, limit = self.rows[method], int(request.query["limit"][0])
        left = int(request.query.get("cursor", [str(len(rows))])[0])
        start = len(rows) - left
        shown = [] if left in self.empty else rows[start : start + limit]
        name = {"app.bsky.feed.searchPosts": "posts", "app.bsky.bookmark.getBookmarks": "bookmarks"}.get(method, "feed")
        more = {"cursor": str(left - limit)} if start + limit < len(rows) else {}
        return self.json({name: shown, **more})


@pytest.fixture
def sky(server: Any, answers: Any) -> Sky:
    return Sky(server, answers.Answer)


@pytest.fixture
def make() -> SimpleNamespace:
    return SimpleNamespace(post=make_post, author=make_author, repost=make_repost, READER=READER)


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.bluesky import Bluesky

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        return [page async for page in Bluesky().fetch(client, settings, cursor or {})]

    return collect


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client with patience enough for a busy machine: private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=30.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made
