"""Lemmy for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "lemmy"
NETWORK = True


def _view(number: int, **changes: Any) -> dict[str, Any]:
    post = {
        "id": number,
        "name": f"Post {number}",
        "ap_id": f"https://far.example/post/{number}",
        "body": f"Body **{number}**",
        "url": f"https://site.example/{number}",
        "published": f"2026-03-{number // 24 % 28 + 1:02d}T{number % 24:02d}:00:00.000000Z",
        "removed": False,
        "deleted": False,
        "nsfw": False,
    } | changes
    return {
        "post": post,
        "creator": {"name": "ada", "actor_id": "https://far.example/u/ada"},
        "community": {"name": "news", "actor_id": "https://far.example/c/news"},
        "counts": {"score": 5, "comments": 2},
    }


def _listing(server: Any, views: list[dict[str, Any]]) -> dict[str, Any]:
    def page(request: Any) -> Any:
        start = int(request.query.get("page_cursor", ["0"])[0])
        shown = views[start : start + 50]
        document = {"posts": shown} | ({"next_page": str(start + 50)} if start + 50 < len(views) else {})
        body = json.dumps(document, ensure_ascii=False)
        return type(server.default)(body.encode("utf-8", "surrogatepass"))

    server.route("/api/v3/post/list", page)
    return {"address": "!news@far.example", "web": server.url("").rstrip("/"), "limit": 150}


def serve(server: Any) -> dict[str, Any]:
    return _listing(server, [_view(n) for n in range(150, 0, -1)])


def grow(server: Any) -> None:
    _listing(server, [_view(n) for n in range(260, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    hostile = {
        "name": text,
        "body": f"{text}\n\n![{text}](https://far.example/1.png)\n\n::: spoiler {text}\n{text}\n:::",
        "url": f"https://far.example/{text}.png",
        "alt_text": text,
        "embed_title": text,
        "published": text,
        "url_content_type": text,
        "poll": {"choices": [{"choice_text": text, "num_votes": 1}]},
        "flair": [{"flair_title": text}],
    }
    person = {"name": text, "display_name": text, "actor_id": f"https://far.example/u/{text}", "avatar": text}
    quoting = _view(3, body=f"cross-posted from: {text}\n> {text}")
    views = [_view(2, **hostile), _view(1, **hostile, ap_id=text), quoting]
    for view in views:
        view["creator"] = view["community"] = person
    return _listing(server, views)
