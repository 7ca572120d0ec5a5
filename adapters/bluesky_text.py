"""Text of a Bluesky post with its facets: byte ranges of the UTF-8 that are links, tags or mentions. Pure.

https://docs.bsky.app/docs/advanced-guides/post-richtext
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .base import Link
from .text import clean, clean_line
from .wire import address, number, record, records, text

#: The network's limit is 3,000 bytes; other software on the same protocol writes longer ones.
MAX_TEXT, MAX_FACETS = 50_000, 200
_FACET = "app.bsky.richtext.facet#"


@dataclass(frozen=True, slots=True)
class Rich:
    """Plain text where each link is followed by its number, the links, and the tags in it."""

    text: str
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Range:
    start: int
    end: int
    url: str = ""


def read_text(value: Any, facets: Any) -> Rich:
    """The text of a record with its links numbered from 1; facets that make no sense are left out.

    >>> read_text("\u00e9 here", [{"index": {"byteStart": 3, "byteEnd": 7}, "features": [
    ...     {"$type": "app.bsky.richtext.facet#link", "uri": "https://far.example/"}]}]).text
    '\u00e9 here [1]'
    """
    raw = text(value, MAX_TEXT).encode()
    links: list[Link] = []
    numbers: dict[str, int] = {}
    parts: list[bytes] = []
    at = 0
    for found in sorted(_links(facets, raw), key=lambda r: (r.start, r.end)):
        if found.start < at:
            continue  # overlaps the one before: the protocol says that the earlier one holds
        shown = raw[found.start : found.end].decode()
        if found.url not in numbers:
            links.append(Link(found.url, clean_line(shown, 300)))
            numbers[found.url] = len(links)
        parts += [raw[at : found.end], f" [{numbers[found.url]}]".encode()]
        at = found.end
    parts.append(raw[at:])
    return Rich(clean(b"".join(parts).decode()).strip(), tuple(links), tuple(dict.fromkeys(_tags(facets))))


def _links(facets: Any, raw: bytes) -> Iterator[_Range]:
    for facet in records(facets, MAX_FACETS):
        index = record(facet.get("index"))
        start, end = number(index.get("byteStart")), number(index.get("byteEnd"))
        if start is None or end is None or not _whole(raw, start, end):
            continue
        for feature in records(facet.get("features"), 10):
            url = address("", feature.get("uri")) if feature.get("$type") == _FACET + "link" else ""
            if url:
                yield _Range(start, end, url)
                break


def _whole(raw: bytes, start: int, end: int) -> bool:
    """Whether a range lies inside the text and cuts no character in two."""
    if not 0 <= start < end <= len(raw):
        return False
    return raw[start] & 0xC0 != 0x80 and (end == len(raw) or raw[end] & 0xC0 != 0x80)


def _tags(facets: Any) -> Iterator[str]:
    for facet in records(facets, MAX_FACETS):
        for feature in records(facet.get("features"), 10):
            if feature.get("$type") == _FACET + "tag":
                tag = clean_line(text(feature.get("tag"), 300), 100).lstrip("#").strip()
                if tag:
                    yield tag
