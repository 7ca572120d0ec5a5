"""Mastodon for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "mastodon"
NETWORK = True
PATH = "/api/v1/timelines/tag/news"


def _status(number: int, **changes: Any) -> dict[str, Any]:
    account = {"id": "7", "username": "ada", "acct": "ada@far.example", "url": "https://far.example/@ada"}
    return {
        "id": str(number),
        "uri": f"https://far.example/users/ada/statuses/{number}",
        "url": f"https://far.example/@ada/{number}",
        "created_at": f"2026-03-01T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z",
        "content": f"<p>Number {number}</p>",
        "account": account,
    } | changes


def _timeline(server: Any, statuses: list[dict[str, Any]]) -> dict[str, Any]:
    """Newest first, paged as the real server does."""

    def page(request: Any) -> Any:
        limit = int(request.query["limit"][0])
        if "min_id" in request.query:
            shown = [s for s in statuses if int(s["id"]) > int(request.query["min_id"][0])][-limit:]
        else:
            below = int(request.query.get("max_id", ["9999999"])[0])
            shown = [s for s in statuses if int(s["id"]) < below][:limit]
        base = f"<{server.url(PATH)}?limit={limit}"
        link = f'{base}&max_id={shown[-1]["id"]}>; rel="next", {base}&min_id={shown[0]["id"]}>; rel="prev"'
        body = json.dumps(shown).encode()
        return type(server.default)(body, 200, {"Link": link} if shown else {})

    server.route(PATH, page)
    return {"address": server.url("").rstrip("/"), "timeline": "tag:news"}


def serve(server: Any) -> dict[str, Any]:
    return _timeline(server, [_status(n) for n in range(250, 0, -1)])


def grow(server: Any) -> None:
    _timeline(server, [_status(n) for n in range(300, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    person = {
        "id": "9",
        "username": text,
        "acct": text,
        "display_name": text,
        "url": f"https://far.example/@{text}",
    }
    media = [{"type": text, "url": "https://far.example/1.png", "description": text, "blurhash": text}]
    hostile = {
        "content": f"<p>{text}</p>",
        "spoiler_text": text,
        "language": text,
        "visibility": text,
        "account": person,
        "tags": [{"name": text}],
        "media_attachments": media,
        "card": {
            "url": f"https://far.example/{text}",
            "title": text,
            "description": text,
            "provider_name": text,
        },
        "poll": {"options": [{"title": text, "votes_count": 1}], "expires_at": text},
    }
    quoted = _status(2, **hostile)
    boosted = _status(3, **hostile)
    statuses = [
        _status(5, **hostile, uri=f"https://far.example/{text}", in_reply_to_id=text, edited_at=text),
        _status(4, **hostile, quote={"state": "accepted", "quoted_status": quoted}),
        _status(3, reblog=boosted, account=person),
        _status(1, id=text, uri=text, url=text, created_at=text),
    ]
    body = json.dumps(statuses, ensure_ascii=False).encode("utf-8", "surrogatepass")
    server.route(PATH, body)
    return {"address": server.url("").rstrip("/"), "timeline": "tag:news"}
