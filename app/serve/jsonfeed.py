"""A feed as JSON Feed 1.1 (https://jsonfeed.org/version/1.1). Pure."""

from __future__ import annotations

from typing import Any

from penchant.app.commands.output import dumps

from .clean import block, language, line, moment, web
from .model import Entry, Feed

MIME = "application/feed+json; charset=utf-8"
ABOUT = "https://jsonfeed.org/version/1.1"


def write(feed: Feed) -> bytes:
    """One JSON object. What penchant thinks of an item stands in its `_penchant`."""
    whole = {
        "version": ABOUT,
        "title": line(feed.title),
        "description": line(feed.subtitle),
        "home_page_url": feed.home,
        "feed_url": feed.own,
        **({"next_url": feed.next} if feed.next else {}),
        "items": [_item(entry) for entry in feed.entries],
    }
    return dumps(whole).encode("utf-8")


def _item(entry: Entry) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "url": web(entry.url),
        "title": "" if entry.untitled else line(entry.title),
        "summary": line(entry.summary),
        "image": web(entry.image),
        "language": language(entry.lang),
        "authors": [{"name": line(entry.author)}] if line(entry.author) else [],
        "tags": [line(tag) for tag in entry.tags if line(tag)],
        "attachments": [
            {"url": web(found.url), "mime_type": line(found.mime)}
            | ({"size_in_bytes": found.size} if found.size else {})
            for found in entry.enclosures
        ],
    }
    own = {
        "about": "urn:penchant:json-feed",
        "uid": entry.uid,
        "probability": None if entry.probability is None else round(entry.probability, 4),
        "source": line(entry.source),
        "why": line(entry.why),
        "replies_url": web(entry.replies),
    }
    return {
        "id": line(entry.id),
        "content_html": block(entry.html),
        "date_published": moment(entry.published),
        "date_modified": moment(entry.updated),
        **{name: value for name, value in facts.items() if value},
        "_penchant": {name: value for name, value in own.items() if value not in (None, "")},
    }
