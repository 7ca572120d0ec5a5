"""Hacker News for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "hackernews"
NETWORK = True


def _story(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "story",
        "by": "ada",
        "time": 1_770_000_000 + number,
        "title": f"Story {number}",
        "url": f"https://far.example/{number}",
        "score": 5,
    } | changes


def _list(server: Any, stories: list[dict[str, Any]]) -> dict[str, Any]:
    server.route("/v0/topstories.json", json.dumps([story["id"] for story in stories]))
    for story in stories:
        server.route(f"/v0/item/{story['id']}.json", json.dumps(story))
    return {"address": "hackernews:top", "api": server.url("/v0")}


def serve(server: Any) -> dict[str, Any]:
    return _list(server, [_story(n) for n in range(60, 0, -1)])


def grow(server: Any) -> None:
    _list(server, [_story(n) for n in range(61, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    hostile = {"title": text, "by": text, "text": f"{text}<p>{text}", "type": text}
    return _list(
        server, [_story(2, **hostile, url=f"https://far.example/{text}"), _story(1, **hostile, url=text)]
    )
