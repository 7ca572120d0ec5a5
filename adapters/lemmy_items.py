"""Lemmy's and PieFed's wire shapes turned into items. Pure: bytes and values in, values out.

https://join-lemmy.org/api/ (v3, which Lemmy 1.0 still answers) and PieFed's /api/alpha, which is much like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Author, Item, Link, Malformed, Media, MediaKind, Poll, Sighting
from .forum_markdown import cross_post, to_html
from .text import clean, clean_line, html_to_text, parse_date
from .wire import address, decode, ident, number, parts, record, records, text

_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)$", re.IGNORECASE)
_MOVING = re.compile(r"\.(?:mp4|webm|mov)$", re.IGNORECASE)

_PINNED = ("featured_community", "featured_local", "sticky", "instance_sticky")


@dataclass(frozen=True, slots=True)
class Via:
    """Which server answered, and whether the authors are people the reader follows."""

    base: str
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `entries` are (local id, native id; "" for a cross-post or a husk), without what is pinned on top.

    `gone` are native ids that the page says are deleted; `crossed` maps a cross-post's local id to its original.
    """

    items: tuple[Item, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    older: str = ""
    count: int = 0
    crossed: tuple[tuple[str, str], ...] = ()


def read_listing(body: bytes, via: Via, crossed: Mapping[str, str] | None = None) -> Listing:
    """Posts of a page. `crossed` knows cross-posts that were joined before. Raises `Malformed`."""
    document = record(decode(body, parts(via.base).netloc))
    if not isinstance(document.get("posts"), list):
        raise Malformed(f"{parts(via.base).netloc} did not answer with a list of posts")
    views = records(document["posts"], 200)
    older = document.get("next_page")
    found = _joined([v for v in views if native_of(record(v.get("post")), via)], via, dict(crossed or {}))
    named = ident(older) or (older if isinstance(older, str) and re.fullmatch(r"[\w=+/.-]{1,300}", older) else "")
    return replace(found, older=str(named), count=len(views))


def _joined(views: list[dict[str, Any]], via: Via, crossed: dict[str, str]) -> Listing:
    """Items of a page, a cross-post beside its original being that item once more."""
    posts = [(v, record(v.get("post"))) for v in views]
    originals = _originals((p for _, p in posts), via, crossed)
    items: dict[str, Item] = {}
    arrivals: list[tuple[str, Item]] = []
    entries, gone, joined = [], [], []
    for view, post in posts:
        native, local = native_of(post, via), ident(post.get("id"))
        original = originals.get(native, "")
        husk = post.get("removed") is True or post.get("deleted") is True
        if not any(post.get(flag) is True for flag in _PINNED):
            entries.append((local, "" if original or husk else native))
        if husk:
            gone.append(native)
            continue
        item = to_item(view, via)
        if original:
            arrivals.append((original, item))
            joined.append((local, original))
        else:
            items[native] = item
    for original, item in arrivals:
        if original in items:
            items[original] = _brought(items[original], item)
    return Listing(tuple(items.values()), tuple(entries), tuple(gone), crossed=tuple(joined))


def _originals(posts: Iterable[Mapping[str, Any]], via: Via, crossed: Mapping[str, str]) -> dict[str, str]:
    """Native id of a cross-post -> native id of its original, as far as the page or an earlier one shows it."""
    natives: dict[str, str] = {}
    twins: dict[tuple[str, str], str] = {}
    found: dict[str, str] = {}
    for post in sorted(posts, key=lambda p: (text(p.get("published"), 40), number(p.get("id")) or 0)):
        native, local = native_of(post, via), ident(post.get("id"))
        link = text(post.get("url"), 2000)
        twin = (link, _title(post)) if link else ("", native)
        from_page = cross_post(text(post.get("body"), 2000))[0]
        others = [ident(other.get("post_id")) for other in records(post.get("cross_posts"), 20)]
        above = natives.get(from_page) or next((natives[o] for o in others if o in natives), "") or twins.get(twin, "")
        above = found.get(above, above) or crossed.get(local, "")
        if above and above != native:
            found[native] = above
        natives |= {native: native, f"{via.base}/post/{local}": native, local: native}
        twins.setdefault(twin, native)
    return found


def _brought(original: Item, copy: Item) -> Item:
    """The original as the cross-post brought it again."""
    at = copy.published
    link = Link(copy.comments_url, f"also in {copy.tags[0]}" if copy.tags else "cross-post")
    links = original.links if link in original.links else (*original.links, link)
    return replace(original, sightings=(*original.sightings, Sighting("boost", at, copy.author)), links=links)


def to_item(view: Mapping[str, Any], via: Via) -> Item:
    """The item of one post with its surroundings ("PostView"). Never raises."""
    post, counts = record(view.get("post")), record(view.get("counts"))
    native, local = native_of(post, via), ident(post.get("id"))
    page = address(via.base, post.get("ap_id")) or f"{via.base}/post/{local}"
    link = address(via.base, post.get("url"), 4000)
    origin, words = cross_post(text(post.get("body"), 300_000))
    body, links, pictures = html_to_text(to_html(words), page)
    if origin and address(via.base, origin):
        links = (*links, Link(origin, "cross-posted from"))
    at, edited = (parse_date(text(post.get(k), 64)) for k in ("published", "updated"))
    author, where = to_author(view.get("creator"), via.base), to_community(view.get("community"), via.base)
    sensitive = post.get("nsfw") is True or record(view.get("community")).get("nsfw") is True
    return Item(
        native_id=native,
        url=link or page,
        title=_title(post),
        text=body,
        author=author,
        published=at or None,
        updated=edited or None,
        tags=tuple(dict.fromkeys(tag for tag in (where, *_flairs(view, post)) if tag)),
        media=(*_media(view, post, link, via.base), *pictures),
        links=links,
        points=_points(counts.get("score")),
        comments=number(counts.get("comments")),
        comments_url=page,
        content_warning="NSFW" if sensitive else "",
        sensitive=sensitive,
        poll=_poll(post.get("poll")),
        sightings=(Sighting("post", at or None, author) if via.followed else Sighting("list", at or None),),
        extra=_extra(post, local, link, via),
    )


def read_comments(body: bytes, via: Via, post: str, limit: int) -> tuple[Item, ...]:
    """At most `limit` comments of a post. `post` is its native id. Raises `Malformed`."""
    document = record(decode(body, parts(via.base).netloc))
    if not isinstance(document.get("comments"), list):
        raise Malformed(f"{parts(via.base).netloc} did not answer with comments")
    views = records(document["comments"], limit)
    natives = {ident(record(v.get("comment")).get("id")): native_of(record(v.get("comment")), via) for v in views}
    return tuple(_comment(v, via, post, natives) for v in views if _present(record(v.get("comment")), via))


def _present(raw: Mapping[str, Any], via: Via) -> bool:
    return bool(native_of(raw, via)) and raw.get("removed") is not True and raw.get("deleted") is not True


def _comment(view: Mapping[str, Any], via: Via, post: str, natives: Mapping[str, str]) -> Item:
    raw = record(view.get("comment"))
    native = native_of(raw, via)
    page = address(via.base, raw.get("ap_id")) or f"{via.base}/comment/{ident(raw.get('id'))}"
    body, links, media = html_to_text(to_html(text(raw.get("content") or raw.get("body"), 300_000)), page)
    at, edited = (parse_date(text(raw.get(k), 64)) for k in ("published", "updated"))
    # "0.12.34": below comment 12, which is below the post.
    above = text(raw.get("path"), 4000).split(".")[1:-1]
    return Item(
        native_id=native,
        url=page,
        text=body,
        author=to_author(view.get("creator"), via.base),
        published=at or None,
        updated=edited or None,
        media=media,
        links=links,
        points=_points(record(view.get("counts")).get("score")),
        comments_url=page,
        in_reply_to=(natives.get(above[-1]) or post) if above else post,
        thread=post,
    )


def native_of(raw: Mapping[str, Any], via: Via) -> str:
    """The ActivityPub id, the same on every server; else one made of the server's own number; "" without any."""
    local = ident(raw.get("id"))
    if not local:
        return ""
    return address(via.base, raw.get("ap_id")) or f"lemmy:{parts(via.base).netloc}/{local}"


def to_author(value: Any, base: str) -> Author | None:
    """The person of a post; `key` is made of the profile page, the same on every server."""
    raw = record(value)
    url = address(base, raw.get("actor_id") or raw.get("ap_id"))
    name = clean_line(text(raw.get("name") or raw.get("user_name"), 200), 100)
    if not (url or name):
        return None
    page = parts(url)
    host = page.netloc.lower() or parts(base).netloc
    shown = clean_line(text(raw.get("display_name") or raw.get("title"), 500), 100) or name or host
    key = f"lemmy:{host}{page.path.rstrip('/')}" if url else f"lemmy:{host}/u/{name}"
    return Author(key, shown, f"@{name}@{host}" if name else "", url, address(base, raw.get("avatar")))


def to_community(value: Any, base: str) -> str:
    """"!name@host" of a community."""
    raw = record(value)
    name = clean_line(text(raw.get("name"), 200), 100)
    host = parts(address(base, raw.get("actor_id") or raw.get("ap_id"))).netloc.lower() or parts(base).netloc
    return f"!{name}@{host}" if name else ""


def _title(post: Mapping[str, Any]) -> str:
    return clean_line(text(post.get("name") or post.get("title"), 2000), 500)


def _flairs(view: Mapping[str, Any], post: Mapping[str, Any]) -> list[str]:
    """Flairs and tags of a post: PieFed's, and those of Lemmy 1.0."""
    given = [*records(view.get("flair_list"), 20), *records(view.get("tags"), 20)]
    given += [*records(post.get("flair"), 20), *records(post.get("tags"), 20)]
    words = (e.get("flair_title") or e.get("display_as") or e.get("display_name") or e.get("name") for e in given)
    return [clean_line(text(word, 200), 100).lstrip("#") for word in words]


def _media(view: Mapping[str, Any], post: Mapping[str, Any], link: str, base: str) -> Iterable[Media]:
    """What the post leads to where that is a picture or a video; else the picture made of the link."""
    details = record(view.get("image_details")) or record(post.get("image_details"))
    width, height = number(details.get("width")) or 0, number(details.get("height")) or 0
    alt = clean(text(post.get("alt_text"), 10_000)).strip()
    small = address(base, post.get("thumbnail_url")) or address(base, post.get("small_thumbnail_url"))
    mime = clean_line(text(post.get("url_content_type"), 100), 100).lower()
    kind: MediaKind | None = None
    if link and (mime.startswith("image/") or _PICTURE.search(parts(link).path)):
        kind = "image"
    elif link and (mime.startswith("video/") or _MOVING.search(parts(link).path)):
        kind = "video"
    if kind:
        kept = mime if mime.startswith(f"{kind}/") else ""
        preview = small if small != link else ""
        yield Media(link, kind, alt=alt, mime=kept, preview_url=preview, width=width, height=height)
    elif small:
        yield Media(small, alt=alt)


def _poll(value: Any) -> Poll | None:
    """PieFed's polls."""
    raw = record(value)
    options = tuple(
        (clean_line(text(choice.get("choice_text"), 2000), 500), number(choice.get("num_votes")))
        for choice in records(raw.get("choices"), 50)
    )
    return Poll(options, parse_date(text(raw.get("end_poll"), 64)), raw.get("mode") == "multiple") if options else None


def _extra(post: Mapping[str, Any], local: str, link: str, via: Via) -> dict[str, Any]:
    card = {
        "url": link,
        "title": clean_line(text(post.get("embed_title"), 2000), 300),
        "description": clean_line(text(post.get("embed_description"), 5000), 1000),
    }
    extra: dict[str, Any] = {"id": local, "instance": parts(via.base).netloc}
    extra |= {"card": {k: v for k, v in card.items() if v}} if card["title"] or card["description"] else {}
    extra |= {flag: True for flag in ("locked", "ai_generated") if post.get(flag) is True}
    return extra


def _points(value: Any) -> int | None:
    """Votes up minus votes down; may be negative."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else None
