"""Lobsters' own web pages turned into items, for when its JSON is not given. Pure.

Selectors follow app/views/stories and app/views/comments of github.com/lobsters/lobsters.
"""

from __future__ import annotations

import re
from typing import Any

from .base import Item, Malformed
from .lobsters_items import Listing, Site, comment, to_item
from .text_html import shallow

#: Characters of a page; the longest discussions are about 3 MB.
MAX_PAGE = 8 << 20
_NUMBER = re.compile(r"-?\d{1,9}")


def read_stories_page(body: bytes, site: Site) -> Listing:
    """Stories of a listing's page. Raises `Malformed` when it is none."""
    tree = _tree(body)
    if tree.css_first("ol.stories") is None:
        raise Malformed(f"{site.host} answered with a page that lists no stories")
    found = (to_item(_story(node), site) for node in tree.css("ol.stories li.story")[:200])
    unique = {item.native_id: item for item in found if item}
    more = tree.css_first("nav.morelink a[rel=next], div.morelink a") is not None
    return Listing(tuple(unique.values()), more)


def read_thread_page(body: bytes, site: Site, story: str, limit: int) -> tuple[Item, ...]:
    """At most `limit` comments of a story's page, each before its replies. Raises `Malformed`."""
    tree = _tree(body)
    if tree.css_first("li.story, div.story, ol.comments") is None:
        raise Malformed(f"{site.host} answered with a page that is no discussion")
    found = []
    for node in tree.css("div.comment[data-shortid]")[:limit]:
        raw = _comment(node)
        if raw["comment"] and node.css_first(".comment_text .na") is None:
            found.append(comment(raw, site, story, _parent(node)))
    return tuple(found)


def _tree(body: bytes) -> Any:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(shallow(body[:MAX_PAGE].decode("utf-8", "replace")))


def _story(node: Any) -> dict[str, Any]:
    """A story's block in the terms of the JSON."""
    link, page = node.css_first("a.u-url"), node.css_first(".comments_label a, a.mobile_comments")
    person = node.css_first(".byline a[href^='/~']:not([tabindex]), .byline a[href^='/u/']:not([tabindex])")
    return {
        "short_id": node.attributes.get("data-shortid") or "",
        "title": _words(link),
        "url": _href(link),
        "score": _count(node.css_first(".upvoter, .score")),
        "comment_count": _count(page) or 0,
        "comments_url": _href(page),
        "created_at": _time(node),
        "submitter_user": _words(person),
        "user_is_author": "user_is_author" in ((person.attributes.get("class") or "") if person else ""),
        "tags": [_words(tag) for tag in node.css("a.tag")[:30]],
    }


def _comment(node: Any) -> dict[str, Any]:
    text = node.css_first(".comment_text")
    person = next((a for a in node.css(".byline a[href^='/~'], .byline a[href^='/u/']") if _words(a)), None)
    return {
        "short_id": node.attributes.get("data-shortid") or "",
        "comment": (text.html or "") if text else "",
        "created_at": _time(node),
        "commenting_user": _words(person),
        "score": _count(node.css_first(".score, .upvoter")),
        "short_id_url": f"/c/{node.attributes.get('data-shortid') or ''}",
    }


def _parent(node: Any) -> str:
    """Id of the comment that one answers: the one beside the list that it stands in."""
    subtree = node.parent
    above = subtree.parent.parent if subtree is not None and subtree.parent is not None else None
    if above is None or above.tag != "li":
        return ""
    child = above.first_child
    while child is not None:
        if child.tag == "div" and child.attributes.get("data-shortid"):
            return str(child.attributes["data-shortid"])
        child = child.next
    return ""


def _time(node: Any) -> str:
    """The moment as ISO 8601; pages say it as a date in UTC and as Unix seconds, which are exact."""
    from datetime import UTC, datetime

    stamp = node.css_first("time[data-at-unix], .byline [title]")
    if stamp is None:
        return ""
    seconds = stamp.attributes.get("data-at-unix") or ""
    if seconds.isdigit() and len(seconds) <= 10:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat()
    return (stamp.attributes.get("datetime") or stamp.attributes.get("title") or "")[:64]


def _words(node: Any) -> str:
    return " ".join((node.text() or "").split()) if node is not None else ""


def _href(node: Any) -> str:
    return (node.attributes.get("href") or "") if node is not None else ""


def _count(node: Any) -> int | None:
    found = _NUMBER.search(_words(node))
    return int(found[0]) if found else None
