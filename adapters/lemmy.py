"""Lemmy and PieFed: communities, front pages, people and discussions, as one server sees them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import forum_walk as memory
from . import lemmy_place as places
from .base import Cursor, NotFound, Page, Settings, SourceError, Suggestion
from .forum_walk import Walk
from .lemmy_api import LEMMY, PIEFED, OtherApi, Session
from .lemmy_items import Listing, Via, read_comments, read_listing
from .lemmy_place import PAGE_SIZE, Place
from .wire import decode, ident, number, parts, record

if TYPE_CHECKING:
    from .http import Client, Response

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
#: Vanished posts that one fetch asks about.
MAX_CHECKS = 5
MAX_REPLIES = 200
#: Cross-posts remembered with their originals.
MAX_CROSSED = 200


class Lemmy:
    """Settings: {"address", "account", "limit", "nsfw", "web"}; see docs/sources/lemmy.md."""

    kind: ClassVar[str] = "lemmy"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        session = await Session.open(client, settings, place, str(cursor.get("api") or ""))
        reading = _Reading(session, place, cursor)
        limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
        async for page in reading.pages(limit):
            yield page

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """The comments of a post, for the article view. Raises `SourceError`. Never store its empty cursor.

        A post whose number on the reader's own server is unknown is read from the server it came from.
        """
        place = places.from_settings(settings)
        session = await Session.open(client, settings, place)
        local = ident(record(extra).get("id")) if record(extra).get("instance") == session.host else ""
        if not local:
            there = parts(native_id)
            local = ident(there.path.removeprefix("/post/")) if there.path.startswith("/post/") else ""
            if not local:
                raise NotFound(f"{session.host} does not know this post", hint="Open it in the browser (o).")
            if there.netloc != session.host:
                session = Session(client, f"{there.scheme}://{there.netloc}", session.root, typed=False)
        answer = await _either(session, "/comment/list", f"post_id={local}&sort=Top&limit=50&max_depth=8&type_=All")
        items = await client.parse(read_comments, answer[1].body, Via(session.base), native_id, MAX_REPLIES)
        return Page(items, {})


async def _either(session: Session, path: str, query: str) -> tuple[Session, Response]:
    """An answer by the API that the server has, and the session that speaks it. Raises `SourceError`."""
    try:
        return session, await session.get(path, query)
    except OtherApi as error:
        other = replace(session, root=PIEFED if session.root == LEMMY else LEMMY)
        try:
            return other, await other.get(path, query)
        except OtherApi:
            raise NotFound(
                f"{session.host} is no Lemmy or PieFed server", hint="Check the name in a browser."
            ) from error


class _Reading:
    """One fetch: the walk as it advances, and what is remembered."""

    def __init__(self, session: Session, place: Place, cursor: Cursor) -> None:
        self.session, self.place, self.now = session, place, time.time()
        self.walk, self.seen = Walk.load(cursor), memory.load_seen(cursor)
        self.first_time = not self.seen
        self.etag = str(cursor.get("etag") or "")[:500]
        self.size = PAGE_SIZE
        self.crossed = {k: v for k, v in record(cursor.get("crossed")).items() if isinstance(v, str)}

    async def pages(self, limit: int) -> AsyncIterator[Page]:
        before = self.walk.floor or self.walk.top
        # A first visit, or one to a ranked listing, asks for no more than is wanted.
        self.size = PAGE_SIZE if self.place.chronological and not self.first_time else min(limit, PAGE_SIZE)
        response, first = await self._read("", self.etag if not self.walk.older else "")
        if first is None:
            yield self._page(Listing())
            return
        ids = tuple(local for local, _ in first.entries)
        self.walk = self.walk.first(ids, self._older(first, 1), limit, chronological=self.place.chronological)
        self.etag = response.headers.get("etag", "")[:500]
        yield self._page(first, min(limit, len(ids) + self.walk.left) if self.first_time else None)
        while self.walk.older:
            token = self.walk.older
            _, further = await self._read(token, "")
            further = further or Listing()
            page = int(token[2:]) if token[:2] == "p:" and token[2:].isdecimal() else 0
            self.walk = self.walk.more(tuple(local for local, _ in further.entries), self._older(further, page))
            yield self._page(further)
        if self.place.chronological and self.place.kind != "saved":
            async for vanished in self._vanished(memory.missing(before, ids)):
                yield vanished

    async def _read(self, older: str, etag: str) -> tuple[Response, Listing | None]:
        path, query = self._asked(older)
        try:
            response = await self.session.get(path, query, etag=etag)
        except OtherApi:
            self.session, self.place = self._other()
            path, query = self._asked(older)
            try:
                response = await self.session.get(path, query)
            except OtherApi as error:
                raise NotFound(
                    f"{self.session.host} is no Lemmy or PieFed server", hint="Check the name in a browser."
                ) from error
        if response.not_modified:
            return response, None
        via = Via(self.session.base, self.place.kind == "user")
        found: Listing = await self.session.client.parse(read_listing, response.body, via, self.crossed)
        return response, found

    def _asked(self, older: str) -> tuple[str, str]:
        place = replace(self.place, piefed=self.session.root == PIEFED)
        return place.query(older, nsfw=self.session.nsfw, size=self.size)

    def _other(self) -> tuple[Session, Place]:
        root = PIEFED if self.session.root == LEMMY else LEMMY
        return replace(self.session, root=root), self.place

    def _older(self, found: Listing, page: int) -> str:
        """Token of the next page: the server's own, else a number. PieFed's own is a number."""
        if found.older:
            return f"{'p' if self.session.root == PIEFED else 'c'}:{found.older}"
        by_number = self.session.root == LEMMY or self.place.kind == "user"
        full = by_number and found.count >= self.size and page
        return f"p:{page + 1}" if full else ""

    async def _vanished(self, suspects: tuple[str, ...]) -> AsyncIterator[Page]:
        """Ask about posts that are no longer where they were: deleted, removed, or only unlisted?"""
        deleted = []
        for known in [self.seen[s] for s in suspects if s in self.seen and self.seen[s].native][:MAX_CHECKS]:
            try:
                answer = await self.session.get("/post", f"id={known.id}")
                post = record(record(record(decode(answer.body, self.session.host)).get("post_view")).get("post"))
                if post.get("deleted") is True or post.get("removed") is True:
                    deleted.append(known.native)
            except OtherApi:
                break
            except NotFound:
                deleted.append(known.native)
            except SourceError:
                break
            del self.seen[known.id]
        if deleted:
            yield self._page(Listing(gone=tuple(deleted)), known=frozenset(deleted))

    def _page(self, found: Listing, total: int | None = None, known: frozenset[str] = frozenset()) -> Page:
        natives = known or {s.native for s in self.seen.values()}
        memory.remember(self.seen, found.entries, self.now)
        self.crossed = dict(list((self.crossed | dict(found.crossed)).items())[-MAX_CROSSED:])
        full = self.walk.dump() | {
            "seen": memory.dump_seen(self.seen.values()), "etag": self.etag, "api": self.session.root,
            "crossed": self.crossed,
        }  # fmt: skip
        cursor = {key: value for key, value in full.items() if value}
        deleted = tuple(native for native in found.gone if native in natives)
        return Page(found.items, cursor, deleted, self.place.words, self.place.web, total=total)
