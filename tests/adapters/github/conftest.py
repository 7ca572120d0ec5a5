"""A small GitHub: documents in memory, lists with pages and ETags, allowances, and one token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.http import Client, Limits

TOKEN = "ghp_of_the_reader"
Raw = dict[str, Any]


def make_user(login: str) -> Raw:
    return {
        "login": login,
        "id": sum(map(ord, login)),
        "html_url": f"https://github.com/{login}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{len(login)}?v=4",
    }


def make_repo(number: int, **changes: Any) -> Raw:
    name = f"ada/engine-{number}"
    return {
        "id": number,
        "full_name": name,
        "html_url": f"https://github.com/{name}",
        "owner": make_user("ada"),
        "description": f"Engine number {number}",
        "stargazers_count": 100,
        "forks_count": 7,
        "open_issues_count": 3,
        "language": "Rust",
        "topics": ["steam", "looms"],
        "license": {"spdx_id": "MIT"},
        "created_at": "2026-01-01T00:00:00Z",
        "pushed_at": "2026-02-01T00:00:00Z",
    } | changes


def make_release(number: int, **changes: Any) -> Raw:
    return {
        "id": number,
        "html_url": f"https://github.com/ada/engine/releases/tag/v{number}",
        "tag_name": f"v{number}",
        "name": "",
        "draft": False,
        "prerelease": False,
        "author": make_user("ada"),
        "created_at": "2026-02-01T00:00:00Z",
        "published_at": f"2026-02-{number % 28 + 1:02d}T00:00:00Z",
        "body": f"Notes of **{number}**",
        "assets": [],
    } | changes


def make_issue(number: int, **changes: Any) -> Raw:
    return {
        "id": 9000 + number,
        "number": number,
        "html_url": f"https://github.com/ada/engine/issues/{number}",
        "title": f"Issue {number}",
        "user": make_user("bob"),
        "labels": [{"name": "bug"}],
        "state": "open",
        "comments": 2,
        "created_at": "2026-02-01T00:00:00Z",
        "updated_at": "2026-02-02T00:00:00Z",
        "body": "It *stops*.",
    } | changes


def make_event(
    number: int, /, kind: str = "WatchEvent", by: str = "bob", repo: str = "ada/engine-1", **payload: Any
) -> Raw:
    return {
        "id": str(5_000_000_000 + number),
        "type": kind,
        "actor": {"login": by, "display_login": by, "id": 1, "avatar_url": "https://avatars.githubusercontent.com/u/1"},
        "repo": {"id": 1, "name": repo, "url": f"https://api.github.com/repos/{repo}"},
        "payload": payload or {"action": "started"},
        "public": True,
        "created_at": f"2026-03-01T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
    }


class Hub:
    """`lists` maps a path to its rows, newest first; `docs` a path to a document, bytes (HTML) or an answer."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer = server, answer
        self.lists: dict[str, list[Raw]] = {}
        self.docs: dict[str, Any] = {}
        self.poll = ""
        self.left = 4000
        self.token = ""
        server.default = self._serve

    @property
    def api(self) -> str:
        return str(self.server.url("").rstrip("/"))

    def settings(self, address: str, **more: Any) -> Raw:
        return {"address": address, "api": self.api, **more}

    def asked(self, start: str = "/") -> list[str]:
        return [r.target for r in self.server.requests if r.path.startswith(start)]

    def readme(self, name: str, html: str) -> None:
        self.docs[f"/repos/{name}/readme"] = html.encode()

    def _serve(self, request: Any) -> Any:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return self._say(request, {"message": "Requires authentication"}, 401)
        found = self.docs.get(request.path)
        if callable(found):
            found = found(request)
        if isinstance(found, self.answer):
            return found
        if isinstance(found, bytes):
            return self._say(request, found)
        if found is not None:
            return self._say(request, found)
        if request.path in self.lists:
            return self._page(request, self.lists[request.path])
        return self._say(request, {"message": "Not Found"}, 404)

    def _page(self, request: Any, rows: list[Raw]) -> Any:
        size, page = (int(request.query.get(k, [v])[0]) for k, v in (("per_page", "30"), ("page", "1")))
        shown = rows[(page - 1) * size : page * size]
        where = f"<{self.api}{request.path}?per_page={size}&page="
        links = [f'{where}{page + 1}>; rel="next"'] if page * size < len(rows) else []
        last = -(-len(rows) // size)
        links += [f'{where}{last}>; rel="last"'] if page < last else []
        links += [f'{where}{page - 1}>; rel="prev"'] if page > 1 else []
        return self._say(request, shown, links=", ".join(links))

    def _say(self, request: Any, value: Any, status: int = 200, links: str = "") -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        etag = f'W/"{hashlib.md5(body).hexdigest()}"'
        headers = {
            "Content-Type": f"{'text/html' if isinstance(value, bytes) else 'application/json'}; charset=utf-8",
            "ETag": etag,
            "X-RateLimit-Resource": "core",
            "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": "4000000000",
        }
        headers |= {"Link": links} if links else {}
        headers |= {"X-Poll-Interval": self.poll} if self.poll else {}
        if status == 200 and request.headers.get("if-none-match") == etag:
            return self.answer(b"", 304, headers)
        return self.answer(body, status, headers)


@pytest.fixture
def hub(server: Any, answers: Any) -> Hub:
    return Hub(server, answers.Answer)


@pytest.fixture
def make() -> SimpleNamespace:
    return SimpleNamespace(
        user=make_user, repo=make_repo, release=make_release, issue=make_issue, event=make_event, TOKEN=TOKEN
    )


@pytest.fixture
def pages() -> Callable[..., Any]:
    """Collect all pages of one fetch."""
    from penchant.adapters.github import GitHub

    async def collect(client: Any, settings: Raw, cursor: Raw | None = None) -> list[Any]:
        given = json.loads(json.dumps(cursor or {}))
        return [page async for page in GitHub().fetch(client, settings, given)]

    return collect


@pytest.fixture
def items() -> Callable[[Any], list[Any]]:
    return lambda got: [item for page in got for item in page.items]


@pytest.fixture(autouse=True)
def no_gh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the reader's own `gh`."""
    monkeypatch.setattr("penchant.adapters.github_token.shutil.which", lambda _: None)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client with patience enough for a busy machine: private addresses only where typed."""
    async with Client(limits=Limits(total_seconds=30.0, max_bytes=4 << 20, pause_seconds=0.0)) as made:
        yield made
