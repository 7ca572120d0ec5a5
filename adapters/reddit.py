"""Reddit: communities, multireddits, people, discussions, and the signed-in reader's own listings.

Its JSON where it gives it, else its Atom feeds: the items are the same ones.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import forum_walk as memory
from . import reddit_place as places
from .base import Cursor, Item, NotAuthorized, NotFound, Page, Settings, SourceError, Suggestion
from .forum_walk import Walk
from .reddit_api import Blocked, Session, spare
from .reddit_feed import read_feed
from .reddit_items import Listing, native_id, read_listing, read_thread
from .reddit_place import Place
from .wire import ident, number, record

if TYPE_CHECKING:
    from .http import Client, Response

#: Posts of a listing that are read, unless settings["limit"] says otherwise, and at most: Reddit lists no more.
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
#: JSON that was refused is asked for again after so long (seconds): until then only the feed is.
REFUSED = 86_400.0
#: Feeds bring no counts, so that there is little to come back for (seconds).
FEED_INTERVAL = 900.0
#: Share links that one fetch follows, and that are remembered.
MAX_SHARES, MOST_SHARES = 5, 50
#: Items whose counts and fate one request tells (Reddit's own limit).
INFO = 100
MAX_REPLIES = 200


class Reddit:
    """Settings: {"address", "account", "feed", "owner", "limit", "web", "api"}; see docs/sources/reddit.md."""

    kind: ClassVar[str] = "reddit"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    def queue(self, settings: Settings) -> str:
        """One request at a time for each reader."""
        return f"{settings.get('web') or 'reddit'} {places.from_settings(settings).account}"

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        session = await Session.open(client, settings, place)
        reading = _Reading(session, place, cursor)
        limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
        async for page in reading.pages(limit):
            yield page

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """The comments below a post, for the article view. Raises `SourceError`. Never store its empty cursor."""
        place = places.from_settings(settings)
        session = await Session.open(client, settings, place)
        path, context = _discussion(native_id.removeprefix("reddit:"), record(extra).get("post"))
        try:
            answer = await session.json(path, f"limit={MAX_REPLIES}{context}&raw_json=1")
            items = await client.parse(read_thread, answer.body, session.host, MAX_REPLIES)
        except Blocked:
            answer = await session.feed(path, "limit=100")
            found: Listing = await client.parse(read_feed, *_feed_of(answer))
            items = tuple(
                replace(item, sightings=(), in_reply_to=native_id)
                for item in found.items
                if item.native_id.startswith("reddit:t1_")
            )
        return Page(items, {})


class _Reading:
    """One fetch: the walk as it advances, and what is remembered."""

    def __init__(self, session: Session, place: Place, cursor: Cursor) -> None:
        self.session, self.place = session, place
        self.walk = Walk.load(cursor)
        self.seen = memory.load_seen(cursor)
        self.known = frozenset(self.seen)
        self.refused_at = float(number(cursor.get("refused_at")) or 0)
        self.etag, self.title = (str(cursor.get(k) or "")[:500] for k in ("etag", "title"))
        self.shares = {k: str(v) for k, v in record(cursor.get("shares")).items() if isinstance(v, str)}
        self.shared = str(cursor.get("shared") or "") if place.kind == "share" else ""
        self.path = ""
        self.go_on, self.now = True, time.time()
        #: Seconds the rate limit asks us to stay away, once it is nearly used up; share links followed so far.
        self.wait: float | None = None
        self.followed = 0
        #: Posts asked for at once: no more than are wanted of a ranked listing or a first visit.
        self.size = places.PAGE_SIZE

    async def pages(self, limit: int) -> AsyncIterator[Page]:
        self.path = await self._path()
        before = self.walk.floor or self.walk.top
        self.size = places.PAGE_SIZE if self.place.chronological and self.known else limit
        response, first = await self._read("")
        if first is None:
            yield self._page(Listing(), response)
            return
        ids = tuple(name for name, _ in first.entries)
        walked = self.walk.first(ids, first.older, limit, chronological=self.place.chronological)
        self.walk, self.title = walked, first.title or self.title
        self.etag = response.headers.get("etag", "")[:500]
        yield self._page(first, response, min(limit, len(first.items) + walked.left) if not self.known else None)
        shown = set(ids)
        while self.walk.older and self.go_on:
            response, further = await self._read(self.walk.older)
            if further is None:
                break
            ids = tuple(name for name, _ in further.entries)
            self.walk = self.walk.more(ids, further.older)
            shown.update(ids)
            yield self._page(further, response)
        suspects = memory.missing(before, tuple(n for n, _ in first.entries)) if self.place.chronological else ()
        async for page in self._again(suspects, shown):
            yield page

    async def _path(self) -> str:
        """Path of the listing; a share link is followed to its post, once."""
        if self.place.kind != "share":
            return self.place.listing(self.session.account)
        found = places.from_address(f"reddit:{self.shared or await self.session.resolve(self.place.name)}")
        if found is None or found.kind != "post":
            raise NotFound("This share link leads to no post", hint="Open it in a browser.")
        self.place, self.shared = found, f"comments/{found.name}"
        return found.listing()

    @property
    def _by_feed(self) -> bool:
        return not self.session.account and 0 <= self.now - self.refused_at < REFUSED

    async def _read(self, after: str) -> tuple[Response, Listing | None]:
        """One page as JSON, or as a feed where JSON is refused; no listing when nothing has changed."""
        etag = self.etag if not after and not self.walk.older else ""
        if not self._by_feed:
            try:
                response = await self.session.json(self.path, self.place.query(after, size=self.size), etag=etag)
                return response, await self._parsed(response, read_listing, response.body, self.session.host)
            except Blocked:
                self.refused_at, self.etag = self.now, ""
                etag = ""
        response = await self.session.feed(self.path, self.place.query(after, size=self.size, rss=True), etag=etag)
        return response, await self._parsed(response, read_feed, *_feed_of(response))

    async def _parsed(self, response: Response, read: Any, *args: Any) -> Listing | None:
        if response.not_modified:
            return None
        found: Listing = await self.session.client.parse(read, *args, self.place.follows_people)
        return replace(found, items=tuple([await self._led_on(item) for item in found.items]))

    async def _led_on(self, item: Item) -> Item:
        """A link post whose link is a share link: with the address that it stands for."""
        share = item.extra.get("share")
        if not isinstance(share, str):
            return item
        place = places.from_address(share)
        if place is None or place.kind != "share":
            return item
        if place.name not in self.shares and self.followed < MAX_SHARES:
            self.followed += 1
            try:
                self.shares[place.name] = await self.session.resolve(place.name)
            except (NotFound, NotAuthorized):
                self.shares[place.name] = ""
            except SourceError:
                return item  # asked again next time
        target = self.shares.get(place.name)
        return replace(item, url=f"{places.WEB}/{target}/") if target else item

    async def _again(self, suspects: tuple[str, ...], shown: set[str]) -> AsyncIterator[Page]:
        """Ask for fresh counts of what left the listing, and for the fate of what vanished from it: one request."""
        due = [s.id for s in self.seen.values() if s.native and s.id not in shown and s.due(self.now)]
        names = [n for n in dict.fromkeys((*suspects, *due)) if n in self.known and n not in shown][:INFO]
        if not names or not self.go_on or self._by_feed:
            return
        try:
            response = await self.session.json("/api/info", f"id={','.join(names)}&raw_json=1")
            followed = self.place.follows_people
            found: Listing = await self.session.client.parse(read_listing, response.body, self.session.host, followed)
        except SourceError:
            return  # the listing is here already; these are asked for again next time
        told = {name for name, _ in found.entries} | {g.removeprefix("reddit:") for g in found.gone}
        gone = [native_id(n) for n in names if n not in told and n in suspects]
        yield self._page(replace(found, gone=(*found.gone, *gone)), response)

    def _page(self, found: Listing, response: Response, total: int | None = None) -> Page:
        memory.remember(self.seen, found.entries, self.now)
        deleted = tuple(g for g in found.gone if g.removeprefix("reddit:") in self.seen or g in self._natives)
        for name in deleted:
            self.seen.pop(name.removeprefix("reddit:"), None)
        self.go_on, wait = spare(response)
        self.wait = wait or self.wait
        return Page(
            found.items, self._cursor(), deleted, self._title, self.place.web, total=total,
            interval=self.wait or (FEED_INTERVAL if self._by_feed else None),
        )  # fmt: skip

    @property
    def _natives(self) -> set[str]:
        return {s.native for s in self.seen.values()}

    @property
    def _title(self) -> str:
        if self.place.kind == "post" and self.title:
            return self.title
        who = self.session.account or self.place.owner
        return f"{self.place.words} · {who}" if who and self.place.kind in places.OWN else self.place.words

    def _cursor(self) -> Cursor:
        full = self.walk.dump() | {
            "seen": memory.dump_seen(self.seen.values()), "etag": self.etag, "title": self.title,
            "refused_at": int(self.refused_at), "shared": self.shared,
            "shares": dict(list(self.shares.items())[-MOST_SHARES:]),
        }  # fmt: skip
        return {key: value for key, value in full.items() if value}


def _discussion(name: str, post: object) -> tuple[str, str]:
    """Path of a post's comments, or of a comment with those above it. Raises `NotFound`."""
    kind, _, own = name.partition("_")
    if kind == "t3" and ident(own):
        return f"/comments/{own}", ""
    if kind == "t1" and ident(own) and ident(post):
        return f"/comments/{post}/_/{own}", "&context=8"
    raise NotFound(f"{name[:40]!r} is no post of Reddit", hint="Open it in the browser (o).")


def _feed_of(response: Response) -> tuple[bytes, str, str, float]:
    return response.body, response.url, response.headers.get("content-type", ""), time.time()
