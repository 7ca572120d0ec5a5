"""Mastodon and servers that speak its API: timelines, threads, favourites.

Paging follows the Link header only: bookmarks and favourites page by ids of
their own that appear nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import mastodon_place as places
from .base import Cursor, Item, NotFound, Page, Settings, SourceError, Suggestion
from .mastodon_api import Session, account_id, link_path, open_session, spare, status_id
from .mastodon_cursor import GAP_PAGES, State, after_gap, after_newest, after_older, missing, overlap, without
from .mastodon_items import Timeline, Via, read_context, read_timeline
from .mastodon_more import followed_tags, notifications
from .mastodon_place import Place
from .text import clean_line
from .wire import decode, number, record, text

if TYPE_CHECKING:
    from .http import Client, Response

_MORE = {"notifications": notifications, "followed-tags": followed_tags}
#: Statuses that the first fetch reads back, unless settings["limit"] says otherwise.
FIRST_LIMIT = 200
MAX_LIMIT = 2000
#: Vanished statuses that one fetch asks the server about.
MAX_CHECKS = 5


class Mastodon:
    """Settings: {"address", "timeline", "account", "limit", "replies"}; see docs/sources/mastodon.md."""

    kind: ClassVar[str] = "mastodon"
    min_interval: ClassVar[float] = 60.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        session = await open_session(client, place)
        if place.kind in _MORE:
            async for page in _MORE[place.kind](session, cursor):
                yield replace(page, title=place.words, site_url=place.web)
            return
        state = await _named(session, State.load(cursor))
        reading = _Reading(session, Via(place.base, place.follows_people, place.filter_context), state)
        path = place.path(state.account_id, replies=settings.get("replies") is True)
        limit = min(number(settings.get("limit")) or FIRST_LIMIT, MAX_LIMIT)
        async for page in reading.pages(path, limit):
            yield replace(page, title=state.title or place.words, site_url=place.web)

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """What surrounds an item, for the article view; see `context`. Never store its empty cursor."""
        return await context(client, settings, native_id, extra)


class _Reading:
    """One fetch: the state as it advances, and what this fetch has shown already."""

    def __init__(self, session: Session, via: Via, state: State) -> None:
        self.session, self.via, self.state = session, via, state
        self.shown: set[tuple[str, int]] = set()
        self.go_on = True
        #: Seconds the server's rate limit asks us to stay away, once it is nearly used up.
        self.wait: float | None = None

    async def pages(self, path: str, limit: int) -> AsyncIterator[Page]:
        first = not self.state.started
        before = self.state.recent
        response = await self.session.get(path, etag="" if self.state.gap else self.state.etag)
        if response.not_modified:
            yield Page((), self.state.dump(), interval=self._pace(response))
        else:
            newest = await self._read(response)
            self.state = after_newest(
                self.state, newest.entries, link_path(response, "prev"), link_path(response, "next"),
                response.headers.get("etag", ""), limit,
            )  # fmt: skip
            total = len(newest.items) + self.state.left if first else None
            yield self._page(newest, response, total)
            async for page in self._fill_gap(newest):
                yield page
            async for page in self._vanished(missing(before, newest.entries)):
                yield page
        async for page in self._fill_older():
            yield page

    async def _fill_gap(self, newest: Timeline) -> AsyncIterator[Page]:
        for _ in range(GAP_PAGES):
            if not (self.state.gap and self.go_on):
                return
            response = await self.session.get(self.state.gap)
            page = await self._read(response)
            met = overlap(newest.entries, page.entries)
            self.state = after_gap(self.state, page.entries, link_path(response, "prev"), met)
            yield self._page(page, response)

    async def _fill_older(self) -> AsyncIterator[Page]:
        while self.state.left and self.state.older and self.go_on:
            response = await self.session.get(self.state.older)
            page = await self._read(response)
            self.state = after_older(self.state, page.entries, link_path(response, "next"))
            yield self._page(page, response)

    async def _vanished(self, entries: tuple[tuple[str, str], ...]) -> AsyncIterator[Page]:
        """Ask about statuses that are no longer where they were; 404 means deleted."""
        if not entries:
            return
        deleted = []
        for local_id, native_id in [e for e in entries if e[1]][:MAX_CHECKS]:
            if not self.go_on:
                return
            try:
                self._pace(await self.session.get(f"/api/v1/statuses/{local_id}"))
            except NotFound:
                deleted.append(native_id)
            except SourceError:
                return
        self.state = without(self.state, entries)
        yield Page((), self.state.dump(), deleted=tuple(deleted), interval=self.wait)

    async def _read(self, response: Response) -> Timeline:
        timeline: Timeline = await self.session.client.parse(
            read_timeline, response.body, self.via, self.state.natives
        )
        return timeline

    def _page(self, page: Timeline, response: Response, total: int | None = None) -> Page:
        fresh = tuple(item for item in page.items if _mark(item) not in self.shown)
        self.shown.update(_mark(item) for item in fresh)
        return Page(fresh, self.state.dump(), interval=self._pace(response), total=total)

    def _pace(self, response: Response) -> float | None:
        self.go_on, wait = spare(response)
        self.wait = wait or self.wait
        return self.wait


async def context(
    client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
) -> Page:
    """The thread around a status: ancestors (oldest first), then replies. Raises `SourceError`.

    `extra` is the item's own `extra`; it saves a search on the server. The
    items carry `thread` and `in_reply_to` and no sightings.
    """
    place = places.from_settings(settings)
    session = await open_session(client, replace(place, kind="local", argument=""))
    local_id = await status_id(session, native_id, extra)
    response = await session.get(f"/api/v1/statuses/{local_id}/context")
    items: tuple[Item, ...] = await client.parse(
        read_context, response.body, Via(place.base, filter_context="thread"), local_id, native_id
    )
    return Page(items, {})


async def favourite(
    client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
) -> None:
    """Mark a status as a favourite on the server (the reader switched this on). Raises `SourceError`."""
    await _act(client, settings, native_id, extra, "favourite")


async def unfavourite(
    client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
) -> None:
    """Take a favourite back. A status that is gone counts as done. Raises `SourceError`."""
    try:
        await _act(client, settings, native_id, extra, "unfavourite")
    except NotFound:
        return


async def _act(
    client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None, verb: str
) -> None:
    place: Place = replace(places.from_settings(settings), kind="home", argument="")
    session = await open_session(client, place)
    local_id = await status_id(session, native_id, extra)
    await session.post(f"/api/v1/statuses/{local_id}/{verb}")


async def _named(session: Session, state: State) -> State:
    """The state with the account's id and the timeline's own name, asked for once."""
    place = session.place
    if place.kind == "account" and not state.account_id:
        number_there, name = await account_id(session)
        return replace(state, account_id=number_there, title=f"{name} · {place.argument}")
    if place.kind == "list" and not state.title:
        try:
            found = decode((await session.get(f"/api/v1/lists/{place.argument}")).body, place.host)
        except SourceError:
            return state
        title = clean_line(text(record(found).get("title"), 500), 100)
        return replace(state, title=f"{title} · {place.host}") if title else state
    return state


def _mark(item: Item) -> tuple[str, int]:
    """Tells an item that came again from one that came again by someone else."""
    return item.native_id, hash(item.sightings)
