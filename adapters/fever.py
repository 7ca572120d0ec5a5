"""Servers that speak the Fever API: FreshRSS, Miniflux, BazQux and others.

https://feedafever.com/api, as kept by the servers that implement it. The key is md5(user:password); it goes into the
body of a POST. Some servers take "saved" and "unsaved" for a toggle, so an entry is looked at before it is marked.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from . import remote_place as places
from .base import Cursor, Item, Malformed, NotAuthorized, NotFound, Page, Refused, Settings, SourceError, Suggestion
from .greader_wire import moment
from .remote import Listing, News, RemoteEntry, RemoteFeed, Status, entry_id, items_of, refused, suspects, token_of
from .remote_place import Place
from .remote_walk import pages
from .wire import decode, ident, record, records, text

if TYPE_CHECKING:
    from .http import Client

#: Entries that one answer holds, by the API; entries that one look asks about.
PAGE_SIZE, MOST_LOOKS = 50, 500
#: Above every id: some servers take 0 for "none".
_NEWEST = "999999999999999999"


class Fever:
    """Settings: {"address", "sync", "limit"}; see docs/sources/reader-servers.md."""

    kind: ClassVar[str] = "fever"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(self.kind, address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        async for page in pages(await self.open(client, settings), settings, cursor):
            yield page

    async def open(self, client: Client, settings: Settings) -> FeverApi:
        """The account of a subscription. Raises `NotAuthorized`, `BadSettings`."""
        place = places.from_settings(self.kind, settings)
        return FeverApi(client, place, await token_of(place))


def api_key(user: str, password: str) -> str:
    """The key as the API defines it: not our choice of digest."""
    return hashlib.md5(f"{user}:{password}".encode(), usedforsecurity=False).hexdigest()


class FeverApi:
    """See `remote.Remote`. One object serves one visit: it remembers feeds."""

    def __init__(self, client: Client, place: Place, key: str) -> None:
        self.client, self.place, self._key = client, place, key
        self._feeds: dict[str, RemoteFeed] | None = None
        #: A folder wants its "/", a script has none.
        self._end = "" if place.path.endswith(".php") else "/"

    async def check(self) -> None:
        """Raises `NotAuthorized` for a wrong key, `Malformed` where nobody speaks Fever."""
        await self._ask("")

    async def stars(self, older: str) -> Listing:
        saved = read_ids(await self._ask("&saved_item_ids"), "saved_item_ids", self.place)
        below = (len(older), older) if older else (len(_NEWEST), _NEWEST)
        left = sorted((key for entry in saved if (key := (len(entry), entry)) < below), reverse=True)
        some = [entry for _, entry in left[:PAGE_SIZE]]
        if not some:
            return Listing((), ())
        found = await self._listing(f"&items&with_ids={','.join(some)}")
        return Listing(found.items, tuple(some), some[-1] if len(left) > PAGE_SIZE else "")

    async def page(self, older: str) -> Listing:
        return await self._listing(f"&items&max_id={older or _NEWEST}")

    async def _listing(self, what: str) -> Listing:
        if self._feeds is None:
            self._feeds = {feed.id: feed for feed in await self.feeds()}
        body = await self._ask(what)
        listing: Listing = await self.client.parse(read_listing, body, self.place, self._feeds, time.time())
        return listing

    async def news(self, agreed: Mapping[str, Status | None], since: float) -> News:
        unread = read_ids(await self._ask("&unread_item_ids"), "unread_item_ids", self.place)
        saved = read_ids(await self._ask("&saved_item_ids"), "saved_item_ids", self.place)
        odd = suspects(agreed, unread, saved)[:MOST_LOOKS]
        found = await self.look(odd)
        return News({entry: found.get(entry) for entry in odd})

    async def look(self, ids: Sequence[str]) -> dict[str, Status]:
        found: dict[str, Status] = {}
        for start in range(0, len(ids), PAGE_SIZE):
            some = ids[start : start + PAGE_SIZE]
            body = await self._ask(f"&items&with_ids={','.join(some)}")
            rows: dict[str, Status] = await self.client.parse(read_states, body, self.place)
            found |= {entry: status for entry, status in rows.items() if entry in some}
        return found

    async def mark(self, ids: Sequence[str], *, read: bool | None = None, starred: bool | None = None) -> None:
        now = await self.look(ids)
        for entry, status in now.items():
            if read is not None and status.read != read:
                await self._ask("", {"mark": "item", "as": "read" if read else "unread", "id": entry})
            if starred is not None and status.starred != starred:
                await self._ask("", {"mark": "item", "as": "saved" if starred else "unsaved", "id": entry})

    async def feeds(self) -> list[RemoteFeed]:
        groups = record(decode(await self._ask("&groups"), self.place.host))
        return read_feeds(await self._ask("&feeds"), groups, self.place)

    async def _ask(self, what: str, form: Mapping[str, str] | None = None) -> bytes:
        try:
            body = await self._post(what, form)
        except (NotFound, Refused):
            if self._end != "/":
                raise
            self._end = ""
            body = await self._post(what, form)
        answer = record(decode(body, self.place.host))
        if "api_version" not in answer and "auth" not in answer:
            raise Malformed(f"{self.place.host} does not speak Fever here", hint="Check the address of its Fever API.")
        if answer.get("auth") not in (1, True, "1"):
            raise refused(NotAuthorized("refused"), self.place)
        return body

    async def _post(self, what: str, form: Mapping[str, str] | None) -> bytes:
        url = f"{self.place.base}{self._end}?api{what}"
        data = {"api_key": self._key, **(form or {})}
        try:
            return (await self.client.post(url, data=data, typed=True, ok=(200,))).body
        except SourceError as error:
            raise refused(error, self.place) from error


def read_ids(body: bytes, name: str, place: Place) -> frozenset[str]:
    """A list of ids, which the API writes as one text. Raises `Malformed`."""
    value = record(decode(body, place.host)).get(name)
    if not isinstance(value, str | int):
        raise Malformed(f"{place.host} did not answer with {name}")
    return frozenset(found for part in str(value).split(",")[:200_000] if (found := entry_id(part.strip())))


def read_feeds(body: bytes, groups: Mapping[str, Any], place: Place) -> list[RemoteFeed]:
    """Feeds with the group that holds them. Raises `Malformed`."""
    document = record(decode(body, place.host))
    if not isinstance(document.get("feeds"), list):
        raise Malformed(f"{place.host} did not answer with a list of feeds")
    titles = {ident(row.get("id")): text(row.get("title"), 200) for row in records(groups.get("groups"), 2000)}
    folders: dict[str, str] = {}
    for row in records(groups.get("feeds_groups") or document.get("feeds_groups"), 2000):
        for feed in text(row.get("feed_ids"), 100_000).split(","):
            folders.setdefault(feed.strip(), titles.get(ident(row.get("group_id")), ""))
    return [
        RemoteFeed(
            number := ident(row.get("id")), text(row.get("title"), 500), text(row.get("url"), 2000),
            text(row.get("site_url"), 2000), folders.get(number, ""),
        )
        for row in records(document["feeds"], 10_000)
    ]  # fmt: skip


def read_states(body: bytes, place: Place) -> dict[str, Status]:
    """How the entries of an answer stand. Raises `Malformed`."""
    return {entry_id(row.get("id")): _status(row) for row in _rows(body, place)}


def read_listing(body: bytes, place: Place, feeds: Mapping[str, RemoteFeed], now: float) -> Listing:
    """A page of entries, newest first. Raises `Malformed`."""
    rows = sorted(_rows(body, place), key=lambda row: _order(row), reverse=True)
    ids = tuple(entry_id(row.get("id")) for row in rows)
    items: tuple[Item, ...] = items_of([_entry(row, feeds) for row in rows], place, now)
    return Listing(items, ids, ids[-1] if len(ids) >= PAGE_SIZE else "")


def _rows(body: bytes, place: Place) -> list[dict[str, Any]]:
    document = record(decode(body, place.host))
    if not isinstance(document.get("items"), list):
        raise Malformed(f"{place.host} did not answer with entries")
    found: dict[str, dict[str, Any]] = {}
    for row in records(document["items"], 100):
        if entry := entry_id(row.get("id")):
            found.setdefault(entry, row)
    return list(found.values())


def _order(row: Mapping[str, Any]) -> tuple[int, str]:
    entry = entry_id(row.get("id"))
    return len(entry), entry


def _status(row: Mapping[str, Any]) -> Status:
    return Status(row.get("is_read") in (1, True, "1"), row.get("is_saved") in (1, True, "1"))


def _entry(row: Mapping[str, Any], feeds: Mapping[str, RemoteFeed]) -> RemoteEntry:
    number = ident(row.get("feed_id"))
    feed = feeds.get(number) or RemoteFeed(number, "")
    created = row.get("created_on_time")
    return RemoteEntry(
        entry_id(row.get("id")), _status(row), feed, text(row.get("url"), 4000), text(row.get("title"), 2000),
        text(row.get("author"), 500), text(row.get("html"), 2 << 20),
        moment(int(created) if isinstance(created, str) and created.isdecimal() and len(created) < 12 else created),
        (feed.folder,) if feed.folder else (),
    )  # fmt: skip
