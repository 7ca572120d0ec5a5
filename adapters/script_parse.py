"""What a command printed, to items: a feed, a JSON list or JSON Lines. Pure; runs in the child that reads documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .base import Malformed
from .rss_json import read_entry
from .rss_parse import parse_feed
from .rss_raw import MAX_ITEMS, Parsed, RawFeed, convert

#: Longest line of JSON Lines that is read (characters).
MAX_LINE = 1 << 20
#: Other names for the members of a JSON Feed's items, as scripts write them.
_ALIASES = {
    "id": ("guid", "key"),
    "url": ("link", "href", "permalink"),
    "title": ("name", "headline"),
    "content_html": ("html",),
    "content_text": ("content", "text", "body", "description"),
    "summary": ("excerpt",),
    "date_published": ("published", "date", "pubDate", "pubdate", "created", "created_at", "timestamp"),
    "date_modified": ("updated", "modified", "updated_at"),
    "image": ("thumbnail", "picture"),
    "language": ("lang",),
}


def read_output(body: bytes, key: str, now: float) -> Parsed:
    """Items of RSS, Atom, RDF, a JSON Feed, a JSON list of items, or one JSON object a line. Raises `Malformed`.

    Nothing at all is no items: a command that found nothing new need not print a feed.
    """
    text = body.decode("utf-8-sig", "replace").strip()
    if not text:
        return Parsed("", "", None, ())
    if text[0] not in "{[":
        return parse_feed(body, "", "", key, now)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return convert(_lines(text), key, now)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        feed = _feed(value["items"])
        feed.title = value["title"] if isinstance(value.get("title"), str) else ""
        home = value.get("home_page_url")
        feed.link = home if isinstance(home, str) else ""
        return convert(feed, key, now)
    return convert(_feed(value if isinstance(value, list) else [value]), key, now)


def _lines(text: str) -> RawFeed:
    """JSON Lines. A line that is no object is left out; `Malformed` when the first is none."""
    records: list[Any] = []
    for number, line in enumerate(_short_lines(text), 1):
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if not records:
                raise Malformed(
                    f"The command printed JSON that cannot be read (line {number}).",
                    hint="It must print a JSON Feed, a JSON list, one JSON object a line, RSS or Atom.",
                ) from error
    return _feed(records)


def _short_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if 0 < len(line.strip()) <= MAX_LINE:
            yield line


def _feed(records: list[Any]) -> RawFeed:
    feed = RawFeed(title_form="text")
    feed.entries = [read_entry(named(r)) for r in records[:MAX_ITEMS] if isinstance(r, dict) and r]
    return feed


def named(raw: dict[str, Any]) -> dict[str, Any]:
    """An object with the names that JSON Feed uses; its own come first."""
    found = dict(raw)
    for name, others in _ALIASES.items():
        if not found.get(name):
            found[name] = next((raw[other] for other in others if raw.get(other)), None)
    for name in ("date_published", "date_modified"):
        found[name] = _moment(found[name])
    author = raw.get("author") or raw.get("by")
    if isinstance(author, str):
        found["author"] = {"name": author}
    if isinstance(raw.get("tags"), str):
        found["tags"] = [tag.strip() for tag in raw["tags"].split(",")]
    return found


def _moment(value: Any) -> Any:
    """A date as text; Unix seconds (or milliseconds) as such a text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
