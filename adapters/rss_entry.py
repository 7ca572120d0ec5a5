"""One <item> or <entry> (an lxml element) to a raw entry: a handler for each element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .rss_names import RDF_ABOUT, XML, construct, loose, markup, name_of, words
from .rss_raw import RawEntry, RawMedia
from .text_media import whole


def _title(e: RawEntry, x: Any) -> None:
    if not e.title:
        e.title, e.title_form = loose(x)


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
    value, form = loose(x)
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
        width, height = whole(x.get("width"), 100_000), whole(x.get("height"), 100_000)
        size = whole(x.get("fileSize"))
        e.media.append(RawMedia(url.strip(), x.get("type") or "", medium, size, width, height))
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
    e.media_title = e.media_title or words(x)


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
    "comments": _comments, "slash:comments": _comment_count, "thr:total": _comment_count,
    "feedburner:origLink": _original, "itunes:summary": _media_description,
    **dict.fromkeys(("pubDate", "pubdate", "published", "issued", "created", "dc:date"), _published),
    **dict.fromkeys(("dcterms:created", "dcterms:issued"), _published),
    **dict.fromkeys(("updated", "modified", "dcterms:modified"), _updated),
}  # fmt: skip
_RSS: dict[str, Handler] = {
    **_COMMON, "title": _title, "guid": _guid, "description": _summary, "summary": _summary,
}  # fmt: skip
_ATOM: dict[str, Handler] = {**_COMMON, "title": _atom_title, "id": _atom_id, "summary": _atom_summary}


def read_entry(x: Any, atom: bool, based: bool) -> RawEntry:
    """One <item> or <entry>. `based`: the document uses xml:base somewhere."""
    entry = RawEntry()
    handlers = _ATOM if atom else _RSS
    for child in x:
        handler = handlers.get(name_of(child.tag))
        if handler:
            handler(entry, child)
    if not atom and not entry.guid and (about := x.get(RDF_ABOUT)):
        entry.guid, entry.guid_is_link = about, about.startswith(("http://", "https://"))
    if based:
        entry.base = _own_base(x)
    entry.lang = x.get(XML + "lang") or ""
    return entry


def _own_base(x: Any) -> str:
    """The base in force inside an entry when it or an ancestor sets one, or its only content does."""
    holder = next((a for a in (x, *x.iterancestors()) if a.get(XML + "base") is not None), None)
    inner = next((c for c in x if c.get(XML + "base") is not None), None)
    if inner is not None:
        return inner.base or ""
    return (x.base or "") if holder is not None else ""
