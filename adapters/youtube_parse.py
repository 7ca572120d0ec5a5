"""Feeds and pages of YouTube to items: pure, and run in the child that reads documents.

The feed is Atom with a `media:group`; it is decoded, freed of its document type and read strictly, as any feed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .base import Author, Item, Link, Malformed, Media, Sighting
from .rss_names import name_of, words
from .rss_parse import decode, prepare, repair
from .text import clean, clean_line, parse_date

MAX_VIDEOS, MAX_TEXT, MAX_LINKS = 200, 20_000, 100
_YT = re.compile(r"\{http://www\.youtube\.com/xml/schemas/\d+\}")
_ID = re.compile(r"[A-Za-z0-9_-]{5,30}")
_CHANNEL = re.compile(r"(?:UC)?[A-Za-z0-9_-]{10,60}")
_ADDRESS = re.compile(r"https?://[^\s<>\"']{1,1000}")
_AFTER = ".,;:!?)]}'\""
#: Where a channel's page names its channel, the surest first.
_NAMED = (
    re.compile(rb'<link rel="canonical" href="https?://[^"/]{1,100}/channel/(UC[A-Za-z0-9_-]{4,60})"'),
    re.compile(rb'<meta itemprop="(?:identifier|channelId)" content="(UC[A-Za-z0-9_-]{4,60})"'),
    re.compile(rb'"externalId":"(UC[A-Za-z0-9_-]{4,60})"'),
    re.compile(rb'/feeds/videos\.xml\?channel_id=(UC[A-Za-z0-9_-]{4,60})"'),
)


@dataclass(frozen=True, slots=True)
class Videos:
    """A feed: its videos, newest first, and its own name."""

    items: tuple[Item, ...] = ()
    title: str = ""


def read_feed(body: bytes, content_type: str, now: float, listed: bool) -> Videos:
    """Videos of a feed. `listed`: it is a playlist, put together by somebody. Raises `Malformed`."""
    root = _tree(body, content_type)
    if root is None or name_of(root.tag) != "feed":
        raise Malformed("YouTube did not answer with a feed.")
    title = ""
    items: dict[str, Item] = {}
    for x in root:
        name = name_of(x.tag)
        if name == "title":
            title = clean_line(words(x), 200)
        elif name == "entry" and len(items) < MAX_VIDEOS:
            item = _item(x, now, listed)
            if item is not None:
                items.setdefault(item.native_id, item)
    return Videos(tuple(items.values()), title)


def find_channel(body: bytes) -> str:
    """The channel that a page is about; "" when it does not say."""
    for pattern in _NAMED:
        if found := pattern.search(body):
            return found[1].decode("ascii")
    return ""


def _tree(body: bytes, content_type: str) -> Any:
    from lxml import etree

    text = prepare(decode(body, content_type))
    options: dict[str, Any] = {
        "resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True, "remove_pis": True,
    }  # fmt: skip
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(**options))
    except (etree.XMLSyntaxError, ValueError):
        pass
    try:
        return etree.fromstring(repair(text).encode("utf-8", "replace"), etree.XMLParser(recover=True, **options))
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed("YouTube did not answer with a feed.") from None


def _item(entry: Any, now: float, listed: bool) -> Item | None:
    fields = {_name(x): x for x in reversed(entry)}
    video = _text(fields, "videoId")
    if not _ID.fullmatch(video):
        return None
    group = {_name(x): x for x in reversed(fields["media:group"])} if "media:group" in fields else {}
    facts = {_name(x): x for x in group["media:community"]} if "media:community" in group else {}
    likes, views = _number(facts, "media:starRating", "count"), _number(facts, "media:statistics", "views")
    link = fields["link"].get("href") or "" if "link" in fields else ""
    short = "/shorts/" in link
    url = f"https://www.youtube.com/{'shorts/' if short else 'watch?v='}{video}"
    title = clean_line(_text(fields, "title") or _text(group, "media:title"))
    body, links = numbered(_text(group, "media:description"))
    published = parse_date(_text(fields, "published"))
    published = published if published is not None and published < now + 86_400 else None
    author = _author(fields)
    picture = group.get("media:thumbnail")
    extra = {"views": views, "short": short}
    return Item(
        native_id=f"youtube:{video}",
        url=url,
        title=title,
        text=body,
        author=author,
        published=published,
        media=(_media(url, title, picture),),
        links=links,
        # No rating at all means that the channel hides it.
        points=likes or None if views else likes,
        comments_url=url,
        sightings=(Sighting("list" if listed else "post", published, None if listed else author),),
        extra={key: value for key, value in extra.items() if value},
    )


def _media(url: str, title: str, picture: Any) -> Media:
    thumb = (picture.get("url") or "").strip() if picture is not None else ""
    thumb = clean_line(thumb, 1000) if thumb.startswith("https://") and " " not in thumb else ""
    size = [int(text) if text.isdigit() and len(text) < 6 else 0 for text in _sizes(picture)]
    return Media(url, "video", title, preview_url=thumb, width=size[0], height=size[1])


def _sizes(picture: Any) -> tuple[str, str]:
    if picture is None:
        return "", ""
    return picture.get("width") or "", picture.get("height") or ""


def _author(fields: dict[str, Any]) -> Author | None:
    person = {_name(x): x for x in fields["author"]} if "author" in fields else {}
    channel = _text(fields, "channelId")
    name = clean_line(_text(person, "name"), 100)
    if not _CHANNEL.fullmatch(channel):
        return None
    channel = channel if channel.startswith("UC") else f"UC{channel}"
    return Author(f"youtube:{channel}", name or channel, url=f"https://www.youtube.com/channel/{channel}")


def numbered(text: str) -> tuple[str, tuple[Link, ...]]:
    """A description with a number after each address in it, and those addresses.

    >>> numbered("More at https://a.example/x.")[0]
    'More at https://a.example/x [1].'
    """
    links: dict[str, int] = {}

    def put(found: re.Match[str]) -> str:
        url = found[0].rstrip(_AFTER)
        if url not in links and len(links) >= MAX_LINKS:
            return found[0]
        return f"{url} [{links.setdefault(url, len(links) + 1)}]{found[0][len(url) :]}"

    shown = _ADDRESS.sub(put, clean(text[:MAX_TEXT]))
    return shown.strip(), tuple(Link(url, url) for url in links)


def _name(x: Any) -> str:
    """Name of an element; YouTube's own namespace counts as none."""
    return _YT.sub("", x.tag) if _YT.match(x.tag) else name_of(x.tag)


def _text(fields: dict[str, Any], name: str) -> str:
    return words(fields[name]).strip() if name in fields else ""


def _number(fields: dict[str, Any], name: str, attribute: str) -> int | None:
    text = (fields[name].get(attribute) or "") if name in fields else ""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None
