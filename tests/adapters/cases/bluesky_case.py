"""Bluesky for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

import json
from typing import Any

KIND = "bluesky"
NETWORK = True
DID = "did:plc:ada"


def _post(number: int, **changes: Any) -> dict[str, Any]:
    author = {"did": DID, "handle": "ada.example", "displayName": "Ada"}
    when = f"2026-03-01T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"
    record = {"$type": "app.bsky.feed.post", "text": f"Number {number}", "createdAt": when, "langs": ["en"]}
    return {
        "uri": f"at://{DID}/app.bsky.feed.post/p{number}",
        "cid": f"c{number}",
        "author": author,
        "record": record | changes.pop("record", {}),
        "likeCount": 3,
        "repostCount": 2,
        "replyCount": 1,
        "indexedAt": when,
    } | changes


def _serve(server: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Newest first; the cursor is the place of the first row not shown yet, counted from the old end."""

    def feed(request: Any) -> Any:
        limit = int(request.query["limit"][0])
        left = int(request.query.get("cursor", [str(len(rows))])[0])
        start = len(rows) - left
        body = {"feed": rows[start : start + limit]}
        if start + limit < len(rows):
            body["cursor"] = str(left - limit)
        return type(server.default)(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    server.route("/xrpc/app.bsky.feed.getAuthorFeed", feed)
    server.route("/xrpc/app.bsky.actor.getProfile", json.dumps({"did": DID, "displayName": "Ada"}))
    return {"address": "bluesky:@ada.example", "server": server.url("").rstrip("/"), "limit": 250}


def serve(server: Any) -> dict[str, Any]:
    return _serve(server, [{"post": _post(n)} for n in range(250, 0, -1)])


def grow(server: Any) -> None:
    _serve(server, [{"post": _post(n)} for n in range(400, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    author = {"did": "did:plc:eve", "handle": text, "displayName": text, "avatar": f"https://far.example/{text}"}
    facets = [
        {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"$type": kind, "tag": text, "uri": f"https://x.example/{text}"}]}
        for kind in ("app.bsky.richtext.facet#link", "app.bsky.richtext.facet#tag")
    ]  # fmt: skip
    record = {
        "text": text,
        "langs": [text],
        "tags": [text],
        "createdAt": text,
        "facets": facets,
        "labels": {"values": [{"val": text}, {"val": "porn"}]},
        "reply": {"parent": {"uri": text}, "root": {"uri": text}},
    }
    hostile = {"author": author, "record": record, "labels": [{"val": text}], "indexedAt": text}
    external = {"uri": f"https://far.example/{text}", "title": text, "description": text, "thumb": text}
    pictures = [{"fullsize": "https://far.example/1.png", "thumb": text, "alt": text}]
    quoted = {"$type": "app.bsky.embed.record#viewRecord", "uri": f"at://{DID}/app.bsky.feed.post/q", **hostile}
    quoted["value"] = record
    creator = {"$type": "app.bsky.feed.defs#generatorView", "creator": author, "displayName": text, "uri": text}
    embeds = [
        {"$type": "app.bsky.embed.external#view", "external": external},
        {"$type": "app.bsky.embed.images#view", "images": pictures},
        {"$type": "app.bsky.embed.video#view", "playlist": "https://far.example/v.m3u8", "alt": text},
        {"$type": "app.bsky.embed.record#view", "record": quoted},
        {"$type": "app.bsky.embed.record#view", "record": creator},
        {"$type": text},
    ]
    rows = [{"post": _post(n, **hostile, embed=embed)} for n, embed in enumerate(embeds, 10)]
    rows.append({"post": _post(9, uri=text)})
    rows.append({"post": _post(8), "reason": {"$type": "x#reasonRepost", "by": author, "indexedAt": text}})
    return _serve(server, rows)
