"""One entry as a feed wrote it, whatever the format, and its conversion to an `Item`: pure."""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from .base import Author, Item, Link, Media
from .text_clean import clean_line
from .text_dates import parse_date
from .text_html import html_to_text
from .text_media import kind_of
from .text_urls import absolute

#: Is a text HTML, plain, or does nobody know (RSS titles and bodies)?
Form = Literal["html", "text", "unknown"]

MAX_ITEMS, MAX_TAGS, MAX_MEDIA = 10_000, 30, 40
#: A date further ahead than this (seconds) is wrong; clocks and time zones are off by less.
_AHEAD = 86_400.0
#: Dates of the first two days of Unix time mean "unknown".
_EPOCH_END = 2 * 86_400.0
_MARKUP = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|p|pre|q|s|small|span|strike|strong|sub"
    r"|sup|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
#: Elements whose content a page does not show, and tags without an end, which hide what follows: in a text that may not
#: be HTML at all they are words about HTML.
_HIDING = re.compile(
    r"<(?=!--|/?(?:script|style|template|head|title|svg|math|object|applet|button|select)\b|[^<>]*(?:<|\Z))", re.I
)
_COUNT = re.compile(r"[0-9]{1,9}")
_EMAIL = re.compile(r"[^\s()<>]+@[^\s()<>]+")
_AVATARS = ("gravatar.com/avatar", "gravatar.com/blavatar")


@dataclass(slots=True)
class RawMedia:
    """An enclosure or media:content; `kind_hint` is its `medium`."""

    url: str
    mime: str = ""
    kind_hint: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    alt: str = ""


@dataclass(slots=True)
class RawEntry:
    """Fields as text, not yet cleaned, dates not yet read, addresses not yet resolved."""

    guid: str = ""
    guid_is_link: bool = False
    link: str = ""
    original_link: str = ""
    title: str = ""
    title_form: Form = "unknown"
    body: str = ""
    body_form: Form = "unknown"
    summary: str = ""
    summary_form: Form = "unknown"
    published: str = ""
    updated: str = ""
    author: str = ""
    author_url: str = ""
    lang: str = ""
    base: str = ""
    tags: list[str] = field(default_factory=list)
    media: list[RawMedia] = field(default_factory=list)
    thumbnail: str = ""
    #: media:title and media:description, for entries without their own.
    media_title: str = ""
    description: str = ""
    comments: str = ""
    comments_url: str = ""


@dataclass(slots=True)
class RawFeed:
    """A whole document. `interval` is what it asks for, in seconds."""

    title: str = ""
    title_form: Form = "unknown"
    link: str = ""
    author: str = ""
    lang: str = ""
    base: str = ""
    interval: float | None = None
    entries: list[RawEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What `rss_parse.parse_feed` hands back: plain values only, so that it crosses a process."""

    title: str
    site_url: str
    interval: float | None
    items: tuple[Item, ...]


def line(text: str, form: Form, limit: int = 500) -> str:
    """A title as one plain line. RSS never says whether a title is HTML: known tags and entities mean yes."""
    if form == "html" or (form == "unknown" and "<" in text and _MARKUP.search(text)):
        text = _HIDING.sub("&lt;", text) if form == "unknown" else text
        text = html_to_text(_MARKUP.sub(_keep_words, text))[0] if "<" in text else html.unescape(text)
    elif form == "unknown" and "&" in text:
        text = html.unescape(text)
    return clean_line(text, limit)


def _keep_words(tag: re.Match[str]) -> str:
    return " " if tag[0][1:3].lower().rstrip("/> ") in ("br", "p", "li", "di") else ""


def convert(feed: RawFeed, key: str, now: float) -> Parsed:
    """Clean values from a raw feed. `key` makes ids unique among feeds; `now` is Unix seconds."""
    site = absolute(feed.base, feed.link)
    title = line(feed.title, feed.title_form, 200)
    ids = native_ids(feed.entries[:MAX_ITEMS], key)
    items: dict[str, Item] = {}
    for native_id, entry in zip(ids, feed.entries, strict=False):
        if native_id not in items:
            items[native_id] = to_item(entry, feed, native_id, site, now)
    return Parsed(title, site, feed.interval, tuple(items.values()))


def native_ids(entries: list[RawEntry], key: str) -> list[str]:
    """Ids by guid, else link, else content; an id that several different entries share is told apart."""
    own = [(e.guid or e.link).strip() or _digest(e.title, e.body, e.summary) for e in entries]
    counts: dict[str, set[tuple[str, str]]] = {}
    for name, entry in zip(own, entries, strict=True):
        counts.setdefault(name, set()).add((entry.link, "" if entry.guid and entry.link else entry.title))
    return [
        clean_line(
            f"{key}#{name}" if len(counts[name]) == 1 else f"{key}#{name}#{_digest(e.link, e.title)}", 1000
        )
        for name, e in zip(own, entries, strict=True)
    ]


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def to_item(raw: RawEntry, feed: RawFeed, native_id: str, site: str, now: float) -> Item:
    """One item. Relative links of the body are resolved against xml:base, else the entry's own page."""
    link = raw.link or (raw.guid if raw.guid_is_link else "")
    url = absolute(raw.base or site or feed.base, link) if link else ""
    page = raw.base or url or site or feed.base
    original = absolute(page, raw.original_link) if raw.original_link else ""
    text, links, pictures = _text(raw, page)
    published, updated = _moment(raw.published, now), _moment(raw.updated, now)
    published = published if published is not None else updated
    return Item(
        native_id=native_id,
        url=url,
        title=line(raw.title, raw.title_form) or line(raw.media_title, "unknown"),
        text=text,
        author=_author(raw.author or feed.author, raw.author_url, page, site or feed.base),
        published=published,
        updated=updated if updated is not None and updated != published else None,
        lang=clean_line(raw.lang or feed.lang)[:20].lower().replace("_", "-"),
        tags=_tags(raw.tags),
        media=_media(raw, pictures, page),
        links=links,
        comments=int(raw.comments) if _COUNT.fullmatch(raw.comments) else None,
        comments_url=absolute(page, raw.comments_url) if raw.comments_url else "",
        extra={"original_url": original} if original and original != url else {},
    )


def _text(raw: RawEntry, page: str) -> tuple[str, tuple[Link, ...], tuple[Media, ...]]:
    """Body, else summary, else media description, whichever first says something."""
    pictures: tuple[Media, ...] = ()
    bodies = ((raw.body, raw.body_form), (raw.summary, raw.summary_form), (raw.description, "unknown"))
    for text, form in bodies:
        if not text or text.isspace():
            continue
        # Plain text goes through the same door as HTML without a tag.
        plain, links, found = html_to_text(html.escape(text, quote=False) if form == "text" else text, page)
        pictures = pictures or found
        if plain:
            return plain, links, pictures
    return "", (), pictures


def _moment(text: str, now: float) -> float | None:
    at = parse_date(text) if text else None
    return at if at is not None and _EPOCH_END < at <= now + _AHEAD else None


def person(text: str) -> str:
    """The name in "me@example.org (Name)", "Name <me@example.org>" or plain "Name"."""
    text = line(text, "unknown", 200)
    if "@" in text:
        bare = _EMAIL.sub("", text).strip(" ()<>,;\"'@")
        text = bare or text.partition("@")[0].lstrip("<(").strip()
    return text.strip()


def _author(text: str, url: str, page: str, site: str) -> Author | None:
    name = person(text) if text else ""
    if not name:
        return None
    try:
        host = urlsplit(site).netloc.rpartition("@")[2].lower().removeprefix("www.")
    except ValueError:
        host = ""
    return Author(key=f"rss:{host}/{name.casefold()}", name=name, url=absolute(page, url) if url else "")


def _tags(raw: list[str]) -> tuple[str, ...]:
    tags: dict[str, str] = {}
    for text in raw[: MAX_TAGS * 2]:
        tag = line(text, "unknown", 100)
        if tag:
            tags.setdefault(tag.casefold(), tag)
    return tuple(tags.values())[:MAX_TAGS]


def _media(raw: RawEntry, pictures: tuple[Media, ...], page: str) -> tuple[Media, ...]:
    found: dict[str, Media] = {}
    for m in raw.media[:MAX_MEDIA]:
        url = absolute(page, m.url) if m.url else ""
        if not url or url.startswith("mailto:") or any(a in url for a in _AVATARS):
            continue
        mime = clean_line(m.mime, 100).lower()
        media = Media(
            url, kind_of(mime, url, m.kind_hint), clean_line(m.alt, 1500), mime,
            width=m.width, height=m.height, size=m.size,
        )  # fmt: skip
        old = found.get(url)
        if old is None or (not old.size and not old.alt):
            found[url] = media
    for picture in pictures:
        found.setdefault(picture.url, picture)
    preview = absolute(page, raw.thumbnail) if raw.thumbnail else ""
    if preview and preview not in found and not any(a in preview for a in _AVATARS):
        moving = next((m for m in found.values() if m.kind in ("video", "audio") and not m.preview_url), None)
        if moving:
            found[moving.url] = replace(moving, preview_url=preview)
        elif not any(m.kind == "image" for m in found.values()):
            found[preview] = Media(preview, "image")
    return tuple(found.values())[:MAX_MEDIA]
