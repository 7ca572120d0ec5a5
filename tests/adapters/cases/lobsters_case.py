"""Lobsters for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "lobsters"
NETWORK = True


def _story(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "short_id": f"a{number:05d}",
        "created_at": f"2026-03-{number // 24 % 28 + 1:02d}T{number % 24:02d}:00:00.000-06:00",
        "title": f"Story {number}",
        "url": f"https://far.example/{number}",
        "score": 5,
        "comment_count": 2,
        "description": "",
        "comments_url": f"https://lobste.rs/s/a{number:05d}/story",
        "submitter_user": "ada",
        "tags": ["python"],
    } | changes


def _listing(server: Any, stories: list[dict[str, Any]]) -> dict[str, Any]:
    for page in range(len(stories) // 25 + 2):
        path = "/newest.json" if page == 0 else f"/newest/page/{page + 1}.json"
        body = json.dumps(stories[page * 25 : page * 25 + 25], ensure_ascii=False)
        server.route(path, body.encode("utf-8", "surrogatepass"))
    return {"address": "lobsters:newest", "web": server.url("").rstrip("/"), "limit": 75}


def serve(server: Any) -> dict[str, Any]:
    return _listing(server, [_story(n) for n in range(75, 0, -1)])


def grow(server: Any) -> None:
    _listing(server, [_story(n) for n in range(140, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    hostile = {
        "title": text,
        "url": f"https://far.example/{text}",
        "description": f"<p>{text}",
        "comments_url": text,
        "submitter_user": text,
        "tags": [text],
        "created_at": text,
    }
    return _listing(server, [_story(2, **hostile), _story(1, submitter_user={"username": text, "avatar_url": text})])
