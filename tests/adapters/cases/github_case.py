"""GitHub for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "github"
NETWORK = True


def _repo(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "full_name": f"ada/engine-{number}",
        "html_url": f"https://github.com/ada/engine-{number}",
        "owner": {"login": "ada", "html_url": "https://github.com/ada"},
        "description": f"Engine number {number}",
        "stargazers_count": number,
        "forks_count": 2,
        "language": "Rust",
        "topics": ["steam", "looms"],
        "created_at": "2026-01-01T00:00:00Z",
        "pushed_at": "2026-02-01T00:00:00Z",
    } | changes


def _starred(server: Any, repos: list[dict[str, Any]]) -> dict[str, Any]:
    """Newest first, a page at a time, as the real service does; READMEs for the first ones only."""
    answer = type(server.default)

    def page(request: Any) -> Any:
        size, number = int(request.query["per_page"][0]), int(request.query.get("page", ["1"])[0])
        shown = repos[(number - 1) * size : number * size]
        rows = [{"starred_at": f"2026-03-01T00:{repo['id'] % 60:02d}:00Z", "repo": repo} for repo in shown]
        more = f'<{server.url("/users/bob/starred")}?per_page={size}&page={number + 1}>; rel="next"'
        headers = {"Link": more} if number * size < len(repos) else {}
        return answer(json.dumps(rows).encode("utf-8", "surrogatepass"), 200, headers)

    server.route("/users/bob/starred", page)
    for repo in repos:
        server.route(
            f"/repos/{repo['full_name']}/readme",
            f"<div id='readme'><h1>{repo['full_name']}</h1><p>Read <a href='doc.md'>on</a></p></div>",
            headers={"Content-Type": "text/html", "ETag": f'"{repo["id"]}"'},
        )
    return {"address": "github:starred/bob", "api": server.url("").rstrip("/"), "limit": 160}


def serve(server: Any) -> dict[str, Any]:
    return _starred(server, [_repo(n) for n in range(160, 0, -1)])


def grow(server: Any) -> None:
    _starred(server, [_repo(n) for n in range(163, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    hostile = {
        "description": text,
        "language": text,
        "topics": [text, text * 2],
        "homepage": f"https://far.example/{text}",
        "license": {"spdx_id": text},
        "created_at": text,
        "owner": {"login": text, "html_url": text, "avatar_url": text},
    }
    settings = _starred(server, [_repo(3, **hostile, html_url=text), _repo(2, **hostile), _repo(1)])
    readme = f"<div>{text}<p>{text}</p><img src='a.png' alt='{text}'><a href='{text}'>{text}</a></div>"
    server.route("/repos/ada/engine-2/readme", readme.encode("utf-8", "surrogatepass"))
    return settings
