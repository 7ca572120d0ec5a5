"""RSS for the contract suite; see tests/adapters/test_contract.py for what each name means."""

from __future__ import annotations

from html import escape
from typing import Any

KIND = "rss"
NETWORK = True


def _entry(number: int, title: str = "", body: str = "") -> str:
    title, body = escape(title), escape(body) or f"Body &lt;b&gt;{number}"
    return (
        f"<item><guid>g{number}</guid><link>/post/{number}</link><title>{title or f'Post {number}'}</title>"
        f"<description>{body}</description><author>{title}</author><category>{title}</category>"
        f"<pubDate>Thu, {number % 28 + 1:02d} Jan 2004 19:48:21 GMT</pubDate></item>"
    )


def _feed(entries: list[str]) -> bytes:
    text = f"<rss version='2.0'><channel><title>A feed</title>{''.join(entries)}</channel></rss>"
    return text.encode("utf-8", "surrogatepass")


def serve(server: Any) -> dict[str, Any]:
    return {"address": server.route("/feed", _feed([_entry(n) for n in range(250)]))}


def grow(server: Any) -> None:
    server.route("/feed", _feed([_entry(n) for n in (1000, *range(250))]))


def serve_text(server: Any, text: str) -> dict[str, Any]:
    return {"address": server.route("/feed", _feed([_entry(1, text, text), _entry(2)]))}
