"""One visit to a reader server: its newest entries, and older ones over a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from . import newest_first
from .base import Cursor, Page, Settings
from .newest_first import State
from .remote import Listing, Remote
from .wire import number, text

DEFAULT_LIMIT, MAX_LIMIT = 300, 2000
#: Starred entries that the first visit brings at most.
MOST_STARS = 1000


async def pages(remote: Remote, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
    """Pages newest first; the cursor is how far the list was read. Raises `SourceError`."""
    limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
    state = State.load(cursor)
    before = state.known
    first = await remote.page("")
    state = newest_first.after_first(state, list(first.ids), _path(first.following), "", limit)
    title, site = remote.place.words, remote.place.base
    stars = _Stars.load(cursor, first_visit=not before)
    yield Page(first.items, state.dump() | stars.dump(), title=title, site_url=site)
    while state.unfinished:
        page = await remote.page(state.older.removeprefix("/"))
        state = newest_first.after_older(state, before, list(page.ids), _path(page.following))
        yield Page(page.items, state.dump() | stars.dump(), title=title, site_url=site)
    known, prefix = frozenset(state.known), remote.place.prefix
    while stars.left:
        page = await remote.stars(stars.older)
        stars = stars.after(page)
        fresh = tuple(item for item in page.items if item.native_id.removeprefix(prefix) not in known)
        yield Page(fresh, state.dump() | stars.dump(), title=title, site_url=site)


@dataclass(frozen=True, slots=True)
class _Stars:
    """How far the starred entries were read, which the first visit brings however old they are."""

    older: str = ""
    left: int = 0

    @classmethod
    def load(cls, cursor: Cursor, *, first_visit: bool) -> _Stars:
        if first_visit:
            return cls("", MOST_STARS)
        return cls(text(cursor.get("star"), 500), min(number(cursor.get("stars")) or 0, MOST_STARS))

    def dump(self) -> Cursor:
        return {"star": self.older, "stars": self.left} if self.left else {}

    def after(self, page: Listing) -> _Stars:
        more = bool(page.ids and page.following) and page.following != self.older
        return _Stars(page.following, max(self.left - len(page.ids), 0)) if more else _Stars()


def _path(token: str) -> str:
    """`State` keeps paths; tokens of these servers are numbers and short words."""
    return f"/{token}" if token else ""
