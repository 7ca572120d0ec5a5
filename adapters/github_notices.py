"""Notifications of the reader, each with what it tells: the last comment, or the issue itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from .base import Cursor, Item, Page, RateLimited, Settings, SourceError
from .github_api import HTML_BODIES, Session, poll_interval
from .github_items import to_release
from .github_place import Place
from .github_readme import AT_ONCE, Budget
from .github_talk import Notice, read_issue, read_notices
from .github_text import Renderer, Words, joined
from .wire import decode, number, record, text

#: Fifty is the most that GitHub gives on one page.
PER_PAGE, PAGES, MOST_KNOWN = 50, 6, 500


async def notices(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Unread notifications, newest first. One whose thread goes on is the same item with a new text."""
    known = {str(k): number(v) or 0 for k, v in list(record(cursor.get("known")).items())[:MOST_KNOWN]}
    answer = await session.get(f"/notifications?per_page={PER_PAGE}", last_modified=text(cursor.get("modified"), 100))
    wait, modified = poll_interval(answer), answer.headers.get("last-modified", "")[:100]
    if answer.not_modified:
        yield Page((), cursor, interval=wait)
        return
    budget = Budget.of(session, settings)
    for page in range(PAGES):
        found: Sequence[Notice] = await session.client.parse(read_notices, answer.body, session.api)
        new = [notice for notice in found if known.get(notice.id, -1) < notice.updated]
        items = await _detailed(session, new, budget)
        known = {notice.id: notice.updated for notice in found} | known | {n.id: n.updated for n in new}
        known = dict(sorted(known.items(), key=lambda entry: -entry[1])[:MOST_KNOWN])
        following = session.next_path(answer)
        last = not following or page == PAGES - 1 or len(new) < len(found)
        # A validator before the end would hide the rest from the next visit.
        yield Page(tuple(items), {"modified": modified if last else "", "known": known}, interval=wait)
        if last:
            return
        answer = await session.get(following)


async def _detailed(session: Session, found: Sequence[Notice], budget: Budget) -> list[Item]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(notice: Notice) -> Item:
        path = session.path_of(notice.detail)
        async with gate:
            if not path or not budget.take():
                return notice.item
            try:
                answer = await session.get(path, accept=HTML_BODIES)
                detail = await session.client.parse(read_detail, answer.body, session.api)
            except RateLimited:
                session.left = 0.0
                return notice.item
            except SourceError:
                return notice.item  # told by its title alone
        return with_detail(notice.item, detail) if detail else notice.item

    return list(await asyncio.gather(*map(one, found)))


def read_detail(body: bytes, who: str) -> Item | None:
    """An issue, pull request, comment or release. Raises `Malformed`."""
    raw = record(decode(body, who))
    return to_release(raw, "", Renderer()) if "tag_name" in raw else read_issue(body, who)


def with_detail(item: Item, detail: Item) -> Item:
    """A notification with the text and the author of what it tells."""
    words = joined(item.text, Words(detail.text, detail.links, detail.media))
    return replace(
        item, url=detail.url or item.url, text=words.text, links=words.links, media=words.media,
        author=detail.author or item.author, comments_url=detail.comments_url,
        extra={**item.extra, **{k: v for k, v in detail.extra.items() if k in ("number", "state")}},
    )  # fmt: skip
