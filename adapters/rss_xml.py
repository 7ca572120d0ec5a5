"""RSS 0.9x-2.0, RDF and Atom trees (lxml) to raw entries."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lxml import etree

from .rss_raw import Form, RawEntry, RawFeed, RawMedia
from .text_media import whole

_PREFIXES = {
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://purl.org/syndication/thread/1.0": "thr:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/rss/1.0/modules/wfw/": "wfw:",
}
#: Namespaces whose elements have the plain names of RSS and Atom.
_PLAIN = (
    "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "http://purl.org/rss/1.0/", "http://backend.userland.com/",
    "http://my.netscape.com/", "http://channel.netscape.com/", "http://purl.org/net/rss", "http://blogs.law.harvard.edu/",
)  # fmt: skip
_XML = "{http://www.w3.org/XML/1998/namespace}"
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_PERIODS = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0, "yearly": 31536000.0}
_ROOTS = ("rss", "feed", "rdf:RDF", "RDF", "channel")


@lru_cache(maxsize=2048)
def name_of(tag: str) -> str:
    """"prefix:name" of a Clark name; unknown namespaces keep a "?:" so that they match nothing."""
    if tag[0] != "{":
        return tag
    uri, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(uri)
    if prefix is not None:
        return prefix + local
    return local if not uri or uri.startswith(_PLAIN) else "?:" + local


def words(element: Any) -> str:
    """All text of an element."""
    return (element.text or "") if not len(element) else "".join(element.itertext())


def markup(element: Any) -> str:
    """The inner XML of an element that holds elements, else its text."""
    if not len(element):
        return element.text or ""
    inner = [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return _escaped(element.text) + "".join(inner)


def _escaped(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;")


def construct(element: Any) -> tuple[str, Form]:
    """An Atom text construct or content: its value and what it is (RFC 4287 sections 3.1 and 4.1.3)."""
    kind = (element.get("type") or "text").strip().lower()
    if element.get("mode") == "base64" or (
        kind not in ("text", "html", "xhtml") and not kind.startswith("text/") and not kind.endswith(("+xml", "/xml"))
    ):
        try:
            return base64.b64decode(words(element), validate=False).decode("utf-8", "replace"), "html"
        except (binascii.Error, ValueError):
            return "", "text"
    if len(element) or kind == "xhtml":
        return markup(element), "html"
    if kind in ("html", "text/html", "application/xhtml+xml") or element.get("mode") == "escaped":
        return element.text or "", "html"
    return element.text or "", "text"


def _loose(element: Any) -> tuple[str, Form]:
    """A text of RSS, which may carry Atom's `type` or `mode` by mistake."""
    if element.get("type") or element.get("mode"):
        return construct(element)
    return (markup(element), "html") if len(element) else (element.text or "", "unknown")


def _title(e: RawEntry, x: Any) -> None:
    if not e.title:
        e.title, e.title_form = _loose(x)


def _atom_title(e: RawEntry, x: Any) -> None:
    e.title, e.title_form = construct(x)


def _link(e: RawEntry, x: Any) -> None:
    href = x.get("href")
    if href is None:
        e.link = e.link or words(x).strip()
        return
    rel = (x.get("rel") or "alternate").strip().lower()
    if rel == "alternate":
        kind = x.get("type") or ""
        if not e.link or kind in ("text/html", "application/xhtml+xml"):
            e.link = href.strip()
    elif rel == "enclosure":
        _enclosure(e, x)
    elif rel == "replies" and not e.comments_url and (x.get("type") or "").startswith("text/html"):
        e.comments_url = href
        _count(e, x)


def _count(e: RawEntry, x: Any) -> None:
    count = x.get("{http://purl.org/syndication/thread/1.0}count") or ""
    e.comments = e.comments or count.strip()


def _guid(e: RawEntry, x: Any) -> None:
    e.guid = words(x).strip()
    permanent = (x.get("isPermaLink") or x.get("ispermalink") or "true").strip().lower()
    e.guid_is_link = permanent != "false" and e.guid.startswith(("http://", "https://"))


def _atom_id(e: RawEntry, x: Any) -> None:
    e.guid = words(x).strip()
    e.guid_is_link = e.guid.startswith(("http://", "https://"))


def _content(e: RawEntry, x: Any) -> None:
    source = x.get("src")
    if source:
        e.media.append(RawMedia(source, x.get("type") or ""))
        e.link = e.link or source
        return
    value, form = construct(x)
    if len(value) > len(e.body):
        e.body, e.body_form = value, form


def _encoded(e: RawEntry, x: Any) -> None:
    value, form = (markup(x), "html") if len(x) else (x.text or "", "html")
    if len(value) > len(e.body):
        e.body, e.body_form = value, form  # type: ignore[assignment]


def _summary(e: RawEntry, x: Any) -> None:
    value, form = _loose(x)
    if len(value) > len(e.summary):
        e.summary, e.summary_form = value, form


def _atom_summary(e: RawEntry, x: Any) -> None:
    e.summary, e.summary_form = construct(x)


def _enclosure(e: RawEntry, x: Any) -> None:
    url = x.get("url") or x.get("href")
    if url:
        e.media.append(
            RawMedia(url.strip(), x.get("type") or "", size=whole(x.get("length")), alt=x.get("title") or "")
        )


def _media_content(e: RawEntry, x: Any) -> None:
    url = x.get("url")
    if url:
        medium = (x.get("medium") or "").strip().lower()
        e.media.append(
            RawMedia(
                url.strip(), x.get("type") or "", medium, whole(x.get("fileSize")),
                whole(x.get("width"), 100_000), whole(x.get("height"), 100_000),
            )  # fmt: skip
        )
    own = len(e.media) - 1 if url else -1
    for child in x:
        name = name_of(child.tag)
        if own >= 0 and name in ("media:title", "media:description") and not e.media[own].alt:
            e.media[own].alt = words(child)
        elif name in _MEDIA_PARTS and not (own >= 0 and name == "media:title"):
            _MEDIA_PARTS[name](e, child)


def _media_group(e: RawEntry, x: Any) -> None:
    for child in x:
        handler = _MEDIA_PARTS.get(name_of(child.tag))
        if handler:
            handler(e, child)


def _media_title(e: RawEntry, x: Any) -> None:
    if not e.title:
        e.title, e.title_form = words(x), "html" if x.get("type") == "html" else "unknown"


def _thumbnail(e: RawEntry, x: Any) -> None:
    e.thumbnail = e.thumbnail or (x.get("url") or x.get("href") or words(x)).strip()


def _media_description(e: RawEntry, x: Any) -> None:
    e.description = e.description or words(x)


def _tag(e: RawEntry, x: Any) -> None:
    e.tags.append(x.get("label") or x.get("term") or words(x))


def _keywords(e: RawEntry, x: Any) -> None:
    e.tags.extend(words(x).split(","))


def _published(e: RawEntry, x: Any) -> None:
    e.published = e.published or words(x).strip()


def _updated(e: RawEntry, x: Any) -> None:
    e.updated = e.updated or words(x).strip()


def _author(e: RawEntry, x: Any) -> None:
    if len(x):
        e.author, e.author_url = person_parts(x)
    elif x.text:
        e.author = x.text


def _creator(e: RawEntry, x: Any) -> None:
    e.author = e.author or words(x)


def _comments(e: RawEntry, x: Any) -> None:
    e.comments_url = words(x).strip()


def _comment_count(e: RawEntry, x: Any) -> None:
    e.comments = words(x).strip()


def _original(e: RawEntry, x: Any) -> None:
    e.original_link = words(x).strip()


def _base(e: RawEntry, x: Any) -> None:
    """Elements that carry their own entry in an <item> (source, image, ...) are left alone."""


def person_parts(x: Any) -> tuple[str, str]:
    """(name or email, address) of an Atom person construct."""
    parts = {name_of(child.tag).rpartition(":")[2]: words(child).strip() for child in x}
    return parts.get("name") or parts.get("email") or "", parts.get("uri") or parts.get("url") or ""


Handler = Callable[[RawEntry, Any], None]
_MEDIA_PARTS: dict[str, Handler] = {
    "media:content": _media_content, "media:thumbnail": _thumbnail, "media:group": _media_group,
    "media:title": _media_title, "media:description": _media_description, "media:category": _tag,
    "media:keywords": _keywords,
}  # fmt: skip
_COMMON: dict[str, Handler] = {
    **_MEDIA_PARTS,
    "link": _link, "category": _tag, "dc:subject": _tag, "author": _author, "dc:creator": _creator,
    "dc:author": _creator, "itunes:author": _creator, "itunes:image": _thumbnail, "enclosure": _enclosure,
    "content:encoded": _encoded, "content": _content, "xhtml:body": _encoded, "xhtml:div": _encoded,
    "pubDate": _published, "pubdate": _published, "published": _published, "issued": _published, "created": _published,
    "dc:date": _published, "dcterms:created": _published, "dcterms:issued": _published, "updated": _updated,
    "modified": _updated, "dcterms:modified": _updated, "comments": _comments, "slash:comments": _comment_count,
    "thr:total": _comment_count, "feedburner:origLink": _original, "itunes:summary": _media_description,
}  # fmt: skip
_RSS: dict[str, Handler] = {**_COMMON, "title": _title, "guid": _guid, "description": _summary, "summary": _summary}
_ATOM: dict[str, Handler] = {**_COMMON, "title": _atom_title, "id": _atom_id, "summary": _atom_summary, "tagline": _summary}


def read_entry(x: Any, atom: bool, based: bool) -> RawEntry:
    """One <item> or <entry>. `based`: the document uses xml:base somewhere."""
    entry = RawEntry()
    handlers = _ATOM if atom else _RSS
    for child in x:
        handler = handlers.get(name_of(child.tag))
        if handler:
            handler(entry, child)
    if not atom and not entry.guid and (about := x.get(_RDF_ABOUT)):
        entry.guid, entry.guid_is_link = about, about.startswith(("http://", "https://"))
    if based:
        entry.base = _own_base(x)
    entry.lang = x.get(_XML + "lang") or ""
    return entry


def _own_base(x: Any) -> str:
    """The base in force inside an entry when it or an ancestor sets one, or its only content does."""
    holder = next((a for a in (x, *x.iterancestors()) if a.get(_XML + "base") is not None), None)
    inner = next((c for c in x if c.get(_XML + "base") is not None), None)
    if inner is not None:
        return inner.base or ""
    return (x.base or "") if holder is not None else ""


def read_feed(root: Any, address: str) -> RawFeed | None:
    """A whole tree, or None when its root is no feed's."""
    kind = name_of(root.tag)
    if kind.rpartition(":")[2] not in ("rss", "feed", "RDF", "channel") or kind not in _ROOTS and not kind.startswith("?:"):
        return None
    atom = kind.endswith("feed")
    based = any(True for _ in root.iter() if _.get(_XML + "base") is not None)
    channel = root if atom or kind == "channel" else next((c for c in root if name_of(c.tag) == "channel"), root)
    feed = RawFeed(base=(root.base if based else "") or address, lang=root.get(_XML + "lang") or "")
    minutes, period, frequency = "", "", "1"
    containers = [channel] if channel is root else [channel, root]
    for place in containers:
        for child in place:
            name = name_of(child.tag)
            if name in ("item", "entry"):
                feed.entries.append(read_entry(child, name == "entry", based))
            elif place is not channel:
                continue
            elif name == "ttl":
                minutes = words(child)
            elif name == "sy:updatePeriod":
                period = words(child)
            elif name == "sy:updateFrequency":
                frequency = words(child)
            else:
                _channel_field(feed, name, child, atom)
    feed.interval = declared_interval(minutes, period, frequency)
    return feed


def _channel_field(feed: RawFeed, name: str, child: Any, atom: bool) -> None:
    if name == "title" and not feed.title:
        feed.title, feed.title_form = construct(child) if atom else _loose(child)
    elif name == "link":
        href = child.get("href")
        if href is None:
            feed.link = words(child).strip() or feed.link
        elif (child.get("rel") or "alternate") == "alternate" and not feed.link:
            feed.link = href.strip()
    elif name in ("language", "dc:language"):
        feed.lang = words(child).strip() or feed.lang
    elif name == "author" and atom and not feed.author:
        feed.author = person_parts(child)[0] if len(child) else words(child)
    elif name == "items":
        for item in child:  # RSS 1.0 drafts nest them
            if name_of(item.tag) == "item":
                feed.entries.append(read_entry(item, False, False))


def declared_interval(minutes: str, period: str, frequency: str) -> float | None:
    """Seconds between polls by <ttl> (minutes) or sy:updatePeriod and updateFrequency; None without."""
    try:
        seconds = float(minutes) * 60
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= 30 * 86400:
        return seconds
    length = _PERIODS.get(period.strip().lower())
    try:
        times = float(frequency)
    except ValueError:
        times = 1.0
    return length / times if length and 0 < times <= 1440 else None
