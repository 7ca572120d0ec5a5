"""Hacker News' wire shapes (Firebase, and Algolia's search) turned into items. Pure.

https://github.com/HackerNews/API and https://hn.algolia.com/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .base import Author, Item, Malformed, Sighting
from .text import clean_line, html_to_text, parse_date
from .wire import address, decode, ident, number, record, records, text

SITE = "https://news.ycombinator.com"
#: The longest comment on the site is below this; more is not read (characters of HTML).
MAX_HTML = 200_000
MAX_DEPTH = 100
#: Options of a poll; each is a request.
MAX_OPTIONS = 20
_PREFIXES = {"Ask HN": "ask", "Show HN": "show", "Tell HN": "tell", "Launch HN": "launch"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one item document turned out to be: an item, or "deleted", "dead", "null" or "unreadable"."""

    item: Item | None = None
    state: str = ""
    children: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()


def native_id(number_there: object) -> str:
    return f"hn:{number_there}"


def page_url(number_there: object) -> str:
    return f"{SITE}/item?id={number_there}"


def read_ids(body: bytes, who: str) -> tuple[int, ...]:
    """The item numbers of a list, without repetition. Raises `Malformed`."""
    document = decode(body, who)
    if not isinstance(document, list):
        raise Malformed(f"{who} did not answer with a list of items")
    return numbers(document)


def numbers(value: object, limit: int = 5000) -> tuple[int, ...]:
    """Positive item numbers of a JSON list; () for anything else."""
    if not isinstance(value, list):
        return ()
    found = (number(v) for v in value[:limit] if isinstance(v, int))
    return tuple(dict.fromkeys(n for n in found if n))


def read_items(bodies: list[bytes]) -> list[Answer]:
    """One answer for each document; a broken one never harms the others."""
    return [_read_item(body) for body in bodies]


def _read_item(body: bytes) -> Answer:
    try:
        return answer(decode(body, "Hacker News"))
    except Malformed:
        return Answer(state="unreadable")


def answer(document: Any) -> Answer:
    """Judge a decoded Firebase item."""
    if document is None:
        return Answer(state="null")
    raw = record(document)
    if not number(raw.get("id")):
        return Answer(state="unreadable")
    children, parts = numbers(raw.get("kids")), numbers(raw.get("parts"), MAX_OPTIONS)
    state = "deleted" if raw.get("deleted") is True else "dead" if raw.get("dead") is True else ""
    return Answer(None if state else to_item(raw), state, children, parts)


def to_item(raw: Mapping[str, Any]) -> Item:
    """The item of a Firebase document with an id. Never raises."""
    own = number(raw.get("id"))
    kind = clean_line(text(raw.get("type"), 20), 20)
    return _item(
        own, kind, by=raw.get("by"), title=raw.get("title"), url=raw.get("url"), html=raw.get("text"),
        at=number(raw.get("time")), points=number(raw.get("score")), comments=number(raw.get("descendants")),
        parent=number(raw.get("parent")) if kind == "comment" else None, root=None,
    )  # fmt: skip


def hit_to_item(raw: Mapping[str, Any]) -> Item | None:
    """The item of one Algolia hit or of one node of its thread; None without an id. Never raises."""
    own = ident(raw.get("objectID")) or ident(raw.get("id"))
    if not own.isdigit():
        return None
    tags = raw.get("_tags")
    named = [t for t in tags if isinstance(t, str)] if isinstance(tags, list) else []
    guess = "comment" if "comment" in named or not raw.get("title") else "story"
    kind = "job" if "job" in named else clean_line(text(raw.get("type"), 20), 20) or guess
    at = number(raw.get("created_at_i"))
    return _item(
        own, kind, by=raw.get("author"), title=raw.get("title") or raw.get("story_title"), url=raw.get("url"),
        html=raw.get("story_text") or raw.get("comment_text") or raw.get("text"),
        at=at if at is not None else parse_date(text(raw.get("created_at"), 64)),
        points=number(raw.get("points")), comments=number(raw.get("num_comments")),
        parent=number(raw.get("parent_id")), root=number(raw.get("story_id")),
    )  # fmt: skip


def read_hits(body: bytes, who: str) -> tuple[Item, ...]:
    """Items of an Algolia search, in its order. Raises `Malformed`."""
    hits = record(decode(body, who)).get("hits")
    if not isinstance(hits, list):
        raise Malformed(f"{who} did not answer with search results")
    return tuple(item for item in map(hit_to_item, records(hits)) if item)


def read_thread(body: bytes, who: str, limit: int) -> tuple[Item, ...]:
    """At most `limit` comments of an Algolia thread (nested, or a flat list), each before its replies."""
    document = decode(body, who)
    if isinstance(document, list):
        found: list[Item] = [item for item in map(hit_to_item, records(document, limit)) if item]
        return tuple(found)
    root = record(document)
    own = ident(root.get("id"))
    if not own or not isinstance(root.get("children"), list):
        raise Malformed(f"{who} did not answer with a thread")
    items = []
    for raw in _walk(root["children"], limit):
        item = hit_to_item({**raw, "story_id": number(root.get("story_id")) or number(root.get("id"))})
        if item and item.text:
            items.append(item)
    return tuple(items)


def _walk(children: object, limit: int) -> Iterator[dict[str, Any]]:
    """Nodes of a thread, depth first, without recursion."""
    stack = [iter(records(children))]
    while stack and limit > 0:
        raw = next(stack[-1], None)
        if raw is None:
            stack.pop()
            continue
        limit -= 1
        yield raw
        if len(stack) < MAX_DEPTH:
            stack.append(iter(records(raw.get("children"))))


def read_poll_options(bodies: list[bytes]) -> tuple[tuple[str, int | None], ...]:
    """(text, votes) of the options of a poll, without those that are gone."""
    options = []
    for body in bodies:
        try:
            raw = record(decode(body, "Hacker News"))
        except Malformed:
            continue
        words = clean_line(html_to_text(text(raw.get("text"), 5000), SITE)[0], 300)
        if words and raw.get("deleted") is not True:
            options.append((words, number(raw.get("score"))))
    return tuple(options)


def _item(
    own: object, kind: str, *, by: object, title: object, url: object, html: object, at: float | None,
    points: int | None, comments: int | None, parent: int | None, root: int | None,
) -> Item:  # fmt: skip
    page = page_url(own)
    heading = clean_line(text(title, 2000), 500) if kind != "comment" else ""
    body, links, pictures = html_to_text(text(html, MAX_HTML), page)
    name = clean_line(text(by, 200), 100)
    return Item(
        native_id=native_id(own),
        url=address(SITE, url, 4000) or page,
        title=heading,
        text=body,
        author=Author(f"hn:{name}", name, name, f"{SITE}/user?id={quote(name)}") if name else None,
        published=float(at) if at else None,
        tags=_tags(kind, heading),
        media=pictures,
        links=links,
        points=points,
        comments=comments,
        comments_url=page,
        in_reply_to=native_id(parent) if parent else "",
        thread=native_id(root) if root and parent else "",
        sightings=(Sighting("reply" if parent else "list", float(at) if at else None),),
        extra={"type": kind} if kind not in ("", "story") else {},
    )


def _tags(kind: str, title: str) -> tuple[str, ...]:
    found = [tag for prefix, tag in _PREFIXES.items() if title.startswith(prefix)]
    return tuple(found + [kind] * (kind in ("job", "poll")))
