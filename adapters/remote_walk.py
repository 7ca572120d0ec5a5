"""One visit to a reader server: its newest entries, and older ones over a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator

from . import newest_first
from .base import Cursor, Page, Settings
from .newest_first import State
from .remote import Remote
from .wire import number

DEFAULT_LIMIT, MAX_LIMIT = 300, 2000


async def pages(remote: Remote, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Pages newest first; the cursor is how far the list was read. Raises `SourceError`."""
    limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
    state = State.load(cursor)
    before = state.known
    first = await remote.page("")
    state = newest_first.after_first(state, list(first.ids), _path(first.following), "", limit)
    title, site = remote.place.words, remote.place.base
    yield Page(first.items, state.dump(), title=title, site_url=site)
    while state.unfinished:
        page = await remote.page(state.older.removeprefix("/"))
        state = newest_first.after_older(state, before, list(page.ids), _path(page.following))
        yield Page(page.items, state.dump(), title=title, site_url=site)


def _path(token: str) -> str:
    """`State` keeps paths; tokens of these servers are numbers and short words."""
    return f"/{token}" if token else ""
