"""Reddit's Atom feeds turned into the same items as its JSON, as far as they say: no counts, no flairs. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from .base import Author, Item, Link, Media, Sighting
from .reddit_items import Listing, native_id
from .reddit_media import SITE
from .reddit_place import PAGE_SIZE
from .rss_parse import parse_feed
from .wire import parts

_NAME = re.compile(r"#(t[13]_[A-Za-z0-9]{1,13})$")
#: What Reddit writes below every entry, once it is plain text.
_FOOT = re.compile(
    r"submitted by\s+/?u/[\w-]+(?: \[\d+\])?(?:\s+to\s+/?r/\w+(?: \[\d+\])?)?"
    r"\s*\[link\](?: \[(\d+)\])?\s*\[comments\](?: \[(\d+)\])?\s*$"
)
_ON = re.compile(r"^/u/[\w-]+ on (.*)$", re.DOTALL)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp)$", re.IGNORECASE)


def read_feed(body: bytes, url: str, content_type: str, now: float, followed: bool = False) -> Listing:
    """Entries of a feed. `now` is Unix seconds. Raises `Malformed` when it is no feed."""
    parsed = parse_feed(body, url, content_type, "reddit", now)
    items, entries = [], []
    for found in parsed.items[:500]:
        name = _NAME.search(found.native_id)
        if name and found.url:
            item = to_item(found, name[1].lower(), followed)
            items.append(item)
            entries.append((name[1].lower(), item.native_id))
    # A full page may have a successor; a shorter one is the last.
    older = entries[-1][0] if len(entries) >= PAGE_SIZE else ""
    return Listing(tuple(items), tuple(entries), older, title=parsed.title)


def to_item(found: Item, name: str, followed: bool) -> Item:
    """The item of one entry, named like its JSON twin, so that both are one."""
    page = found.url
    steps = parts(page).path.strip("/").split("/")
    community = f"r/{steps[1]}" if steps[0] == "r" and len(steps) > 1 else "/".join(steps[:2])
    author = _author(found.author)
    common = replace(
        found, native_id=native_id(name), author=author, tags=(community,) if community else (),
        comments=None, comments_url=page, updated=None, media=(), extra={"subreddit": community.removeprefix("r/")},
    )  # fmt: skip
    if name.startswith("t1_"):
        heading = _ON.match(found.title)
        post = steps[3] if len(steps) > 3 else ""
        return replace(
            common, title="", thread=native_id(f"t3_{post}") if post else "",
            sightings=(Sighting("reply", found.published, author if followed else None),),
            extra={**common.extra, "title": heading[1][:300] if heading else "", "post": post},
        )  # fmt: skip
    words, link, links = _without_foot(found.text, found.links)
    link = link if link and link.rstrip("/") != page.rstrip("/") else ""
    own = parts(link).netloc in ("v.redd.it", parts(page).netloc, parts(SITE).netloc)
    return replace(
        common, text=words, links=links, url=link if link and not own else page, media=_media(found.media, link),
        sightings=(Sighting("post", found.published, author) if followed else Sighting("list", found.published),),
    )  # fmt: skip


def _without_foot(text: str, links: tuple[Link, ...]) -> tuple[str, str, tuple[Link, ...]]:
    """(text, where [link] leads, links of the text) without the line that Reddit adds."""
    start = text.rfind("submitted by")
    foot = _FOOT.match(text, start) if start >= 0 else None
    if foot is None:
        return text, "", links
    number = int(foot[1] or 0)
    target = links[number - 1].url if 0 < number <= len(links) else ""
    kept = text[:start].rstrip()
    used = [int(n) for n in re.findall(r" \[(\d{1,4})\]", kept)]
    return kept, target, links[: max((n for n in used if n <= len(links)), default=0)]


def _author(found: Author | None) -> Author | None:
    name = found.name.removeprefix("/u/") if found else ""
    if not re.fullmatch(r"[\w-]{1,50}", name):
        return None
    return Author(f"reddit:{name.lower()}", name, f"u/{name}", f"{SITE}/user/{name}")


def _media(pictures: tuple[Media, ...], link: str) -> tuple[Media, ...]:
    """The picture itself where the link is one, with the thumbnail before it; else the thumbnail."""
    small = pictures[0].url if pictures else ""
    if _PICTURE.search(parts(link).path):
        return (Media(link, preview_url=small),)
    return (Media(small),) if small else ()
