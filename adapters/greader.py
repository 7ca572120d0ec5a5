"""Servers that speak the Google Reader API: FreshRSS, BazQux, The Old Reader, Miniflux and others.

https://github.com/mihaip/google-reader-api and https://github.com/theoldreader/api. Lists of ids and POSTed questions
for contents are used, because not every server answers "stream/contents".
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from . import remote_place as places
from .base import Cursor, Malformed, Page, Settings, SourceError, Suggestion
from .greader_wire import READ, READING, STARRED, long_id, read_feeds, read_ids, read_listing, read_states
from .remote import Listing, News, RemoteFeed, Status, get, refused, suspects, token_of
from .remote_walk import pages
from .text_clean import clean_line
from .wire import decode, record, text

if TYPE_CHECKING:
    from .http import Client
    from .remote_place import Place

PAGE_SIZE = 50
#: Ids in one list, lists that one look reads, entries that one look asks about and one request marks.
LIST_SIZE, MOST_LISTS, MOST_LOOKS, BATCH = 5000, 10, 500, 100
_API = "/reader/api/0"


class GReader:
    """Settings: {"address", "sync", "limit"}; see docs/sources/reader-servers.md."""

    kind: ClassVar[str] = "greader"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(self.kind, address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        async for page in pages(await self.open(client, settings), settings, cursor):
            yield page

    async def open(self, client: Client, settings: Settings) -> GReaderApi:
        """The account of a subscription. Raises `NotAuthorized`, `BadSettings`."""
        place = places.from_settings(self.kind, settings)
        return GReaderApi(client, place, await token_of(place))


async def client_login(client: Client, place: Place, password: str) -> str:
    """Exchange name and password for a token. Raises `SourceError`."""
    form = {"Email": place.user, "Passwd": password, "client": "penchant", "accountType": "HOSTED_OR_GOOGLE",
            "service": "reader"}  # fmt: skip
    answer = await client.post(f"{place.base}/accounts/ClientLogin", data=form, typed=True, ok=(200,))
    lines = dict(line.partition("=")[::2] for line in answer.text().splitlines()[:20])
    token = lines.get("Auth", "").strip()
    if not token or len(token) > 2000 or not (token.isascii() and token.isprintable()):
        raise Malformed(f"{place.host} answered the sign-in without a token", hint="Is it a Google Reader API?")
    return token


class GReaderApi:
    """See `remote.Remote`. One object serves one visit: it remembers feeds and the token for changes."""

    def __init__(self, client: Client, place: Place, token: str) -> None:
        self.client, self.place = client, place
        self._headers = {"Authorization": f"GoogleLogin auth={token}"}
        self._feeds: dict[str, RemoteFeed] | None = None
        self._edit = ""

    async def stars(self, older: str) -> Listing:
        return await self.page(older, STARRED)

    async def page(self, older: str, stream: str = READING) -> Listing:
        ids, following = await self._ids(stream, PAGE_SIZE, older)
        if self._feeds is None:
            self._feeds = {feed.id: feed for feed in await self.feeds()}
        if not ids:
            return Listing((), ())
        body = await self._contents(ids)
        items = await self.client.parse(read_listing, body, self.place, ids, self._feeds, time.time())
        return Listing(items, tuple(ids), following)

    async def news(self, agreed: Mapping[str, Status | None], since: float) -> News:
        unread = await self._all(READING, without=READ)
        starred = await self._all(STARRED)
        # Lists of ids may be cut, and what a server cleaned away is in none: the entries themselves decide.
        odd = suspects(agreed, unread, starred)[:MOST_LOOKS]
        found = await self.look(odd)
        return News({entry: found.get(entry) for entry in odd})

    async def look(self, ids: Sequence[str]) -> dict[str, Status]:
        found: dict[str, Status] = {}
        for start in range(0, len(ids), PAGE_SIZE):
            some = list(ids[start : start + PAGE_SIZE])
            rows: dict[str, Status] = await self.client.parse(read_states, await self._contents(some), self.place)
            found |= {entry: status for entry, status in rows.items() if entry in some}
        return found

    async def mark(self, ids: Sequence[str], *, read: bool | None = None, starred: bool | None = None) -> None:
        for tag, wanted in ((READ, read), (STARRED, starred)):
            for start in range(0, len(ids) if wanted is not None else 0, BATCH):
                some = [long_id(entry) for entry in ids[start : start + BATCH]]
                await self._post("/edit-tag", {"i": some, "a" if wanted else "r": tag})

    async def feeds(self) -> list[RemoteFeed]:
        body = await get(self.client, self.place, f"{_API}/subscription/list?output=json", self._headers)
        return read_feeds(body, self.place)

    async def subscribe(self, url: str, title: str, folder: str) -> None:
        answer = record(decode(await self._post("/subscription/quickadd", {"quickadd": url}), self.place.host))
        stream = text(answer.get("streamId"), 2000)
        if not stream:
            known = [feed.id for feed in await self.feeds() if feed.url == url]
            if not known:
                why = clean_line(text(answer.get("error"), 300), 200) or "it did not say why"
                raise Malformed(f"{self.place.host} did not take {url} ({why})", hint="It may be unable to fetch it.")
            return
        label = {"a": f"user/-/label/{folder}"} if folder else {}
        if label or title:
            await self._post("/subscription/edit", {"ac": "edit", "s": stream, "t": title, **label})

    async def unsubscribe(self, feed: RemoteFeed) -> None:
        await self._post("/subscription/edit", {"ac": "unsubscribe", "s": feed.id})

    async def _ids(self, stream: str, size: int, older: str = "", without: str = "") -> tuple[list[str], str]:
        asked = {"output": "json", "s": stream, "n": str(size)}
        asked |= ({"xt": without} if without else {}) | ({"c": older} if older else {})
        path = f"{_API}/stream/items/ids?{urlencode(asked, safe='/', quote_via=quote)}"
        body = await get(self.client, self.place, path, self._headers)
        return read_ids(body, self.place)

    async def _all(self, stream: str, without: str = "") -> frozenset[str]:
        found: set[str] = set()
        older = ""
        for _ in range(MOST_LISTS):
            ids, following = await self._ids(stream, LIST_SIZE, older, without)
            found.update(ids)
            if not following or following == older or not ids:
                break
            older = following
        return frozenset(found)

    async def _contents(self, ids: Sequence[str]) -> bytes:
        return await self._post("/stream/items/contents?output=json", {"i": [long_id(entry) for entry in ids]})

    async def _post(self, path: str, form: Mapping[str, Any]) -> bytes:
        """POST with the token for changes, which some servers want beside the header and others instead of it."""
        if not self._edit:
            answer = await get(self.client, self.place, f"{_API}/token", self._headers)
            self._edit = answer.decode("utf-8", "replace").strip()[:2000]
        url, data = self.place.base + _API + path, {**form, "T": self._edit, "output": "json"}
        try:
            answered = await self.client.post(url, data=data, headers=self._headers, typed=True, ok=(200,))
        except SourceError as error:
            raise refused(error, self.place) from error
        return answered.body
