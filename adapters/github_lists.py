"""Lists that need no further requests: releases, issues and commits of a repository."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from .base import Cursor, Item, Page, Settings
from .github_api import HTML_BODIES, Session, poll_interval
from .github_items import read_commits, read_releases, read_tags
from .github_place import Place, limit_of
from .github_talk import read_issues
from .newest_first import State, after_first, after_older, vanished

FIRST_LIMIT, MAX_LIMIT, PER_PAGE = 100, 500, 100


async def releases(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Releases, newest first; the tags of a repository that makes none."""
    size = min(limit_of(settings, 30, MAX_LIMIT), PER_PAGE)
    path = f"/repos/{place.name}/releases?per_page={size}"
    tags = cursor.get("tags") is True
    last: Page | None = None
    async for page in walk(session, path, settings, {} if tags else cursor, read_releases, place.name, deletions=True):
        last = page
        if page.items or not (tags or not page.cursor["known"]):
            tags = False
            yield page
    if last is None or (last.items or last.cursor["known"]):
        return
    path = f"/repos/{place.name}/tags?per_page={size}"
    async for page in walk(session, path, settings, cursor if tags else {}, read_tags, place.name):
        yield replace(page, cursor={**page.cursor, "tags": True})


def issues(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Issues and pull requests, the last changed first: an edit or a new comment brings one to the front."""
    size = min(limit_of(settings, 50, MAX_LIMIT), PER_PAGE)
    path = f"/repos/{place.name}/issues?state=all&sort=updated&direction=desc&per_page={size}"
    return walk(session, path, settings, cursor, read_issues)


def commits(session: Session, place: Place, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Commits of the default branch, newest first."""
    size = min(limit_of(settings, 50, MAX_LIMIT), PER_PAGE)
    path = f"/repos/{place.name}/commits?per_page={size}"
    return walk(session, path, settings, cursor, read_commits, place.name)


async def walk(
    session: Session,
    path: str,
    settings: Settings,
    cursor: Cursor,
    read: Callable[..., Sequence[Item]],
    *args: str,
    deletions: bool = False,
) -> AsyncIterator[Page]:
    """The newest page (a conditional request), then older ones up to settings["limit"] or over a gap.

    With `deletions`, what is gone from between others on the newest page counts as deleted.
    """
    state = State.load(cursor)
    before = state.known
    answer = await session.get(path, etag="" if state.unfinished else state.etag, accept=HTML_BODIES)
    wait = poll_interval(answer)
    if answer.not_modified:
        yield Page((), state.dump(), interval=wait)
    else:
        items: Sequence[Item] = await session.client.parse(read, answer.body, session.api, *args)
        ids = [item.native_id for item in items]
        gone = vanished(before, ids) if deletions else []
        limit = limit_of(settings, len(ids), MAX_LIMIT)
        state = after_first(state, ids, session.next_path(answer), answer.headers.get("etag", ""), limit)
        if gone:
            lost = frozenset(gone)
            state = replace(state, known=tuple(i for i in state.known if i not in lost))
        yield Page(tuple(items), state.dump(), deleted=tuple(gone), interval=wait, total=len(ids) + state.left)
    while state.unfinished:
        answer = await session.get(state.older, accept=HTML_BODIES)
        items = await session.client.parse(read, answer.body, session.api, *args)
        state = after_older(state, before, [item.native_id for item in items], session.next_path(answer))
        yield Page(tuple(items), state.dump(), interval=wait)
