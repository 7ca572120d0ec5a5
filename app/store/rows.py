"""Items of a page as rows of the archive: pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from penchant.adapters.base import INSIDE, Item, Link, Media, Poll
from penchant.app.decide import Text, identifies

from .text_index import may_be_unspaced

#: Characters of text that a card shows.
EXCERPT = 280

BODY_COLUMNS = (
    "published, updated, media_count, sensitive, text_len, content_hash, lang, author_key, author,"
    " author_handle, author_url, title, url, canonical_url, domain, content_warning, in_reply_to,"
    " thread, tags,"
    " excerpt, alt, poll, media, links, extra, text"
)
_BODY_COUNT = BODY_COLUMNS.count(",") + 1
#: A name that its source deleted can return while another source's copy still holds its uid: that one is kept, and
#: the returning item takes half of it and its own id.
_UID = "iif(EXISTS (SELECT 1 FROM items WHERE uid = ?2), substr(?2, 1, 16) || printf('%016x', ?1), ?2)"
INSERT_ITEM = (
    "INSERT INTO items(id, uid, kind, native_id, subscription_id, first_seen, points, comments, comments_url,"
    f" people, sort_at, {BODY_COLUMNS}) VALUES (?1, {_UID}, {', '.join('?' * (9 + _BODY_COUNT))})"
)
#: Takes a body and the id; an item without a date of its own keeps its place.
UPDATE_ITEM = (
    f"UPDATE items SET ({BODY_COLUMNS}) = ({', '.join('?' * _BODY_COUNT)}),"
    " sort_at = iif(?1 IS NULL, first_seen, min(?1, first_seen)) WHERE id = ?"
)

#: Links of a post that are looked at: more is a list.
MOST_LINKS = 4

SightingRow = tuple[str, str, str, float]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One item ready to store; `body` follows BODY_COLUMNS, sightings are (how, by_key, by_name, at)."""

    native_id: str
    uid: str
    content_hash: bytes
    points: int | None
    comments: int | None
    comments_url: str
    body: tuple[Any, ...]
    sightings: tuple[SightingRow, ...]
    text: Text
    unspaced: bool
    first_seen: float


def uid(kind: str, native_id: str) -> str:
    """The identity of an item on every machine: 32 hex digits."""
    return hashlib.blake2b(
        f"{kind}\x1f{native_id}".encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()


def prepare(kind: str, item: Item, canonical: str, now: float) -> Prepared:
    """Everything about one item that can be computed before the write lock is taken."""
    digest = item.content_hash
    # An export knows when the reader had a thing, which is long ago: it must not pass for new (0: unknown).
    given = item.extra.get("first_seen")
    first = min(given, now) if isinstance(given, float) else now
    at = first if item.published is None else min(item.published, now)
    key = canonical if identifies(canonical) else ""
    author = item.author
    alt = "\n".join(media.alt for media in item.media if media.alt) if item.media else ""
    body = (
        item.published,
        item.updated,
        len(item.media),
        int(item.sensitive),
        len(item.text),
        digest,
        item.lang,
        author.key if author else "",
        author.name if author else "",
        author.handle if author else "",
        author.url if author else "",
        item.title,
        item.url,
        key,
        _domain(canonical or item.url),
        item.content_warning,
        item.in_reply_to,
        item.thread,
        _dump(item.tags) if item.tags else "",
        " ".join(item.text[: EXCERPT + 120].split())[:EXCERPT],
        alt,
        _poll(item.poll) if item.poll else "",
        _dump([_media(media) for media in _theirs(kind, item.media)]) if item.media else "",
        _dump([(link.url, link.text) for link in item.links]) if item.links else "",
        _dump(dict(item.extra)) if item.extra else "",
        item.text,
    )
    return Prepared(
        item.native_id,
        uid(kind, item.native_id),
        digest,
        item.points,
        item.comments,
        item.comments_url,
        body,
        _sightings(item, at, now),
        Text(digest, key, item.title, item.text, item.lang, at),
        may_be_unspaced(item.text, item.title, author.name if author else "", alt),
        first,
    )


def item_row(kind: str, sub: int | None, item_id: int, item: Prepared) -> tuple[Any, ...]:
    """Parameters of INSERT_ITEM."""
    people = len({by for _, by, _, _ in item.sightings if by})
    stats = (item.points, item.comments, item.comments_url)
    return (item_id, item.uid, kind, item.native_id, sub, item.first_seen, *stats, people, item.text.at, *item.body)


def _sightings(item: Item, at: float, now: float) -> tuple[SightingRow, ...]:
    """An item that names nobody who brought it was simply there."""
    if not item.sightings:
        return (("post", "", "", at),)
    return tuple(
        (s.how, s.by.key if s.by else "", s.by.name if s.by else "", at if s.at is None else min(s.at, now))
        for s in item.sightings
    )


def _domain(url: str) -> str:
    """Host of an absolute address without "www."."""
    _, mark, rest = url.partition("://")
    if not mark:
        return ""
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0].lower()
    return host.removeprefix("www.")


#: json.dumps would make an encoder for each value.
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def _theirs(kind: str, found: tuple[Media, ...]) -> tuple[Media, ...]:
    """Only what the reader imports may point into their exports; from anybody else such addresses are emptied."""
    if kind == "export" or not any(INSIDE in (media.url + media.preview_url).lower() for media in found):
        return found
    return tuple(outward(media) for media in found)


def outward(media: Media) -> Media:
    """The attachment as it may leave the program: without addresses that point into an export."""
    url, preview = ("" if _points_inside(each) else each for each in (media.url, media.preview_url))
    return media if (url, preview) == (media.url, media.preview_url) else replace(media, url=url, preview_url=preview)


def _points_inside(address: str) -> bool:
    return address.strip().lower().startswith(INSIDE)


def _media(media: Media) -> list[Any]:
    return [
        media.url, media.kind, media.alt, media.mime, media.preview_url,
        media.width, media.height, media.size, media.blurhash,
    ]  # fmt: skip


def _poll(poll: Poll) -> str:
    return _dump([[list(option) for option in poll.options], poll.closes_at, poll.multiple])


def load_media(column: str) -> tuple[Media, ...]:
    return tuple(Media(*fields) for fields in json.loads(column)) if column else ()


def load_links(column: str) -> tuple[Link, ...]:
    return tuple(Link(url, text) for url, text in json.loads(column)) if column else ()


def load_poll(column: str) -> Poll | None:
    if not column:
        return None
    options, closes_at, multiple = json.loads(column)
    return Poll(tuple((text, votes) for text, votes in options), closes_at, multiple)


def about(own: str, links: str) -> tuple[str, ...]:
    """What an item is about: its own canonical address, and those that the links of a post lead to.

    The quoted post is among the links, so a quotation is about what it quotes.
    """
    if not links:
        return (own,) if own else ()
    found = [own, *map(_canonical, [url for url, _ in json.loads(links)[:MOST_LINKS]])]
    return tuple(dict.fromkeys(url for url in found if identifies(url)))


@lru_cache(maxsize=4096)
def _canonical(url: str) -> str:
    from penchant.adapters.text import canonical_url

    return canonical_url(url)


def load_tags(column: str) -> tuple[str, ...]:
    return tuple(json.loads(column)) if column else ()
