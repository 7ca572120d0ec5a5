"""Miniflux: entries of all feeds of an account, by an API key. https://miniflux.app/docs/api.html"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from . import remote_place as places
from .base import Cursor, Malformed, NotFound, Page, Settings, SourceError, Suggestion
from .remote import Listing, News, RemoteEntry, RemoteFeed, Status, entry_id, get, items_of, refused, token_of
from .remote_place import Place
from .remote_walk import pages
from .text import parse_date
from .wire import decode, ident, record, records, text

if TYPE_CHECKING:
    from .http import Client

PAGE_SIZE = 100
#: Pages that one look for changes reads at most, and entries that one request marks.
MOST_PAGES, BATCH = 20, 500


class Miniflux:
    """Settings: {"address", "sync", "limit"}; see docs/sources/reader-servers.md."""

    kind: ClassVar[str] = "miniflux"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(self.kind, address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        async for page in pages(await self.open(client, settings), settings, cursor):
            yield page

    async def open(self, client: Client, settings: Settings) -> MinifluxApi:
        """The account of a subscription. Raises `NotAuthorized`, `BadSettings`."""
        place = places.from_settings(self.kind, settings)
        return MinifluxApi(client, place, await token_of(place))


class MinifluxApi:
    """See `remote.Remote`."""

    def __init__(self, client: Client, place: Place, token: str) -> None:
        self.client, self.place = client, place
        self._headers = {"X-Auth-Token": token}

    async def user(self) -> str:
        """The name of the key's owner. Raises `NotAuthorized` for a wrong key."""
        body = await get(self.client, self.place, "/v1/me", self._headers)
        name = text(record(decode(body, self.place.host)).get("username"), 100)
        if not name:
            raise Malformed(f"{self.place.host} did not say whose key this is")
        return name

    async def stars(self, older: str) -> Listing:
        return await self.page(older, "&starred=true")

    async def page(self, older: str, more: str = "") -> Listing:
        query = f"order=id&direction=desc&limit={PAGE_SIZE}" + (f"&before_entry_id={older}" if older else "")
        body = await get(self.client, self.place, f"/v1/entries?{query}{more}", self._headers)
        listing: Listing = await self.client.parse(read_listing, body, self.place, time.time())
        return listing

    async def news(self, agreed: Mapping[str, Status | None], since: float) -> News:
        fresh = {entry for entry, status in agreed.items() if status is None}
        # An entry that is new here may have been read there long before the last look.
        after = 0 if fresh or not since else int(since) - 1
        found: dict[str, Status | None] = {}
        through = since
        for number in range(MOST_PAGES):
            query = f"order=changed_at&direction=desc&limit={PAGE_SIZE}&offset={number * PAGE_SIZE}"
            query += f"&changed_after={after}" if after > 0 else ""
            body = await get(self.client, self.place, f"/v1/entries?{query}", self._headers)
            rows: dict[str, Status] = await self.client.parse(read_states, body, self.place)
            found |= {entry: status for entry, status in rows.items() if entry in agreed}
            through = max([through, *(s.changed or 0.0 for s in rows.values())])
            oldest = min((s.changed or 0.0 for s in rows.values()), default=0.0)
            if len(rows) < PAGE_SIZE or (fresh <= found.keys() and (oldest < since or not since)):
                break
        return News(found, through)

    async def look(self, ids: Sequence[str]) -> dict[str, Status]:
        found = {}
        for entry in ids:
            try:
                body = await get(self.client, self.place, f"/v1/entries/{entry}", self._headers)
            except NotFound:
                continue
            row = record(decode(body, self.place.host))
            if entry_id(row.get("id")) == entry:
                found[entry] = status_of(row)
        return found

    async def mark(self, ids: Sequence[str], *, read: bool | None = None, starred: bool | None = None) -> None:
        for start in range(0, len(ids) if read is not None else 0, BATCH):
            numbers = [int(entry) for entry in ids[start : start + BATCH] if entry.isdecimal()]
            await self._put("/v1/entries", {"entry_ids": numbers, "status": "read" if read else "unread"})
        if starred is not None:
            # The API knows only a toggle, so each one is looked at just before.
            for entry in ids:
                now = await self.look([entry])
                if entry in now and now[entry].starred != starred:
                    await self._put(f"/v1/entries/{entry}/bookmark", None)

    async def feeds(self) -> list[RemoteFeed]:
        body = await get(self.client, self.place, "/v1/feeds", self._headers)
        document = decode(body, self.place.host)
        if not isinstance(document, list):
            raise Malformed(f"{self.place.host} did not answer with a list of feeds")
        return [_feed(row) for row in records(document, 10_000)]

    async def subscribe(self, url: str, title: str, folder: str) -> None:
        document = {"feed_url": url, "category_id": await self._category(folder)}
        try:
            await self._post("/v1/feeds", document)
        except SourceError:
            if url not in [feed.url for feed in await self.feeds()]:  # "This feed already exists" is as good
                raise

    async def unsubscribe(self, feed: RemoteFeed) -> None:
        url = f"{self.place.base}/v1/feeds/{feed.id}"
        try:
            await self.client.delete(url, headers=self._headers, typed=True)
        except NotFound:
            return
        except SourceError as error:
            raise refused(error, self.place) from error

    async def _category(self, folder: str) -> int:
        """The category of that title, made where it is not there; the first one for a feed without a folder."""
        rows = records(decode(await get(self.client, self.place, "/v1/categories", self._headers), self.place.host))
        known = {text(row.get("title"), 200): row.get("id") for row in rows}
        if folder and folder not in known:
            body = await self._post("/v1/categories", {"title": folder})
            found = record(decode(body, self.place.host)).get("id")
        else:
            found = known[folder] if folder else next(iter(known.values()), None)
        if not isinstance(found, int):
            raise Malformed(f"{self.place.host} did not answer with a category")
        return found

    async def _post(self, path: str, document: Any) -> bytes:
        try:
            url = self.place.base + path
            answer = await self.client.post(url, json=document, headers=self._headers, typed=True, ok=(200, 201))
        except SourceError as error:
            raise refused(error, self.place) from error
        return answer.body

    async def _put(self, path: str, document: Any) -> None:
        try:
            await self.client.put(self.place.base + path, json=document, headers=self._headers, typed=True)
        except SourceError as error:
            raise refused(error, self.place) from error


def read_listing(body: bytes, place: Place, now: float) -> Listing:
    """A page of entries. Raises `Malformed`."""
    entries = [_entry(row) for row in _rows(body, place) if entry_id(row.get("id"))]
    ids = tuple(entry.id for entry in entries)
    return Listing(items_of(entries, place, now), ids, ids[-1] if len(ids) >= PAGE_SIZE else "")


def read_states(body: bytes, place: Place) -> dict[str, Status]:
    """How the entries of a page stand. Raises `Malformed`."""
    return {entry_id(row.get("id")): status_of(row) for row in _rows(body, place) if entry_id(row.get("id"))}


def status_of(row: Mapping[str, Any]) -> Status:
    changed = parse_date(text(row.get("changed_at"), 60)) if row.get("changed_at") else None
    return Status(row.get("status") == "read", row.get("starred") is True, changed)


def _rows(body: bytes, place: Place) -> list[dict[str, Any]]:
    document = record(decode(body, place.host))
    if not isinstance(document.get("entries"), list):
        raise Malformed(f"{place.host} did not answer with a list of entries")
    found: dict[str, dict[str, Any]] = {}
    for row in records(document["entries"], PAGE_SIZE):
        found.setdefault(entry_id(row.get("id")), row)
    return list(found.values())


def _feed(row: Mapping[str, Any]) -> RemoteFeed:
    folder = text(record(row.get("category")).get("title"), 200)
    return RemoteFeed(
        ident(row.get("id")), text(row.get("title"), 500), text(row.get("feed_url"), 2000),
        text(row.get("site_url"), 2000), folder,
    )  # fmt: skip


def _entry(row: Mapping[str, Any]) -> RemoteEntry:
    feed = _feed(record(row.get("feed")))
    own = row.get("tags")
    tags = [text(tag, 200) for tag in own[:30]] if isinstance(own, list) else []
    media = tuple(
        (text(part.get("url"), 2000), text(part.get("mime_type"), 100), _size(part.get("size")))
        for part in records(row.get("enclosures"), 40)
    )
    return RemoteEntry(
        entry_id(row.get("id")), status_of(row), feed, text(row.get("url"), 4000), text(row.get("title"), 2000),
        text(row.get("author"), 500), text(row.get("content"), 2 << 20), text(row.get("published_at"), 60),
        tuple(tag for tag in (feed.folder, *tags) if tag), media, text(row.get("comments_url"), 4000),
    )  # fmt: skip


def _size(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0
