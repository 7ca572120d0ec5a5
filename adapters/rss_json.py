"""JSON Feed 1 and 1.1 (jsonfeed.org) to raw entries; wrong types are read as far as they make sense."""

from __future__ import annotations

from typing import Any

from .rss_raw import MAX_ITEMS, RawEntry, RawFeed, RawMedia
from .text_media import whole


def _text(value: Any) -> str:
    """A string; numbers as text (ids are numbers in the wild), everything else as nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _author(value: dict[str, Any]) -> tuple[str, str]:
    """(name, address) of the first author that has either; 1.1 has `authors`, 1 had `author`."""
    for one in [*_list(value.get("authors")), value.get("author")]:
        if isinstance(one, dict) and (one.get("name") or one.get("url")):
            return _text(one.get("name")) or _text(one.get("url")), _text(one.get("url"))
    return "", ""


def read_json(value: Any, address: str) -> RawFeed | None:
    """A decoded JSON Feed, or None when it is something else."""
    if not isinstance(value, dict) or "jsonfeed.org/version/" not in _text(value.get("version")):
        return None
    feed = RawFeed(
        title=_text(value.get("title")), title_form="text", link=_text(value.get("home_page_url")),
        base=address,
        author=_author(value)[0], lang=_text(value.get("language")),
    )  # fmt: skip
    feed.entries = [
        read_entry(item) for item in _list(value.get("items"))[:MAX_ITEMS] if isinstance(item, dict)
    ]
    return feed


def read_entry(item: dict[str, Any]) -> RawEntry:
    """One member of `items`. `url` is its page, `external_url` the page it links to."""
    name, url = _author(item)
    html, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    entry = RawEntry(
        guid=_text(item.get("id")), link=_text(item.get("url")) or _text(item.get("external_url")),
        title=_text(item.get("title")), title_form="text",
        body=html or plain, body_form="html" if html else "text",
        summary=_text(item.get("summary")), summary_form="text",
        published=_text(item.get("date_published")), updated=_text(item.get("date_modified")),
        author=name, author_url=url, lang=_text(item.get("language")),
        tags=[_text(tag) for tag in _list(item.get("tags"))],
    )  # fmt: skip
    entry.guid_is_link = entry.guid.startswith(("http://", "https://"))
    entry.thumbnail = _text(item.get("image")) or _text(item.get("banner_image"))
    for part in _list(item.get("attachments")):
        if isinstance(part, dict) and _text(part.get("url")):
            entry.media.append(
                RawMedia(
                    _text(part["url"]),
                    _text(part.get("mime_type")),
                    size=whole(part.get("size_in_bytes")),
                    alt=_text(part.get("title")),
                )
            )
    return entry
