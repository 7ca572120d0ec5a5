"""Posts of Bluesky turned into items. Pure: bytes and values in, values out.

https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/feed
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import bluesky_labels as labels
from .base import Author, Item, Link, Malformed, Sighting
from .bluesky_embeds import Embed, read_embed
from .bluesky_place import WEB, actor_of
from .bluesky_text import read_text
from .text import clean_line, parse_date
from .wire import address, decode, number, record, records, text

MAX_ROWS = 200
#: Posts of one thread that are read, and how far up from the one asked for.
MAX_THREAD, MAX_ABOVE = 500, 200
POST = re.compile(r"at://(did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200})/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]{1,100})")
_QUOTED = "app.bsky.embed.record#viewRecord"
_WITHHELD = {
    "app.bsky.embed.record#viewBlocked": "blocked",
    "app.bsky.embed.record#viewNotFound": "deleted",
    "app.bsky.embed.record#viewDetached": "removed by its author",
}


@dataclass(frozen=True, slots=True)
class Via:
    """How a list brings its posts here. `followed`: its authors are people the reader follows."""

    host: str
    followed: bool = False
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page. `rows` are names of its rows in order (of a repost another than of its post)."""

    items: tuple[Item, ...] = ()
    rows: tuple[str, ...] = ()
    cursor: str = ""


def read_page(body: bytes, via: Via) -> Timeline:
    """Posts of a feed, a search or bookmarks. A row that cannot be read is left out; raises `Malformed`."""
    document = record(decode(body, via.host))
    rows = next((document[name] for name in ("feed", "posts", "bookmarks") if name in document), None)
    if not isinstance(rows, list):
        raise Malformed(f"{via.host} did not answer with a list of posts")
    items: dict[str, Item] = {}
    names: dict[str, None] = {}
    for raw in records(rows, MAX_ROWS):
        view, how = _row(raw, via)
        item = to_item(view, via)
        if item is None:
            continue
        names[_name(item.native_id, how)] = None
        _bring(items, item, how)
        quoted = _quoted_item(view, via) if via.followed and how.how in ("post", "boost") else None
        if quoted is not None:
            _bring(items, quoted, Sighting("quote", item.published, item.author))
    return Timeline(tuple(items.values()), tuple(names), text(document.get("cursor"), 1500))


def read_thread(body: bytes, via: Via) -> tuple[Item, ...]:
    """What a post answers (oldest first), the post and the replies, all with the same `thread`."""
    top = record(record(decode(body, via.host)).get("thread"))
    if not isinstance(top.get("post"), dict):
        raise Malformed(
            f"{via.host} does not show this thread", hint="The post was deleted, or one of you blocked the other."
        )
    above = list(_above(top))
    items = {item.native_id: item for view in (*reversed(above), *_below(top)) if (item := to_item(view, via))}
    root = next(iter(items.values()), None)
    name = (root.thread or root.native_id) if root else ""
    return tuple(replace(item, thread=name) for item in items.values())


def to_item(raw: Mapping[str, Any], via: Via) -> Item | None:
    """The item of one post as shown to the reader (`#postView`), or None when it is none. Never raises."""
    post = POST.fullmatch(text(raw.get("uri"), 500))
    author = to_author(raw.get("author"))
    if post is None or author is None or (not via.signed_in and members_only(raw.get("author"))):
        return None
    content, embed = record(raw.get("record")), read_embed(raw.get("embed"))
    rich = read_text(content.get("text"), content.get("facets"))
    quote = _quote(embed.record)
    url = f"{WEB}/profile/{author.handle.lstrip('@') or post[1]}/post/{post[2]}"
    marks = labels.values(raw)
    likes, reposts = number(raw.get("likeCount")), number(raw.get("repostCount"))
    reply = record(content.get("reply"))
    langs = content.get("langs")
    return Item(
        native_id=post[0],
        url=url,
        text=(rich.text + _quoted_text(quote)).strip(),
        author=author,
        published=moment(content, raw),
        lang=clean_line(text(langs[0], 35), 35) if isinstance(langs, list) and langs else "",
        tags=tuple(dict.fromkeys((*rich.tags, *_outer_tags(content.get("tags"))))),
        media=embed.media,
        links=_all_links(rich.links, embed, quote),
        points=None if likes is None and reposts is None else (likes or 0) + (reposts or 0),
        comments=number(raw.get("replyCount")),
        comments_url=url,
        in_reply_to=_post_uri(reply.get("parent")),
        thread=_post_uri(reply.get("root")),
        content_warning=labels.warning(marks),
        sensitive=labels.sensitive(marks),
        extra=_extra(raw, via, embed, quote, (likes, reposts)),
    )


def to_author(value: Any) -> Author | None:
    """A person; the key is the DID, which stays when the handle changes."""
    raw = record(value)
    did = actor_of(text(raw.get("did"), 250))
    if not did.startswith("did:"):
        return None
    handle = actor_of(text(raw.get("handle"), 253))
    handle = "" if handle.startswith("did:") or handle == "handle.invalid" else handle
    name = clean_line(text(raw.get("displayName"), 1000), 100) or handle or did
    return Author(did, name, handle and f"@{handle}", f"{WEB}/profile/{handle or did}", address("", raw.get("avatar")))


def members_only(author: Any) -> bool:
    """Whether this person asks not to be shown to readers without an account."""
    return labels.MEMBERS_ONLY in labels.values(record(author))


def moment(content: Mapping[str, Any], raw: Mapping[str, Any]) -> float | None:
    """When it was written: as the author's app says, but never later than the network saw it."""
    written, seen = parse_date(text(content.get("createdAt"), 64)), parse_date(text(raw.get("indexedAt"), 64))
    known = [when for when in (written, seen) if when]
    return min(known, default=None)


def _row(raw: Mapping[str, Any], via: Via) -> tuple[Mapping[str, Any], Sighting]:
    """The post of a row and how it came: a feed's row has "post", a bookmark "item", a search neither."""
    if isinstance(raw.get("item"), dict):
        return record(raw["item"]), Sighting("list", parse_date(text(raw.get("createdAt"), 64)))
    view = record(raw["post"]) if isinstance(raw.get("post"), dict) else raw
    reason = record(raw.get("reason"))
    at = parse_date(text(reason.get("indexedAt"), 64))
    by = to_author(reason.get("by"))
    if text(reason.get("$type"), 100).endswith("#reasonRepost") and by is not None:
        return view, Sighting("boost", at, by)
    at = moment(record(view.get("record")), view)
    return view, Sighting("post", at, to_author(view.get("author"))) if via.followed else Sighting("list", at)


def _name(native_id: str, how: Sighting) -> str:
    """A repost is another row than its post; 200 characters are what a cursor keeps of a name."""
    return f"{native_id}~{how.by.key}"[:200] if how.how == "boost" and how.by else native_id


def _bring(items: dict[str, Item], item: Item, how: Sighting) -> None:
    """Add an item, or one more sighting to it."""
    earlier = items.get(item.native_id)
    before = earlier.sightings if earlier else ()
    # What a post embeds is shown with less than the post itself.
    fuller = earlier if earlier and (how.how == "quote" or before[0].how != "quote") else item
    if how not in before:
        items[item.native_id] = replace(fuller, sightings=(*before, how))


def _quoted_item(view: Mapping[str, Any], via: Via) -> Item | None:
    """The post that a post quotes, one level deep, or None where there is none to be seen."""
    raw = read_embed(view.get("embed")).record
    if raw.get("$type") != _QUOTED:
        return None
    embeds = records(raw.get("embeds"), 1)
    return to_item({**raw, "record": record(raw.get("value")), "embed": embeds[0] if embeds else {}}, via)


def _quote(raw: Mapping[str, Any]) -> dict[str, Any]:
    """State, native_id, url, author and text of a quoted post; a title for a list, feed or starter pack."""
    kind = text(raw.get("$type"), 100)
    if kind in _WITHHELD:
        return {"state": _WITHHELD[kind]}
    author = to_author(raw.get("author")) or to_author(raw.get("creator"))
    if author is None:
        return {}
    uri = text(raw.get("uri"), 500)
    rkey = uri.rpartition("/")[2]
    if kind == _QUOTED and (post := POST.fullmatch(uri)):
        content = record(raw.get("value"))
        warned = labels.warning(labels.values({**raw, "record": content}))
        words = f"[{warned}]" if warned else read_text(content.get("text"), None).text
        url = f"{author.url}/post/{post[2]}"
        who = author.handle or author.name
        return {"state": "accepted", "native_id": uri, "url": url, "author": who, "text": words[:5000]}
    page = {"generatorView": "feed", "listView": "lists"}.get(kind.rpartition("#")[2])
    title = clean_line(text(raw.get("displayName"), 500) or text(raw.get("name"), 500), 200)
    if not page or not re.fullmatch(r"[A-Za-z0-9._~:-]{1,100}", rkey):
        return {}
    return {"state": "accepted", "url": f"{author.url}/{page}/{rkey}", "author": author.handle, "text": title}


def _quoted_text(quote: Mapping[str, Any]) -> str:
    if quote.get("text"):
        lines = f"{quote['author']}:\n{quote['text']}".strip().splitlines()
        return "\n\n" + "\n".join(f"> {line}" for line in lines)
    return f"\n\n> (a quoted post, {quote['state']})" if quote and quote["state"] != "accepted" else ""


def _all_links(links: tuple[Link, ...], embed: Embed, quote: Mapping[str, Any]) -> tuple[Link, ...]:
    have = {link.url for link in links}
    more = [Link(embed.card["url"], embed.card.get("title", ""))] if embed.card else []
    if quote.get("url"):
        more.append(Link(quote["url"], f"quoted: {quote['author']}"))
    return links + tuple(link for link in more if link.url not in have)


def _outer_tags(value: Any) -> Iterator[str]:
    """Tags that stand beside the text."""
    for tag in value[:20] if isinstance(value, list) else []:
        if cleaned := clean_line(text(tag, 300), 100).lstrip("#").strip():
            yield cleaned


def _post_uri(value: Any) -> str:
    uri = text(record(value).get("uri"), 500)
    return uri if POST.fullmatch(uri) else ""


def _above(top: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a post of a thread answers, nearest first."""
    node = record(top.get("parent"))
    for _ in range(MAX_ABOVE):
        if not isinstance(node.get("post"), dict):
            return
        yield node["post"]
        node = record(node.get("parent"))


def _below(top: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A post of a thread and its replies, each before its own."""
    stack = [top]
    for _ in range(MAX_THREAD):
        if not stack:
            return
        node = stack.pop()
        if isinstance(node.get("post"), dict):
            yield node["post"]
        stack += reversed(records(node.get("replies"), MAX_THREAD))


def _extra(
    raw: Mapping[str, Any], via: Via, embed: Embed, quote: Mapping[str, Any], counts: tuple[int | None, int | None]
) -> dict[str, Any]:
    viewer = record(record(raw.get("author")).get("viewer"))
    extra: dict[str, Any] = {
        "likes": counts[0],
        "boosts": counts[1],
        "quotes": number(raw.get("quoteCount")),
        "card": dict(embed.card),
        "quote": dict(quote),
        "followed": via.followed or bool(viewer.get("following")),
        "favourited": bool(record(raw.get("viewer")).get("like")),
    }
    return {key: value for key, value in extra.items() if value not in (None, "", {}, False, 0)}
