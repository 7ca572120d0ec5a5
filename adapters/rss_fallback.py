"""What lxml cannot read or reads only in part, by feedparser (tolerant, but 20 times slower)."""

from __future__ import annotations

from typing import Any

from .rss_raw import Form, RawEntry, RawFeed, RawMedia
from .rss_xml import declared_interval
from .text_media import whole


def read(body: bytes, content_type: str, address: str) -> RawFeed | None:
    """The feed, or None when feedparser finds none either."""
    import feedparser

    headers = {"content-type": content_type or "application/xml", "content-location": address}
    try:
        found = feedparser.parse(
            body.lstrip(b" \t\r\n"), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception:  # its handlers of namespaces stumble over missing attributes, each in its own way
        return None
    if not found.version and not found.entries:
        return None
    head = found.feed
    feed = RawFeed(
        title=_words(head, "title"), link=_words(head, "link"), author=_words(head, "author"),
        lang=_words(head, "language"), base=address,
        interval=declared_interval(
            str(head.get("ttl", "")), _words(head, "sy_updateperiod"), _words(head, "sy_updatefrequency") or "1"
        ),
    )  # fmt: skip
    feed.entries = [_entry(entry) for entry in found.entries]
    return feed


def _words(found: Any, name: str) -> str:
    """A text of feedparser's, which may be missing, None or something made of parts."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _form(detail: Any) -> Form:
    kind = _words(detail or {}, "type")
    return "html" if "html" in kind else "unknown"


def _entry(entry: Any) -> RawEntry:
    content: Any = max(entry.get("content", []), key=lambda c: len(_words(c, "value")), default={})
    raw = RawEntry(
        guid=_words(entry, "id"), guid_is_link=bool(entry.get("guidislink")), link=_words(entry, "link"),
        original_link=_words(entry, "feedburner_origlink"),
        title=_words(entry, "title"), title_form=_form(entry.get("title_detail")),
        body=_words(content, "value"), body_form=_form(content),
        summary=_words(entry, "summary"), summary_form=_form(entry.get("summary_detail")),
        published=_words(entry, "published"), updated=_words(entry, "updated"),
        author=_words(entry, "author"),
        tags=[str(t.get("label") or t.get("term") or "") for t in entry.get("tags", [])],
        comments=str(entry.get("slash_comments", "")), comments_url=_words(entry, "comments"),
    )  # fmt: skip
    for part in [*entry.get("enclosures", []), *entry.get("media_content", [])]:
        url = part.get("href") or part.get("url")
        if url:
            size = whole(part.get("length") or part.get("filesize"))
            raw.media.append(RawMedia(str(url), str(part.get("type") or ""), str(part.get("medium") or ""), size))
    thumbnails = entry.get("media_thumbnail") or [{}]
    raw.thumbnail = _words(thumbnails[0], "url")
    return raw
