"""Reddit's wire shapes turned into items. Pure: bytes and values in, values out.

https://github.com/reddit-archive/reddit/wiki/JSON: t3 is a post, t1 a comment.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Author, Item, Link, Malformed, Sighting
from .forum_markdown import to_html
from .reddit_media import SITE, media_of, poll_of
from .text import clean_line, html_to_text
from .wire import address, decode, ident, number, parts, record, records, text

#: Characters of HTML read of one post; Reddit's own limit is 40,000 of Markdown.
MAX_HTML = 300_000
MAX_DEPTH = 100
GONE = ("[deleted]", "[removed]")
_OWN_HOSTS = re.compile(r"(?:[a-z-]+\.)?(?:reddit\.com|redd\.it)")
_EMOJI = re.compile(r":[A-Za-z0-9_-]{1,50}:")
#: Without raw_json=1 Reddit escapes every text of a document once more; these tell which kind it is.
_RAW = re.compile(rb'_html": ?"(?:<|\\u003[cC])')
_ESCAPED = re.compile(rb'_html": ?"&lt;|"(?:u|url|source|thumbnail)": ?"https?:[^"]{0,4000}&amp;')


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `entries` are (fullname, native id; "" for a cross-post), without what is pinned on top.

    `gone` are native ids of what the page itself says is deleted or removed; `title` is a post's own.
    """

    items: tuple[Item, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    older: str = ""
    gone: tuple[str, ...] = ()
    title: str = ""


def native_id(fullname: str) -> str:
    return f"reddit:{fullname}"


def read_listing(body: bytes, who: str, followed: bool = False) -> Listing:
    """Posts and comments of a listing, or a post with its comments. Raises `Malformed` for anything else.

    `followed`: the authors are people the reader follows.
    """
    document = _plain(body, who)
    if isinstance(document, list):
        return _discussion(document, who, followed)
    data = record(record(document).get("data"))
    if not isinstance(data.get("children"), list):
        raise Malformed(f"{who} did not answer with a listing")
    return _listing(records(data["children"]), followed, text(data.get("after"), 100))


def read_thread(body: bytes, who: str, limit: int) -> tuple[Item, ...]:
    """At most `limit` comments of a post, each before its replies. Raises `Malformed`."""
    document = _plain(body, who)
    if not isinstance(document, list) or len(document) < 2:
        raise Malformed(f"{who} did not answer with a discussion")
    return tuple(replace(item, sightings=()) for item in _comments(document[1], limit))


def _plain(body: bytes, who: str) -> Any:
    """The document with its texts as their authors wrote them."""
    document = decode(body, who)
    if _RAW.search(body) or not _ESCAPED.search(body):
        return document
    rest = [document]
    while rest:
        value = rest.pop()
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if isinstance(inner, str):
                value[key] = html.unescape(inner)
            elif isinstance(inner, dict | list):
                rest.append(inner)
    return document


def _discussion(document: list[Any], who: str, followed: bool) -> Listing:
    posts = records(record(record(document[0]).get("data")).get("children"), 1) if document else []
    if not posts:
        raise Malformed(f"{who} did not answer with a discussion")
    found = _listing(posts, followed, "")
    comments = tuple(_comments(document[1], 500)) if len(document) > 1 else ()
    title = clean_line(text(record(posts[0].get("data")).get("title"), 2000), 100)
    entries = found.entries + tuple((c.native_id.removeprefix("reddit:"), c.native_id) for c in comments)
    return Listing(found.items + comments, entries, "", found.gone, title)


def _listing(things: list[dict[str, Any]], followed: bool, older: str) -> Listing:
    items: dict[str, Item] = {}
    entries: dict[str, str] = {}
    gone: list[str] = []
    for thing in things:
        raw = record(thing.get("data"))
        name = fullname(thing)
        if not name:
            continue
        item = None if is_gone(raw) else to_item(raw, name, followed)
        if item is None:
            gone.append(native_id(name))
            continue
        earlier = items.get(item.native_id)
        items[item.native_id] = _joined(earlier, item) if earlier else item
        if raw.get("stickied") is not True:
            entries[name] = item.native_id if item.native_id == native_id(name) else ""
    return Listing(tuple(items.values()), tuple(entries.items()), older if ident(older) else "", tuple(gone))


def _joined(first: Item, second: Item) -> Item:
    more = tuple(link for link in second.links if link not in first.links)
    return replace(first, sightings=first.sightings + second.sightings, links=first.links + more)


def fullname(thing: Mapping[str, Any]) -> str:
    """"t3_abc" of a post or comment; "" for anything else (communities, "load more")."""
    kind, own = thing.get("kind"), ident(record(thing.get("data")).get("id"))
    return f"{kind}_{own.lower()}" if kind in ("t1", "t3") and own and own.isalnum() else ""


def is_gone(raw: Mapping[str, Any]) -> bool:
    """Whether a post or comment was deleted by its author or removed: only its husk is left."""
    if raw.get("removed_by_category"):
        return True
    words = text(raw.get("selftext") if "selftext" in raw else raw.get("body"), 20).strip()
    return words in GONE or (raw.get("author") in GONE and text(raw.get("title"), 40) in GONE)


def to_item(raw: Mapping[str, Any], name: str, followed: bool = False) -> Item | None:
    """The item of one post or comment; a cross-post is its original, brought by another person. Never raises."""
    if name.startswith("t1_"):
        return _comment(raw, name, followed)
    parent = next(iter(records(raw.get("crosspost_parent_list"), 1)), {})
    above = text(raw.get("crosspost_parent"), 20)
    if parent and not is_gone(parent) and fullname({"kind": "t3", "data": parent}) == above.lower():
        original = _post(parent, above.lower(), followed)
        at, by = _moment(raw.get("created_utc")), _author(raw)
        discussion = Link(_page(raw, name), f"also in r/{clean_line(text(raw.get('subreddit'), 100), 100)}")
        return replace(
            original, sightings=(Sighting("boost", at, by),), links=(*original.links, discussion),
            sensitive=original.sensitive or raw.get("over_18") is True,
            content_warning=original.content_warning or _warning(raw),
        )  # fmt: skip
    return _post(raw, name, followed)


def _post(raw: Mapping[str, Any], name: str, followed: bool) -> Item:
    page = _page(raw, name)
    link = _destination(raw)
    body, links, _ = html_to_text(_body(raw.get("selftext_html"), raw.get("selftext")), page)
    at, edited = _moment(raw.get("created_utc")), _moment(raw.get("edited"))
    author = _author(raw)
    hidden = raw.get("hide_score") is True or raw.get("score_hidden") is True
    return Item(
        native_id=native_id(name),
        url=link if link and not _own_page(link) else page,
        title=clean_line(text(raw.get("title"), 2000), 500),
        text=body,
        author=author,
        published=at,
        updated=edited,
        tags=_tags(raw),
        media=media_of(raw, link, links),
        links=links,
        points=None if hidden else _points(raw.get("score")),
        comments=number(raw.get("num_comments")),
        comments_url=page,
        content_warning=_warning(raw),
        sensitive=raw.get("over_18") is True,
        poll=poll_of(raw.get("poll_data")),
        sightings=(Sighting("post", at, author) if followed else Sighting("list", at),),
        extra=_extra(raw, link),
    )


def _comment(raw: Mapping[str, Any], name: str, followed: bool) -> Item:
    post = text(raw.get("link_id"), 20).lower()
    page = address(SITE, raw.get("permalink")) or f"{SITE}/comments/{post.removeprefix('t3_')}/_/{name[3:]}/"
    body, links, media = html_to_text(_body(raw.get("body_html"), raw.get("body")), page)
    at, author = _moment(raw.get("created_utc")), _author(raw)
    parent = text(raw.get("parent_id"), 20).lower()
    title = clean_line(text(raw.get("link_title"), 2000), 300)
    return Item(
        native_id=native_id(name),
        url=page,
        text=body,
        author=author,
        published=at,
        updated=_moment(raw.get("edited")),
        tags=_tags(raw)[:1],
        media=media,
        links=links,
        points=None if raw.get("score_hidden") is True else _points(raw.get("score")),
        comments_url=page,
        in_reply_to=native_id(clean_line(parent, 20)) if parent else "",
        thread=native_id(clean_line(post, 20)) if post else "",
        content_warning=_warning(raw),
        sensitive=raw.get("over_18") is True,
        sightings=(Sighting("reply", at, author if followed else None),),
        extra={k: v for k, v in (("subreddit", _subreddit(raw)), ("title", title), ("post", ident(post[3:]))) if v},
    )


def _comments(listing: Any, limit: int) -> Iterator[Item]:
    """Comments of a discussion, depth first, without recursion; what is gone is left out, its replies stay."""
    stack = [iter(records(record(record(listing).get("data")).get("children")))]
    while stack and limit > 0:
        thing = next(stack[-1], None)
        if thing is None:
            stack.pop()
            continue
        raw, name = record(thing.get("data")), fullname(thing)
        if not name.startswith("t1_"):
            continue
        limit -= 1
        if not is_gone(raw):
            yield _comment(raw, name, False)
        if len(stack) < MAX_DEPTH:
            stack.append(iter(records(record(record(raw.get("replies")).get("data")).get("children"))))


def _body(as_html: Any, plain: Any) -> str:
    """HTML of a text, made of its Markdown where Reddit sends no HTML."""
    return text(as_html, MAX_HTML) or to_html(text(plain, MAX_HTML))


def _page(raw: Mapping[str, Any], name: str) -> str:
    return address(SITE, raw.get("permalink")) or f"{SITE}/comments/{name[3:]}/"


def _destination(raw: Mapping[str, Any]) -> str:
    """Where a link post leads; "" for a text post."""
    if raw.get("is_self") is True:
        return ""
    return address(SITE, raw.get("url_overridden_by_dest") or raw.get("url"), 4000)


def _own_page(link: str) -> bool:
    """Whether a link is only Reddit's own page of the post: a gallery, a video, a post."""
    there = parts(link)
    if there.netloc == "v.redd.it":
        return True
    return bool(_OWN_HOSTS.fullmatch(there.netloc)) and there.path.startswith(("/gallery/", "/video/"))


def _author(raw: Mapping[str, Any]) -> Author | None:
    name = clean_line(text(raw.get("author"), 100), 50)
    if not name or name in GONE or not ident(name):
        return None
    return Author(f"reddit:{name.lower()}", name, f"u/{name}", f"{SITE}/user/{name}")


def _subreddit(raw: Mapping[str, Any]) -> str:
    return clean_line(text(raw.get("subreddit"), 100), 60)


def _tags(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Community, flair, and what the post says of itself."""
    runs = records(raw.get("link_flair_richtext"), 20)
    words = " ".join(text(run.get("t"), 200) for run in runs) or text(raw.get("link_flair_text"), 300)
    flair = clean_line(" ".join(_EMOJI.sub(" ", words).split()), 100)
    community = f"r/{_subreddit(raw)}" if _subreddit(raw) else ""
    original = "OC" if raw.get("is_original_content") is True else ""
    return tuple(dict.fromkeys(tag for tag in (community, flair, original) if tag))


def _warning(raw: Mapping[str, Any]) -> str:
    named = {"NSFW": raw.get("over_18"), "Spoiler": raw.get("spoiler")}
    return ", ".join(words for words, said in named.items() if said is True)


def _extra(raw: Mapping[str, Any], link: str) -> dict[str, Any]:
    extra: dict[str, Any] = {"subreddit": _subreddit(raw)}
    extra |= {flag: True for flag in ("stickied", "locked", "archived", "quarantine") if raw.get(flag) is True}
    if raw.get("distinguished"):
        extra["distinguished"] = clean_line(text(raw.get("distinguished"), 30), 30)
    if "/s/" in link and _OWN_HOSTS.fullmatch(parts(link).netloc):
        extra["share"] = link
    return {key: value for key, value in extra.items() if value}


def _moment(value: Any) -> float | None:
    """Unix seconds; Reddit writes false for "never edited", and true for "edited, long ago"."""
    at = number(value)
    return float(at) if at and at < 7_258_118_400 else None


def _points(value: Any) -> int | None:
    """Votes up minus votes down; may be negative for a comment."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        return None
    return int(value)
