"""Lobsters (lobste.rs) and sites of its kind: listings, tags, people and discussions; one request at a time."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from . import forum_walk as memory
from . import lobsters_place as places
from .base import Cursor, Gone, Malformed, NotAuthorized, NotFound, Page, Settings, SourceError, Suggestion
from .forum_walk import Walk
from .lobsters_items import Listing, Site, read_feed, read_stories, read_thread
from .lobsters_page import read_stories_page, read_thread_page
from .lobsters_place import Place
from .wire import number

if TYPE_CHECKING:
    from .http import Client, Response

DEFAULT_LIMIT, MAX_LIMIT = 50, 500
#: How a listing is asked for, best first. Refused JSON is tried again after a day (seconds).
WAYS = ("json", "html", "rss")
REFUSED = 86_400.0
#: Vanished stories that one fetch asks about.
MAX_CHECKS = 3
MAX_REPLIES = 200
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


class Lobsters:
    """Settings: {"address", "web", "limit"}; see docs/sources/lobsters.md."""

    kind: ClassVar[str] = "lobsters"
    min_interval: ClassVar[float] = 600.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    def queue(self, settings: Settings) -> str:
        """See `app.sync.queue_of`: visits to one site wait for one another."""
        return str(settings.get("web") or places.from_settings(settings).host).rstrip("/")

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        reading = _Reading(Session.of(client, settings, place), place, cursor)
        limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
        async for page in reading.pages(limit):
            yield page

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """The comments of a story, for the article view. Raises `SourceError`. Never store its empty cursor."""
        rest = native_id.removeprefix("lobsters:")
        short = rest.rpartition("/")[2]
        if not re.fullmatch(r"[a-z0-9]{4,12}", short):
            raise NotFound(f"{native_id[:40]!r} is no story of Lobsters", hint="Open it in the browser (o).")
        if "c" in rest.split("/")[:-1]:
            return Page((), {})  # nothing says which story a comment of a feed is below
        session = Session.of(client, settings, places.from_settings(settings))
        try:
            answer = await session.get(f"/s/{short}.json")
            items = await client.parse(read_thread, answer.body, session.site, MAX_REPLIES)
        except (NotAuthorized, NotFound, Malformed):
            answer = await session.get(f"/s/{short}")
            items = await client.parse(read_thread_page, answer.body, session.site, short, MAX_REPLIES)
        return Page(items, {})


@dataclass(frozen=True, slots=True)
class Session:
    """A site, and how its items are named."""

    client: Client
    base: str
    typed: bool
    site: Site

    @classmethod
    def of(cls, client: Client, settings: Settings, place: Place) -> Session:
        base = str(settings.get("web") or f"https://{place.host}").rstrip("/")
        followed = place.kind in ("user", "threads")
        return cls(client, base, bool(settings.get("web")), Site(place.host, base, followed))

    async def get(self, path: str, *, etag: str = "") -> Response:
        """One answer; this program's other questions to the site wait: it is small and asks for that."""
        of_sites = _turns.setdefault(asyncio.get_running_loop(), {})
        async with of_sites.setdefault(self.base, asyncio.Lock()):
            return await self.client.get(self.base + path, typed=self.typed, etag=etag, max_bytes=16 << 20)

    async def listing(self, place: Place, way: str, page: int, etag: str) -> tuple[Response, Listing | None]:
        """One page in one format; no listing when nothing has changed. Raises `SourceError`."""
        response = await self.get(place.path(way, page), etag=etag)
        if response.not_modified:
            return response, None
        if way == "rss":
            kind = response.headers.get("content-type", "")
            found = await self.client.parse(read_feed, response.body, response.url, kind, time.time(), self.site)
        else:
            read = read_stories if way == "json" else read_stories_page
            found = await self.client.parse(read, response.body, self.site)
        return response, found


class _Reading:
    """One fetch: the walk as it advances, and what is remembered."""

    def __init__(self, session: Session, place: Place, cursor: Cursor) -> None:
        self.session, self.place, self.now = session, place, time.time()
        self.walk, self.seen = Walk.load(cursor), memory.load_seen(cursor)
        self.first_time = not self.seen
        self.etag = str(cursor.get("etag") or "")[:500]
        self.way = str(cursor.get("way") or "")
        self.refused_at = float(number(cursor.get("refused_at")) or 0)
        if self.way not in WAYS or not 0 <= self.now - self.refused_at < REFUSED:
            self.way, self.etag = "json", self.etag if self.way == "json" else ""
        if place.of_comments:
            self.way = "rss"

    async def pages(self, limit: int) -> AsyncIterator[Page]:
        before = self.walk.floor or self.walk.top
        response, first = await self._first()
        if first is None:
            yield self._page(Listing(), response)
            return
        if self.first_time or not self.place.chronological:
            first = replace(first, items=first.items[:limit])
        names = _names(first)
        self.walk = self.walk.first(names, "2" if first.more else "", limit, chronological=self.place.chronological)
        self.etag = response.headers.get("etag", "")[:500]
        total = min(limit, len(names) + self.walk.left) if self.first_time else None
        yield self._page(first, response, total)
        async for page in self._older():
            yield page
        if self.place.chronological and self.way != "rss":
            async for page in self._vanished(memory.missing(before, names)):
                yield page

    async def _first(self) -> tuple[Response, Listing | None]:
        """The first page in the best format that the site gives. Raises the first refusal when none is given."""
        refusal: SourceError | None = None
        for way in WAYS[WAYS.index(self.way) :]:
            if not self.place.path(way):
                continue
            etag = self.etag if way == self.way and not self.walk.older else ""
            try:
                answer = await self.session.listing(self.place, way, 1, etag)
            except (NotAuthorized, NotFound, Gone, Malformed) as error:
                refusal = refusal or error
                if isinstance(error, NotFound | Gone) and way == "html":
                    break  # the page itself is not there: neither is its feed
                continue
            if way != self.way:
                self.way, self.refused_at = way, self.now
            return answer
        raise refusal or Malformed(f"{self.session.site.host} has no such listing")

    async def _older(self) -> AsyncIterator[Page]:
        while self.walk.older:
            number_there = int(self.walk.older) if self.walk.older.isdecimal() else 2
            try:
                response, further = await self.session.listing(self.place, self.way, number_there, "")
            except NotFound:
                further = Listing()
            names = _names(further or Listing())
            self.walk = self.walk.more(names, str(number_there + 1) if further and further.more else "")
            yield self._page(further or Listing(), response if names else None)

    async def _vanished(self, suspects: tuple[str, ...]) -> AsyncIterator[Page]:
        """Ask about stories that are no longer where they were; 404 and 410 mean deleted."""
        deleted = []
        for native in [s for s in suspects if s in self.seen][:MAX_CHECKS]:
            short, ending = native.rpartition(":")[2].rpartition("/")[2], ".json" if self.way == "json" else ""
            try:
                await self.session.get(f"/s/{short}{ending}")
            except (NotFound, Gone):
                deleted.append(native)
            except SourceError:
                break
            del self.seen[native]
        if deleted:
            yield self._page(Listing(), None, deleted=tuple(deleted))

    def _page(
        self, found: Listing, response: Response | None, total: int | None = None, deleted: tuple[str, ...] = ()
    ) -> Page:
        memory.remember(self.seen, ((name, name) for name in _names(found)), self.now)
        full = self.walk.dump() | {
            "seen": memory.dump_seen(self.seen.values()), "etag": self.etag, "way": self.way,
            "refused_at": int(self.refused_at),
        }  # fmt: skip
        cursor = {key: value for key, value in full.items() if value}
        site_url = f"https://{self.place.host}{self.place.path('html')}"
        return Page(found.items, cursor, deleted, self.place.words, site_url, total=total)


def _names(found: Listing) -> tuple[str, ...]:
    return tuple(item.native_id for item in found.items)
