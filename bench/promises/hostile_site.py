"""A server whose feeds, timelines and errors consist of hostile strings, in every place that a reader is shown."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from html import escape
from typing import Any
from xml.sax.saxutils import escape as xml_escape

from hostile_strings import Hostile

from penchant.adapters.contract_server import Answer, Server

#: Places of a string: title, text, author, tag, alt text; of a post text, author, tag, alt text, option, warning, card.
PLACES = {"rss": "txugl", "mastodon": "pvhmock"}
#: Characters that these places take; the end of what is longer is not shown.
LIMITS = {"t": 500, "u": 200, "g": 100, "l": 1500, "v": 100, "h": 100, "m": 10_000, "o": 500, "c": 500, "k": 300}
PAGE = 40
#: One source in so many strings fails in words of its own.
FAILING = 12
#: Seconds between the kinds of sources, longer than copies of a text are looked for; the newest item of all.
APART, NEWEST = 40 * 86_400, time.time() - 86_400


def subscribe(server: Server, batch: list[Hostile]) -> list[tuple[str, str, str, dict[str, str]]]:
    """Routes for a batch; (kind, address, title, settings) of its sources."""
    base = server.url("").rstrip("/")
    found = [_rss(server, "json", batch[::2], _json_feed), _rss(server, "atom", batch[1::2], _atom)]
    for n, start in enumerate(range(0, len(batch), PAGE)):
        server.route(f"/api/v1/timelines/tag/t{n}", json.dumps([_status(h, base) for h in batch[start : start + PAGE]]))
        settings = {"address": base, "timeline": f"tag:t{n}"}
        found.append(("mastodon", f"mastodon:{base}/tag:t{n}", "", settings))
    for n, hostile in enumerate(batch[::FAILING]):
        found.append(_failing(server, n, hostile))
    return found


def _rss(server: Server, name: str, batch: list[Hostile], make: Any) -> tuple[str, str, str, dict[str, str]]:
    address = server.route(f"/{name}", make(batch, server.url("")))
    return "rss", address, "", {"address": address}


def _failing(server: Server, number: int, hostile: Hostile) -> tuple[str, str, str, dict[str, str]]:
    """A source that says what is wrong in words of its own, of several kinds in turn."""
    text = hostile.text("e")
    wire = text.encode("utf-8", "replace").replace(b"\r", b" ").replace(b"\n", b" ").decode("latin-1")
    said = json.dumps({"error": text, "error_description": text, "message": text, "detail": text}).encode()
    kind = {"Content-Type": "application/json"}
    answers = [
        Answer(said, 422, kind),
        Answer(said, 500, kind),
        Answer(said, 403, kind),
        Answer(b"", 302, {"Location": wire}),
        Answer(b"x", 200, {"Content-Encoding": wire}),
        Answer(raw=b"HTTP/1.1 " + wire.encode("latin-1") + b"\r\n\r\n"),
        Answer(text.encode("utf-8", "replace"), 200, {"Content-Type": "text/html"}),
        Answer(said, 429, kind | {"Retry-After": wire}),
    ]
    path = f"/api/v1/timelines/tag/bad{number}"
    server.route(path, answers[number % len(answers)])
    base = server.url("").rstrip("/")
    if number % 2:
        return "mastodon", f"mastodon:{base}/tag:bad{number}", "", {"address": base, "timeline": f"tag:bad{number}"}
    return "rss", base + path, "", {"address": base + path}


def markup(hostile: Hostile, place: str) -> str:
    """The string as HTML: entities revive what they stand for, everything else is escaped."""
    text = hostile.text(place)
    return text if hostile.html else escape(text, quote=True)


def _body(hostile: Hostile) -> str:
    alt = markup(hostile, "l").replace('"', "&quot;")
    return f'<p>{markup(hostile, "x")}</p><img src="https://far.example/{hostile.number}.png" alt="{alt}">'


def _json_feed(batch: list[Hostile], base: str) -> str:
    items = [
        {
            "id": f"j{h.number}",
            "url": f"{base}j/{h.number}",
            "title": h.text("t"),
            "content_html": _body(h),
            "authors": [{"name": h.text("u"), "url": f"{base}u/{h.number}"}],
            "tags": [h.text("g")],
            "date_published": _date(h.number, 0),
        }
        for h in batch
    ]
    title = batch[0].text("s") if batch else "none"
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items})


def _atom(batch: list[Hostile], base: str) -> str:
    def text(value: str) -> str:
        return xml_escape(
            "".join(
                c if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff" else f"&#{ord(c)};"
                for c in value
            ),
            {'"': "&quot;"},
        )

    rows = [
        f"<entry><id>a{h.number}</id><link href='{base}a/{h.number}'/><updated>{_date(h.number, 1)}</updated>"
        f"<title type='html'>{text(markup(h, 't'))}</title><category term=\"{text(h.text('g'))}\"/>"
        f"<author><name>{text(h.text('u'))}</name></author><content type='html'>{text(_body(h))}</content></entry>"
        for h in batch
    ]
    title = text(markup(batch[0], "s")) if batch else "none"
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title type='html'>{title}</title>{''.join(rows)}</feed>"


def _status(hostile: Hostile, base: str) -> dict[str, Any]:
    n = hostile.number
    return {
        "id": str(1_000_000 - n),
        "uri": f"https://far.example/s/{n}",
        "url": f"{base}/@m/{n}",
        "created_at": _date(n, 2),
        "content": f"<p>{markup(hostile, 'p')}</p>",
        "spoiler_text": hostile.text("c"),
        "language": hostile.attack[:9],
        "visibility": "public",
        "tags": [{"name": hostile.text("h")}],
        "mentions": [],
        "emojis": [{"shortcode": hostile.attack}],
        "account": {
            "id": str(n),
            "username": f"m{n}",
            "acct": f"m{n}@far.example",
            "display_name": hostile.text("v"),
            "url": f"https://far.example/@m{n}",
        },
        "media_attachments": [
            {"id": "1", "type": "image", "url": f"https://far.example/m{n}.png", "description": hostile.text("m")}
        ],
        "poll": {
            "options": [{"title": hostile.text("o"), "votes_count": 1}, {"title": "no", "votes_count": 2}],
            "votes_count": 3,
            "expired": True,
        },
        "card": {
            "url": f"https://far.example/c/{n}",
            "title": hostile.text("k"),
            "description": hostile.attack,
            "provider_name": hostile.attack,
            "author_name": hostile.attack,
        },
        "application": {"name": hostile.attack},
    }


def _date(number: int, kind: int) -> str:
    """Each a minute before the one of the next lower number, and each kind of source in a time of its own."""
    return datetime.fromtimestamp(NEWEST - kind * APART - 60 * number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
