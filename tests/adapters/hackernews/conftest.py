"""A small Hacker News: lists and items in memory, served by the two APIs' paths."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.http import Client, Limits

Raw = dict[str, Any]


def make_story(number: int, **changes: Any) -> Raw:
    return {
        "id": number,
        "type": "story",
        "by": "ada",
        "time": 1_770_000_000 + number,
        "title": f"Story {number}",
        "url": f"https://site.example/{number}",
        "score": 10,
        "descendants": 3,
    } | changes


class News:
    """`items` maps a number to its document (None for `null`) or to a status code to fail with."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.lists: dict[str, Any] = {}
        self.items: dict[int, Any] = {}
        server.default = self._serve

    @property
    def settings(self) -> Raw:
        return {"address": "hackernews:top", "api": self.server.url("/v0")}

    def asked(self) -> list[int]:
        """Ids of the items asked for, sorted: the requests go out side by side and arrive in any order."""
        paths = [r.path for r in self.server.requests if "/item/" in r.path]
        return sorted(int(path.removeprefix("/v0/item/").removesuffix(".json")) for path in paths)

    def _serve(self, request: Any) -> Any:
        name = request.path.removeprefix("/v0/").removesuffix(".json")
        if name.startswith("item/"):
            value = self.items.get(int(name.removeprefix("item/")))
            if isinstance(value, bytes):
                return self.answer(value)
            return (
                self.answer(b"down", value)
                if isinstance(value, int)
                else self.answer(json.dumps(value).encode())
            )
        return self.answer(json.dumps(self.lists.get(name.removesuffix("stories"))).encode())


@pytest.fixture
def news(server: Any, answers: Any) -> News:
    return News(server, answers.Answer)


@pytest.fixture
def story() -> Callable[..., Raw]:
    return make_story


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.hackernews import HackerNews

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        return [page async for page in HackerNews().fetch(client, settings, cursor or {})]

    return collect


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client with patience enough for a busy machine: private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=30.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made
