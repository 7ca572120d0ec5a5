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
    found = feedparser.parse(
        body.lstrip(b" \t\r\n"), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not found.version and not found.entries:
        return None
    head = found.feed
    feed = RawFeed(
        title=head.get("title", ""), link=head.get("link", ""), author=head.get("author", ""),
        lang=head.get("language", ""), base=address,
        interval=declared_interval(
            str(head.get("ttl", "")), head.get("sy_updateperiod", ""), head.get("sy_updatefrequency", "1")
        ),
    )  # fmt: skip
    feed.entries = [_entry(entry) for entry in found.entries]
    return feed


def _form(detail: Any) -> Form:
    kind = (detail or {}).get("type", "")
    return "html" if "html" in kind else "unknown"


def _entry(entry: Any) -> RawEntry:
    content: Any = max(entry.get("content", []), key=lambda c: len(c.get("value", "")), default={})
    raw = RawEntry(
        guid=entry.get("id", ""), guid_is_link=bool(entry.get("guidislink")), link=entry.get("link", ""),
        original_link=entry.get("feedburner_origlink", ""),
        title=entry.get("title", ""), title_form=_form(entry.get("title_detail")),
        body=content.get("value", ""), body_form=_form(content),
        summary=entry.get("summary", ""), summary_form=_form(entry.get("summary_detail")),
        published=entry.get("published", ""), updated=entry.get("updated", ""),
        author=entry.get("author", ""),
        tags=[str(t.get("label") or t.get("term") or "") for t in entry.get("tags", [])],
        comments=str(entry.get("slash_comments", "")), comments_url=entry.get("comments", ""),
    )  # fmt: skip
    for part in [*entry.get("enclosures", []), *entry.get("media_content", [])]:
        url = part.get("href") or part.get("url")
        if url:
            size = whole(part.get("length") or part.get("filesize"))
            raw.media.append(RawMedia(url, part.get("type") or "", part.get("medium") or "", size))
    thumbnails = entry.get("media_thumbnail") or [{}]
    raw.thumbnail = thumbnails[0].get("url", "")
    return raw
