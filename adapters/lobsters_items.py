"""Lobsters' JSON and feeds turned into items. Pure: bytes and values in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from .base import Author, Item, Malformed, Sighting
from .rss_parse import parse_feed
from .text import clean_line, html_to_text, parse_date
from .wire import address, decode, number, record, records, text

MAX_HTML = 200_000
#: Stories on a page of the site.
PAGE_SIZE = 25
_SHORT = re.compile(r"[a-z0-9]{4,12}")
_PAGE = re.compile(r"/(s|c)/([a-z0-9]{4,12})(?:[/#?.]|$)")


@dataclass(frozen=True, slots=True)
class Site:
    """Where items are from: `host` names them, `base` is the address that relative links hang on."""

    host: str
    base: str
    followed: bool = False

    def native(self, short_id: str, kind: str = "s") -> str:
        """"lobsters:abc123" of a story, "lobsters:c/abc123" of a comment; other sites carry their name."""
        site = "" if self.host == "lobste.rs" else f"{self.host}/"
        return f"lobsters:{site}{'c/' if kind == 'c' else ''}{short_id}"

    def author(self, value: Any) -> Author | None:
        """A person: a name, or an object with one (before 2024)."""
        raw = record(value)
        name = clean_line(text(value if isinstance(value, str) else raw.get("username"), 100), 60)
        if not name:
            return None
        picture = address(self.base, raw.get("avatar_url"))
        return Author(
            f"lobsters:{self.host}/{name.lower()}", name, f"~{name}", f"https://{self.host}/~{quote(name)}", picture
        )

    def sighting(self, at: float | None, author: Author | None, how: str = "list") -> tuple[Sighting, ...]:
        if how == "reply":
            return (Sighting("reply", at, author if self.followed else None),)
        return (Sighting("post", at, author) if self.followed else Sighting("list", at),)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: items, and whether another follows."""

    items: tuple[Item, ...] = ()
    more: bool = False


def read_stories(body: bytes, site: Site) -> Listing:
    """Stories of a JSON listing. Raises `Malformed`."""
    document = decode(body, site.host)
    if not isinstance(document, list):
        raise Malformed(f"{site.host} did not answer with a list of stories")
    found = (to_item(raw, site) for raw in records(document, 200))
    unique = {item.native_id: item for item in found if item}
    return Listing(tuple(unique.values()), len(document) >= PAGE_SIZE)


def to_item(raw: Mapping[str, Any], site: Site) -> Item | None:
    """The item of one story; None without an id. Never raises."""
    short = text(raw.get("short_id"), 20)
    if not _SHORT.fullmatch(short):
        return None
    page = address(site.base, raw.get("comments_url")) or f"https://{site.host}/s/{short}"
    body, links, media = html_to_text(text(raw.get("description"), MAX_HTML), page)
    at = parse_date(text(raw.get("created_at"), 64))
    author = site.author(raw.get("submitter_user"))
    tags = raw.get("tags")
    named = (clean_line(tag, 60) for tag in tags[:30] if isinstance(tag, str)) if isinstance(tags, list) else ()
    return Item(
        native_id=site.native(short),
        url=address(site.base, raw.get("url"), 4000) or page,
        title=clean_line(text(raw.get("title"), 2000), 500),
        text=body,
        author=author,
        published=at or None,
        tags=tuple(dict.fromkeys(tag for tag in named if tag)),
        media=media,
        links=links,
        points=_points(raw.get("score")),
        comments=number(raw.get("comment_count")),
        comments_url=page,
        sightings=site.sighting(at or None, author),
        extra={"authored": True} if raw.get("user_is_author") is True else {},
    )


def read_thread(body: bytes, site: Site, limit: int) -> tuple[Item, ...]:
    """At most `limit` comments of a story's JSON, in its order: each before its replies. Raises `Malformed`.

    Which comment a reply answers is said by name ("parent_comment") or follows from how far it is indented.
    """
    document = record(decode(body, site.host))
    story = text(document.get("short_id"), 20)
    if not _SHORT.fullmatch(story) or not isinstance(document.get("comments"), list):
        raise Malformed(f"{site.host} did not answer with a discussion")
    above: dict[int, str] = {}
    found = []
    for raw in records(document["comments"], limit):
        short = text(raw.get("short_id"), 20)
        if not _SHORT.fullmatch(short):
            continue
        level = number(raw.get("depth") if "depth" in raw else raw.get("indent_level")) or 0
        named = text(raw.get("parent_comment"), 20)
        parent = named if _SHORT.fullmatch(named) else above.get(level - 1, "")
        above[level] = short
        if raw.get("is_deleted") is not True and raw.get("is_moderated") is not True:
            found.append(comment(raw, site, story, parent))
    return tuple(found)


def comment(raw: Mapping[str, Any], site: Site, story: str, parent: str) -> Item:
    """The item of one comment of a discussion."""
    short = text(raw.get("short_id"), 20)
    page = address(site.base, raw.get("url")) or address(site.base, raw.get("short_id_url"))
    page = page or f"https://{site.host}/c/{short}"
    body, links, media = html_to_text(text(raw.get("comment"), MAX_HTML), page)
    at = parse_date(text(raw.get("created_at"), 64))
    edited = parse_date(text(raw.get("updated_at") or raw.get("last_edited_at"), 64))
    return Item(
        native_id=site.native(short, "c"),
        url=page,
        text=body,
        author=site.author(raw.get("commenting_user")),
        published=at or None,
        updated=edited if edited and edited != at else None,
        media=media,
        links=links,
        points=_points(raw.get("score")),
        comments_url=page,
        in_reply_to=site.native(parent, "c") if parent else site.native(story),
        thread=site.native(story),
    )


def read_feed(body: bytes, url: str, content_type: str, now: float, site: Site) -> Listing:
    """Stories or comments of an RSS feed, named like their JSON twins; without counts. Raises `Malformed`."""
    parsed = parse_feed(body, url, content_type, "lobsters", now)
    items = []
    for found in parsed.items[:200]:
        guid = found.native_id.partition("#")[2]
        named = _PAGE.search(guid) or _PAGE.search(found.url)
        if named:
            items.append(_entry(found, site, named[1], named[2]))
    return Listing(tuple({item.native_id: item for item in items}.values()))


def _entry(found: Item, site: Site, kind: str, short: str) -> Item:
    author = site.author(found.author.name) if found.author else None
    common = replace(
        found, native_id=site.native(short, kind), author=author, updated=None, extra={},
        sightings=site.sighting(found.published, author, "reply" if kind == "c" else "list"),
    )  # fmt: skip
    if kind == "c":
        return replace(common, title="", comments_url=found.url, extra={"title": found.title} if found.title else {})
    # The description ends with a link to the discussion.
    body = re.sub(r"\s*Comments(?: \[\d+\])?\s*$", "", found.text)
    used = [int(n) for n in re.findall(r" \[(\d{1,4})\]", body)]
    links = found.links[: max((n for n in used if n <= len(found.links)), default=0)]
    page = found.comments_url or f"https://{site.host}/s/{short}"
    return replace(common, text=body, links=links, url=found.url or page, comments_url=page)


def _points(value: Any) -> int | None:
    """Votes up minus flags; may be negative."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else None
