"""A small Mastodon server with the paging rules of the real one, and statuses written for these tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.http import Client, Limits

TOKEN = "token-of-the-reader"
Raw = dict[str, Any]


def make_account(name: str = "ada", host: str = "home.example", **changes: Any) -> Raw:
    local = host == "home.example"
    return {
        "id": f"1{sum(map(ord, name + host))}",
        "username": name,
        "acct": name if local else f"{name}@{host}",
        "display_name": name.capitalize(),
        "bot": False,
        "url": f"https://{host}/@{name}",
        "uri": f"https://{host}/users/{name}",
        "avatar": f"https://{host}/{name}.png",
        "avatar_static": f"https://{host}/{name}-still.png",
        "emojis": [],
    } | changes


def make_status(number: int, **changes: Any) -> Raw:
    """A plain status; ids and times grow with `number`."""
    account = changes.pop("account", None) or make_account()
    host = account["url"].split("/")[2]
    hour, minute = divmod(number % 1440, 60)
    return {
        "id": str(1000 + number),
        "created_at": f"2026-03-{1 + number // 1440 % 28:02d}T{hour:02d}:{minute:02d}:00.000Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://{host}/users/{account['username']}/statuses/{1000 + number}",
        "url": f"https://{host}/@{account['username']}/{1000 + number}",
        "replies_count": 2,
        "reblogs_count": 3,
        "favourites_count": 5,
        "edited_at": None,
        "content": f"<p>Number {number}</p>",
        "filtered": [],
        "reblog": None,
        "account": account,
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
        "quote": None,
    } | changes


def make_boost(number: int, of: Raw, by: Raw) -> Raw:
    wrapper = make_status(number, account=by)
    return wrapper | {"reblog": of, "content": of["content"], "uri": wrapper["uri"] + "/activity"}


class Fedi:
    """Timelines in memory, newest first. `paths` maps a path to its statuses; `gone` ids answer 404."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.paths: dict[str, list[Raw]] = {}
        self.other: dict[str, Callable[[Any], Any]] = {}
        self.gone: set[str] = set()
        self.private = False
        self.remaining = 299
        #: Paging ids differ from status ids on bookmarks and favourites.
        self.key: Callable[[Raw], int] = lambda status: int(status["id"])
        self.page_limit = 40
        server.default = self._serve

    @property
    def address(self) -> str:
        return str(self.server.url("").rstrip("/"))

    def json(self, value: Any, status: int = 200, **headers: str) -> Any:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": "2099-01-01T00:00:00.000Z",
        } | {name.replace("_", "-"): text for name, text in headers.items()}
        return self.answer(json.dumps(value).encode(), status, headers)

    def asked(self) -> list[str]:
        return [request.target for request in self.server.requests]

    def _serve(self, request: Any) -> Any:
        if request.path in self.other:
            return self.other[request.path](request)
        if self.private and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.json({"error": "The access token is invalid"}, 401)
        if request.path in self.paths:
            return self._page(request, self.paths[request.path])
        number = request.path.removeprefix("/api/v1/statuses/")
        if number.isdigit() and number not in self.gone:
            return self.json(make_status(int(number) - 1000))
        return self.json({"error": "Record not found"}, 404)

    def _page(self, request: Any, statuses: list[Raw]) -> Any:
        asked = {name: values[0] for name, values in request.query.items()}
        limit = min(int(asked.get("limit", 20)), self.page_limit)
        if "min_id" in asked:
            newer = [s for s in statuses if self.key(s) > int(asked["min_id"])]
            shown = newer[-limit:]
        else:
            below = int(asked.get("max_id", 2**62))
            shown = [s for s in statuses if self.key(s) < below][:limit]
        if not shown:
            return self.json([])
        where = f"{self.address}{request.path}?limit={limit}"
        links = [f'<{where}&min_id={self.key(shown[0])}>; rel="prev"']
        if len(shown) == limit:
            links.insert(0, f'<{where}&max_id={self.key(shown[-1])}>; rel="next"')
        return self.json(shown, Link=", ".join(links))


@pytest.fixture
def fedi(server: Any, answers: Any) -> Fedi:
    return Fedi(server, answers.Answer)


@pytest.fixture
def make() -> SimpleNamespace:
    return SimpleNamespace(status=make_status, account=make_account, boost=make_boost, TOKEN=TOKEN)


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.mastodon import Mastodon

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        return [page async for page in Mastodon().fetch(client, settings, cursor or {})]

    return collect


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client with patience enough for a busy machine: private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=30.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made
