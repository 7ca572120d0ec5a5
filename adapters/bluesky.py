"""Bluesky: the reader's timeline, people, lists, feeds, tags, searches, likes and bookmarks; threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from . import bluesky_place as places
from .base import BadSettings, Cursor, Page, Settings, SourceError, Suggestion
from .bluesky_api import Session, identity, open_session, spare
from .bluesky_cursor import MOST_PAGES, Known, after_first, after_older, following
from .bluesky_items import POST, Timeline, Via, read_page, read_thread
from .newest_first import vanished
from .wire import decode, number, record, records, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Posts that the first fetch reads back, unless settings["limit"] says otherwise.
FIRST_LIMIT, MAX_LIMIT = 200, 1000
#: Posts that one request can ask about, and one visit asks about when they have vanished.
MAX_CHECKS = 25


class Bluesky:
    """Settings: {"address", "account", "limit", "replies", "server"}; see docs/sources/bluesky.md."""

    kind: ClassVar[str] = "bluesky"
    min_interval: ClassVar[float] = 60.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        session = await open_session(client, place)
        known = Known.load(cursor, place.address)
        if not known.did and not known.title:
            did, title = await identity(session)
            known = replace(known, did=did, title=title)
        reading = _Reading(session, known)
        path = place.path(known.did, replies=settings.get("replies") is True)
        limit = min(number(settings.get("limit")) or FIRST_LIMIT, MAX_LIMIT)
        async for page in reading.pages(path, limit):
            yield replace(page, title=known.title or place.words, site_url=place.web)

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """What a post answers, the post and its replies. Raises `SourceError`. Never store its empty cursor."""
        if not POST.fullmatch(native_id):
            raise BadSettings(f"{native_id[:100]!a} is no post of Bluesky")
        place = places.from_settings(settings)
        if not place.account:
            place = replace(place, kind="author", argument=native_id.split("/")[2])
        session = await open_session(client, place)
        query = urlencode({"uri": native_id, "depth": 8, "parentHeight": 80})
        response = await session.get(f"/xrpc/app.bsky.feed.getPostThread?{query}")
        return Page(await client.parse(read_thread, response.body, _via(session)), {})


class _Reading:
    """One fetch: the state as it advances, and what this fetch has shown already."""

    def __init__(self, session: Session, known: Known) -> None:
        self.session, self.known, self.via = session, known, _via(session)
        self.shown: set[tuple[str, int]] = set()
        self.go_on = True
        #: Seconds the rate limit asks us to stay away, once it is nearly used up.
        self.wait: float | None = None

    async def pages(self, path: str, limit: int) -> AsyncIterator[Page]:
        state = self.known.state
        before = state.known
        response = await self.session.get(path, etag="" if state.unfinished else state.etag)
        if response.not_modified:
            yield Page((), self.known.dump(), interval=self._pace(response))
            return
        newest = await self._read(response)
        older = following(path, newest.cursor)
        etag = response.headers.get("etag", "")
        self.known = after_first(self.known, newest.rows, older, etag, limit, self.session.place)
        total = len(newest.items) + max(self.known.state.left, 0) if not before else None
        yield self._page(newest, response, total)
        async for page in self._vanished(before, newest):
            yield page
        async for page in self._older(path):
            yield page

    async def _older(self, path: str) -> AsyncIterator[Page]:
        for _ in range(MOST_PAGES):
            if not (self.known.state.unfinished and self.go_on):
                return
            response = await self.session.get(self.known.state.older)
            found = await self._read(response)
            state = after_older(self.known.state, self.known.floor, found.rows, following(path, found.cursor))
            self.known = replace(self.known, state=state)
            yield self._page(found, response)

    async def _vanished(self, before: tuple[str, ...], newest: Timeline) -> AsyncIterator[Page]:
        """Ask about posts that no longer stand where they stood; those that the service leaves out are gone."""
        if not self.session.place.chronological or not self.go_on:
            return
        gone = vanished(before, list(newest.rows))
        asked = [name for name in gone if POST.fullmatch(name)][:MAX_CHECKS]
        if gone:
            state = self.known.state
            left = tuple(name for name in state.known if name not in set(gone))
            self.known = replace(self.known, state=replace(state, known=left))
        if not asked:
            return
        try:
            query = "&".join(f"uris={quote(name, safe='')}" for name in asked)
            response = await self.session.get(f"/xrpc/app.bsky.feed.getPosts?{query}")
            posts = record(decode(response.body, self.session.host)).get("posts")
        except SourceError:
            return
        if isinstance(posts, list):
            there = {text(post.get("uri"), 500) for post in records(posts)}
            deleted = tuple(name for name in asked if name not in there)
            yield Page((), self.known.dump(), deleted=deleted, interval=self._pace(response))

    async def _read(self, response: Response) -> Timeline:
        found: Timeline = await self.session.client.parse(read_page, response.body, self.via)
        return found

    def _page(self, found: Timeline, response: Response, total: int | None = None) -> Page:
        fresh = tuple(item for item in found.items if (item.native_id, hash(item.sightings)) not in self.shown)
        self.shown.update((item.native_id, hash(item.sightings)) for item in fresh)
        return Page(fresh, self.known.dump(), interval=self._pace(response), total=total)

    def _pace(self, response: Response) -> float | None:
        self.go_on, wait = spare(response)
        self.wait = wait or self.wait
        return self.wait


def _via(session: Session) -> Via:
    return Via(session.host, session.place.follows_people, session.grant is not None)
