"""Two Mastodon sources that are no timeline: notifications, and every hashtag that the reader follows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from .base import Cursor, NotFound, Page
from .mastodon_api import Session, link_path, spare
from .mastodon_items import Timeline, Via, read_timeline
from .mastodon_notices import Notices, order, read_notices
from .text import clean_line
from .wire import decode, ident, record, records, text

#: Pages of notifications that one fetch reads: to what is known, or on the first fetch.
NOTICE_PAGES, FIRST_NOTICE_PAGES = 10, 2
#: Hashtags that are read, pages of one that a fetch reads, posts of one on the first fetch.
MOST_TAGS, TAG_PAGES, FIRST_POSTS = 200, 5, 20
#: Seconds after which a server without grouped notifications is asked for them again: it may have been upgraded.
AGAIN = 7 * 86_400
_V2, _V1 = "/api/v2/notifications?limit=40", "/api/v1/notifications?limit=40"


async def notifications(session: Session, cursor: Cursor) -> AsyncIterator[Page]:
    """From the newest to what is known. Only the last page moves the cursor: a stop in between loses nothing."""
    via = Via(session.place.base, filter_context="notifications")
    known = ident(cursor.get("newest"))
    now, asked = time.time(), cursor.get("v1")
    asked = asked if isinstance(asked, int) and 0 <= now - asked < AGAIN else 0
    newest, path, wait = known, _V1 if asked else _V2, None
    pages = NOTICE_PAGES if known else FIRST_NOTICE_PAGES
    shown: set[str] = set()
    for turn in range(pages):
        try:
            response = await session.get(path)
        except NotFound:
            if path != _V2:
                raise
            path = _V1  # servers before 4.3, and most others
            response = await session.get(path)
        page: Notices = await session.client.parse(read_notices, response.body, via)
        newest = max(newest, page.newest, key=order)
        more, wait = spare(response)
        before = path
        path = link_path(response, "next")
        done = not (path and page.oldest and more) or turn == pages - 1 or path == before
        done = done or bool(known and order(page.oldest) <= order(known))
        after = {"newest": newest, **({"v1": asked or int(now)} if before.startswith("/api/v1") else {})}
        items = tuple(item for item in page.items if item.native_id not in shown)
        shown.update(item.native_id for item in items)
        yield Page(items, after if done else dict(cursor), interval=wait)
        if done:
            return


async def followed_tags(session: Session, cursor: Cursor) -> AsyncIterator[Page]:
    """Posts of each followed hashtag since the last fetch; those that had no turn then come first now."""
    tags = await _tags(session)
    seen: dict[str, Any] = record(cursor.get("tags"))
    last = {tag: ident(seen.get(tag)) for tag in tags}
    turn = [tag for tag in tags if tag not in seen] + [tag for tag in seen if tag in last]
    via, shown, go_on, wait = Via(session.place.base, filter_context="public"), set[str](), True, None
    for tag in turn:
        if not go_on:
            break
        for _ in range(TAG_PAGES):
            since = last[tag]
            query = f"limit=40&min_id={since}" if since else f"limit={FIRST_POSTS}"
            response = await session.get(f"/api/v1/timelines/tag/{quote(tag, safe='')}?{query}")
            go_on, wait = spare(response)
            page: Timeline = await session.client.parse(read_timeline, response.body, via)
            last[tag] = max([since, *(local for local, _ in page.entries if ident(local))], key=order)
            fresh = [item for item in page.items if item.native_id not in shown]
            shown.update(item.native_id for item in fresh)
            yield Page(tuple(fresh), _after(seen, last, tag, tags), interval=wait)
            if not since or last[tag] == since or len(page.entries) < 40 or not go_on:
                break
    if not turn:
        yield Page((), {"tags": {}})


def _after(seen: dict[str, Any], last: Mapping[str, str], tag: str, tags: list[str]) -> Cursor:
    """The cursor once `tag` had a turn: at the end of the queue."""
    seen.pop(tag, None)
    seen[tag] = last[tag]
    return {"tags": {name: value for name, value in seen.items() if name in tags}}


async def _tags(session: Session) -> list[str]:
    response = await session.get(f"/api/v1/followed_tags?limit={MOST_TAGS}")
    found = records(decode(response.body, session.place.host), MOST_TAGS)
    names = (clean_line(text(tag.get("name"), 200), 200).lstrip("#") for tag in found)
    return list(dict.fromkeys(name for name in names if name))
