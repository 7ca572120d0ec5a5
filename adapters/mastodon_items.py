"""Mastodon's wire shapes turned into items. Pure: bytes and values in, values out.

Field meanings: https://docs.joinmastodon.org/entities/Status/ (also served by
Pleroma, Akkoma, GoToSocial and others, each with gaps of its own).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Author, Item, Link, Malformed, Media, MediaKind, Poll, Sighting
from .text import clean, clean_line, html_to_text, parse_date
from .wire import address, decode, ident, number, parts, record, records, text

#: Characters of HTML read of one status; the largest known server limit is about 100,000.
MAX_HTML = 300_000
MAX_MEDIA = 64
_KINDS: dict[str, MediaKind] = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
# Neither pattern may look past the next "<" or quote: a hostile body then costs linear time.
_ANCHOR = re.compile(r"<a\b[^<>]{0,4000}>", re.IGNORECASE)
_NAMED = re.compile(r"""\b(?:class|rel)\s{0,9}=\s{0,9}(?:"([^"]{0,400})"|'([^']{0,400})')""", re.IGNORECASE)
_UNLINKED = frozenset(("mention", "hashtag", "tag"))


@dataclass(frozen=True, slots=True)
class Via:
    """How a timeline brings its statuses here. `followed`: its authors are people the reader follows."""

    base: str
    followed: bool = False
    filter_context: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of statuses. `entries` are (local id, native id; "" for a boost), in the page's order."""

    items: tuple[Item, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()


def read_timeline(body: bytes, via: Via, known: Mapping[str, str] | None = None) -> Timeline:
    """Statuses of a timeline. `known` maps local ids to native ids of statuses read before.

    A status that cannot be read is left out. Raises `Malformed` when the
    document is no list of statuses.
    """
    document = decode(body, parts(via.base).netloc)
    if not isinstance(document, list):
        raise Malformed(f"{parts(via.base).netloc} did not answer with a list of posts")
    return convert(records(document), via, known)


def convert(statuses: list[dict[str, Any]], via: Via, known: Mapping[str, str] | None = None) -> Timeline:
    """Items of decoded statuses; boosts become sightings of what they boost."""
    parents = {**(known or {}), **_natives(statuses, via.base)}
    items: dict[str, Item] = {}
    entries: dict[str, str] = {}
    for raw in statuses:
        boosted = record(raw.get("reblog"))
        item = to_item(boosted or raw, via, parents)
        if item is None or _hidden(raw, via) or _hidden(boosted, via):
            continue
        sighting = _sighting(raw, boosted, via)
        earlier = items.get(item.native_id)
        before = earlier.sightings if earlier else ()
        if sighting not in before:
            items[item.native_id] = replace(earlier or item, sightings=(*before, sighting))
        entries[ident(raw.get("id")) or item.native_id] = "" if boosted else item.native_id
    above = {item.native_id: item.in_reply_to for item in items.values() if item.in_reply_to}
    threaded = (replace(item, thread=_root(item.native_id, above)) for item in items.values())
    return Timeline(tuple(threaded), tuple(entries.items()))


def read_context(body: bytes, via: Via, status_id: str, native_id: str) -> tuple[Item, ...]:
    """Ancestors (oldest first) and descendants of a status, all with the same `thread`."""
    document = record(decode(body, parts(via.base).netloc))
    if not isinstance(document.get("ancestors"), list) or not isinstance(document.get("descendants"), list):
        raise Malformed(f"{parts(via.base).netloc} did not answer with a thread")
    above = convert(records(document["ancestors"], 100), via, {status_id: native_id}).items
    root = above[0].native_id if above else native_id
    known = {status_id: native_id, **_natives(records(document["ancestors"], 100), via.base)}
    below = convert(records(document["descendants"], 300), via, known).items
    return tuple(replace(item, thread=root, sightings=()) for item in (*above, *below))


def to_item(raw: Mapping[str, Any], via: Via, parents: Mapping[str, str] | None = None) -> Item | None:
    """The item of one status (no boost), or None when it has no identity. Never raises."""
    native_id = native_id_of(raw, via.base)
    if not native_id:
        return None
    author = to_author(raw.get("account"), via.base)
    local_id = ident(raw.get("id"))
    page = f"{via.base}/@{author.handle.removeprefix('@') if author else 'i'}/{local_id}"
    url = address(via.base, raw.get("url")) or address(via.base, native_id) or page
    body, links, pictures = html_to_text(plain_mentions(text(raw.get("content"), MAX_HTML)), url)
    quote, card = _quote(raw.get("quote"), via.base), _card(raw.get("card"), via.base)
    edited = parse_date(text(raw.get("edited_at"), 64))
    return Item(
        native_id=native_id,
        url=url,
        text=body + _quoted_text(quote),
        author=author,
        published=parse_date(text(raw.get("created_at"), 64)),
        updated=edited,
        lang=clean_line(text(raw.get("language"), 35), 35),
        tags=_tags(raw.get("tags")),
        media=tuple(_media(raw.get("media_attachments"), via.base)) + pictures[:MAX_MEDIA],
        links=_all_links(links, card, quote),
        points=number(raw.get("favourites_count")),
        comments=number(raw.get("replies_count")),
        comments_url=url,
        in_reply_to=_parent(raw, native_id, via.base, parents or {}),
        content_warning=_warning(raw),
        sensitive=raw.get("sensitive") is True,
        poll=_poll(raw.get("poll")),
        extra=_extra(raw, via, local_id, quote, card),
    )


def native_id_of(raw: Mapping[str, Any], base: str) -> str:
    """The ActivityPub id, the same on every server; else the page, else one made of the local id."""
    local = ident(raw.get("id"))
    given = text(raw.get("uri"), 2000).strip() or text(raw.get("url"), 2000).strip()
    return clean_line(given, 2000) or (local_reference(base, local) if local else "")


def local_reference(base: str, local_id: str) -> str:
    """A name for a status of which only the server's own number is known."""
    return f"mastodon:{parts(base).netloc}/statuses/{local_id}"


def to_author(raw: Any, base: str) -> Author | None:
    """The person of an account; `key` is made of the profile page, the same on every server."""
    raw = record(raw)
    url = address(base, raw.get("url"))
    acct = clean_line(text(raw.get("acct"), 300) or text(raw.get("username"), 300), 300).lstrip("@")
    if not (url or acct):
        return None
    handle = acct if "@" in acct or not acct else f"{acct}@{parts(url or base).netloc}"
    page = parts(url)
    key = f"{page.netloc.lower()}{page.path.rstrip('/')}" if url else handle.lower()
    name = clean_line(text(raw.get("display_name"), 2000), 100) or acct or key
    picture = text(raw.get("avatar_static"), 2000) or text(raw.get("avatar"), 2000)
    return Author(f"mastodon:{key}", name, f"@{handle}" if handle else "", url, address(base, picture))


def plain_mentions(html: str) -> str:
    """Take the hyperlinks off mentions and hashtags, so that only real links are numbered."""

    def bare(match: re.Match[str]) -> str:
        words = (
            word for names in _NAMED.findall(match[0]) for name in names for word in name.lower().split()
        )
        return "<a>" if not _UNLINKED.isdisjoint(words) else match[0]

    return _ANCHOR.sub(bare, html)


def _natives(statuses: Iterable[Mapping[str, Any]], base: str) -> dict[str, str]:
    """Local id -> native id of the statuses and of what they boost."""
    both = [s for raw in statuses for s in (raw, record(raw.get("reblog"))) if s]
    return {ident(s.get("id")): native_id_of(s, base) for s in both if ident(s.get("id"))}


def _sighting(raw: Mapping[str, Any], boosted: Mapping[str, Any], via: Via) -> Sighting:
    at = parse_date(text(raw.get("created_at"), 64))
    by = to_author(raw.get("account"), via.base)
    if boosted:
        return Sighting("boost", at, by)
    return Sighting("post", at, by) if via.followed else Sighting("list", at)


def _parent(raw: Mapping[str, Any], native_id: str, base: str, parents: Mapping[str, str]) -> str:
    """The native id of what this replies to, as exactly as the API allows.

    The API gives the parent's number on this server only. The parent is known
    when it was read before, and computable when a local author answers himself.
    """
    parent, own = ident(raw.get("in_reply_to_id")), ident(raw.get("id"))
    if not parent or parent in parents:
        return parents.get(parent, "")
    author = ident(record(raw.get("account")).get("id"))
    stem = native_id.removesuffix(own)
    if own and stem != native_id and author and author == ident(raw.get("in_reply_to_account_id")):
        return stem + parent
    return local_reference(base, parent)


def _root(native_id: str, above: Mapping[str, str]) -> str:
    """The topmost known status that this one hangs on; "" for one that starts a thread."""
    top, seen = native_id, {native_id}
    while (parent := above.get(top)) and parent not in seen:
        top = parent
        seen.add(top)
    return top if top != native_id else ""


def _tags(value: Any) -> tuple[str, ...]:
    names = (clean_line(text(tag.get("name"), 200), 100).lstrip("#") for tag in records(value, 200))
    return tuple(dict.fromkeys(name for name in names if name))


def _media(value: Any, base: str) -> Iterable[Media]:
    for raw in records(value, MAX_MEDIA):
        url = address(base, raw.get("url")) or address(base, raw.get("remote_url"))
        if not url:
            continue
        size = record(record(raw.get("meta")).get("original"))
        yield Media(
            url=url,
            kind=_KINDS.get(text(raw.get("type"), 20), "file"),
            alt=clean(text(raw.get("description"), 10_000)).strip(),
            preview_url=address(base, raw.get("preview_url")),
            width=number(size.get("width")) or 0,
            height=number(size.get("height")) or 0,
            blurhash=clean_line(text(raw.get("blurhash"), 200), 200),
        )


def _poll(value: Any) -> Poll | None:
    raw = record(value)
    options = tuple(
        (clean_line(text(option.get("title"), 2000), 500), number(option.get("votes_count")))
        for option in records(raw.get("options"), 100)
    )
    if not options:
        return None
    return Poll(options, parse_date(text(raw.get("expires_at"), 64)), raw.get("multiple") is True)


def _card(value: Any, base: str) -> dict[str, Any]:
    """The preview of the first link: {"url", "title", "description", "provider", "author", "image"}."""
    raw = record(value)
    url = address(base, raw.get("url"))
    if not url:
        return {}
    authors = records(raw.get("authors"), 1)
    author = text(raw.get("author_name"), 300) or text(authors[0].get("name") if authors else "", 300)
    card = {
        "url": url,
        "title": clean_line(text(raw.get("title"), 2000), 300),
        "description": clean_line(text(raw.get("description"), 5000), 1000),
        "provider": clean_line(text(raw.get("provider_name"), 300), 100),
        "author": clean_line(author, 100),
        "image": address(base, raw.get("image")),
    }
    return {key: value for key, value in card.items() if value}


def _quote(value: Any, base: str) -> dict[str, Any]:
    """State, native_id, url, author and text of a quoted status; only the state while it is withheld."""
    raw = record(value)
    if not raw:
        return {}
    status = record(raw.get("quoted_status")) or (raw if "content" in raw else {})
    state = clean_line(text(raw.get("state"), 40), 40) or "accepted"
    if state != "accepted" or not native_id_of(status, base):
        return {"state": state, "id": ident(raw.get("quoted_status_id"))}
    author = to_author(status.get("account"), base)
    url = address(base, status.get("url"))
    warning = _warning(status)
    html = plain_mentions(text(status.get("content"), MAX_HTML))
    body = f"[{warning}]" if warning else html_to_text(html, base)[0]
    name = author.handle or author.name if author else ""
    return {
        "state": state,
        "native_id": native_id_of(status, base),
        "url": url,
        "author": name,
        "text": body[:5000],
    }


def _quoted_text(quote: Mapping[str, Any]) -> str:
    if not quote.get("text"):
        return ""
    lines = f"{quote['author']}:\n{quote['text']}".strip().splitlines()
    return "\n\n" + "\n".join(f"> {line}" for line in lines)


def _all_links(
    links: tuple[Link, ...], card: Mapping[str, Any], quote: Mapping[str, Any]
) -> tuple[Link, ...]:
    have = {link.url for link in links}
    more = [Link(card["url"], card.get("title", ""))] if card else []
    if quote.get("url"):
        more.append(Link(quote["url"], f"quoted: {quote['author']}"))
    return links + tuple(link for link in more if link.url not in have)


def _warning(raw: Mapping[str, Any]) -> str:
    """The author's content warning, else the reader's own filter that asks for one."""
    warning = clean_line(text(raw.get("spoiler_text"), 5000), 500)
    titles = [text(record(f.get("filter")).get("title"), 200) for f in records(raw.get("filtered"), 20)]
    return warning or clean_line(f"Filtered: {', '.join(titles)}" if any(titles) else "", 200)


def _hidden(raw: Mapping[str, Any], via: Via) -> bool:
    """Whether the reader's filters on the server hide this: there, clients leave it out."""
    filters = (record(f.get("filter")) for f in records(raw.get("filtered"), 20))
    return any(
        f.get("filter_action") == "hide"
        and isinstance(f.get("context"), list)
        and via.filter_context in f["context"]
        for f in filters
    )


def _extra(
    raw: Mapping[str, Any], via: Via, local_id: str, quote: Mapping[str, Any], card: Mapping[str, Any]
) -> dict[str, Any]:
    account = record(raw.get("account"))
    extra: dict[str, Any] = {
        "id": local_id,
        "instance": parts(via.base).netloc,
        "visibility": clean_line(text(raw.get("visibility"), 20), 20),
        "boosts": number(raw.get("reblogs_count")) or 0,
        "quote": dict(quote),
        "card": dict(card),
        "followed": via.followed,
    }
    flags = {"bot": account, "favourited": raw, "bookmarked": raw, "reblogged": raw}
    extra |= {flag: True for flag, source in flags.items() if source.get(flag) is True}
    return {key: value for key, value in extra.items() if value not in ("", {}, False, 0)}
