"""YouTube for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

from html import escape
from typing import Any

KIND = "youtube"
NETWORK = True
CHANNEL = "UCabcdefghijklmnopqrstuv"
_SPACES = (
    'xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns="http://www.w3.org/2005/Atom"'
)


def _entry(number: int, text: str = "") -> str:
    shown = escape(text)
    return f"""<entry><id>yt:video:video{number:06d}</id><yt:videoId>video{number:06d}</yt:videoId>
      <yt:channelId>{CHANNEL}</yt:channelId><title>{shown or f"Video {number}"}</title>
      <link rel="alternate" href="https://www.youtube.com/watch?v=video{number:06d}"/>
      <author><name>{shown or "Ada"}</name><uri>https://www.youtube.com/channel/{CHANNEL}</uri></author>
      <published>2026-03-{number % 28 + 1:02d}T10:00:00+00:00</published>
      <media:group><media:title>{shown}</media:title>
        <media:thumbnail url="{shown or "https://i.ytimg.example/1.jpg"}" width="480" height="360"/>
        <media:description>{shown or "See https://far.example/."}</media:description>
        <media:community><media:starRating count="7"/><media:statistics views="{shown or 90}"/></media:community>
      </media:group></entry>"""


def _feed(entries: list[str]) -> bytes:
    return f"<feed {_SPACES}><title>Ada</title>{''.join(entries)}</feed>".encode("utf-8", "surrogatepass")


def _serve(server: Any, entries: list[str]) -> dict[str, Any]:
    server.route("/feeds/videos.xml", _feed(entries))
    page = f'<link rel="canonical" href="https://www.youtube.com/channel/{CHANNEL}">'
    server.route("/@ada", page, headers={"Content-Type": "text/html"})
    return {"address": "youtube:@ada", "base": server.url("").rstrip("/")}


def serve(server: Any) -> dict[str, Any]:
    return _serve(server, [_entry(n) for n in range(15, 0, -1)])


def grow(server: Any) -> None:
    _serve(server, [_entry(n) for n in range(17, 2, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    return _serve(server, [_entry(2, text), _entry(1)])
