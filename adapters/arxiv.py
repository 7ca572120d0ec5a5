"""arXiv: queries, authors and single papers by its API, a day's announcements by its feeds."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlsplit

from . import arxiv_place as places
from .arxiv_code import Code
from .arxiv_items import to_item
from .arxiv_pace import PACE, Pace
from .arxiv_parse import Answer, Paper, read_answer
from .arxiv_place import API, FEEDS, Place
from .base import (
    BadSettings,
    Cursor,
    Item,
    NotFound,
    Page,
    RateLimited,
    ServerFailure,
    Settings,
    SourceError,
    Suggestion,
)
from .newest_first import State, after_first, after_older
from .wire import number, record, text

if TYPE_CHECKING:
    from .http import Client, Response

#: Answers change once a day (manual, section 3.1.1.2); four looks catch the midnight, wherever it is (seconds).
INTERVAL = 6 * 3600.0
PAGE, FIRST_LIMIT, MAX_LIMIT = 100, 100, 1000
#: Papers of a feed that are completed by one question to the API.
BATCH = 50
MOST_KNOWN = 3000
MAX_BYTES = 32 << 20
#: How long to stay away after a refusal that says nothing about waiting (seconds).
REFUSED = 3600.0


class ArXiv:
    """Settings: {"address", "api", "feeds", "limit", "readmes", "replacements", "code"}; see docs/sources/arxiv.md."""

    kind: ClassVar[str] = "arxiv"
    min_interval: ClassVar[float] = 3600.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    def queue(self, settings: Settings) -> str:
        """arXiv's own hosts count as one; see `Pace`."""
        place = places.from_settings(settings)
        return "arxiv" if {place.api, place.feeds} & {API, FEEDS} else ""

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        visit = _Visit(Api(client, place), Code(client, settings), place, settings)
        reader = {"query": visit.query, "list": visit.daily, "ids": visit.single}[place.what]
        async for page in reader(cursor):
            yield replace(page, title=page.title or place.title, site_url=place.web, interval=INTERVAL)


@dataclass(frozen=True, slots=True)
class Api:
    """arXiv's two services; servers that the reader named instead may be private ones and need no pauses."""

    client: Client
    place: Place
    pace: Pace = PACE

    async def ask(self, query: str) -> Answer:
        """An answer of the API. Raises `BadSettings` for what arXiv does not understand, else `SourceError`."""
        answer = await self._request(self.place.api, f"/query?{query}")
        found: Answer = await self.client.parse(read_answer, answer.body, answer.headers.get("content-type", ""))
        if found.error or answer.status == 400:
            raise BadSettings(
                f"arXiv does not understand {self.place.value[:80]!r}: {found.error or 'it does not say why'}",
                hint="Correct the address of this source; docs/sources/arxiv.md has examples.",
            )
        return found

    async def feed(self, etag: str, last_modified: str) -> Response:
        """The daily feed, conditional. Raises `SourceError`."""
        path = f"/rss/{quote(self.place.value, safe='+')}"
        answer = await self._request(self.place.feeds, path, etag, last_modified)
        if answer.status == 400:
            hint = "Check the name of the category, like cs.CL."
            raise NotFound(f"arXiv has no list called {self.place.value[:80]!r} (400)", hint=hint)
        return answer

    async def _request(self, base: str, path: str, etag: str = "", last_modified: str = "") -> Response:
        public = base in (API, FEEDS)
        async with self.pace.turn() if public else contextlib.nullcontext():
            answer = await self.client.get(
                base + path, typed=not public, ok=(200, 304, 400, 403), max_bytes=MAX_BYTES,
                etag=etag, last_modified=last_modified,
            )  # fmt: skip
        if answer.status == 403:
            raise RateLimited(
                f"{urlsplit(base).netloc} refuses requests from this network for now (403).",
                hint="arXiv shuts out networks that ask too often; penchant waits an hour and tries again.",
                retry_after=REFUSED,
            )
        return answer


class _Visit:
    """One visit: papers that are new, or came in a new version, become items."""

    def __init__(self, api: Api, code: Code, place: Place, settings: Settings) -> None:
        self.api, self.code, self.place, self.settings = api, code, place, settings
        self.limit = min(number(settings.get("limit")) or FIRST_LIMIT, MAX_LIMIT)

    async def query(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Papers that match, the last changed first: a new version comes to the front again."""
        state = State.load(cursor)
        before, size = state.known, min(self.limit, PAGE)
        found = await self._page(self._path(0, size))
        names = [_name(paper) for paper in found.papers]
        items = await self._items([p for p in found.papers if _name(p) not in before])
        state = after_first(state, names, self._next(0, size, found), "", self.limit)
        yield Page(tuple(items), state.dump(), total=len(items) + state.left)
        while state.unfinished:
            start, there = _start_of(state.older), await self._page(state.older)
            names = [_name(paper) for paper in there.papers]
            items = await self._items([p for p in there.papers if _name(p) not in before])
            state = after_older(state, before, names, self._next(start, size, there))
            yield Page(tuple(items), state.dump())

    async def single(self, cursor: Cursor) -> AsyncIterator[Page]:
        """Papers by their ids: here for their later versions. An id that nobody has is no error of arXiv's."""
        known = record(cursor.get("versions"))
        ids = self.place.value.split(",")
        found = await self.api.ask(f"id_list={quote(self.place.value, safe=',')}&max_results={len(ids)}")
        if not found.papers:
            raise NotFound(f"arXiv has no paper {self.place.value[:80]}", hint="Check the number or remove the source.")
        new = [paper for paper in found.papers if (number(known.get(paper.id)) or 0) < paper.version]
        items = await self._items(new)
        versions = {paper.id: paper.version for paper in found.papers}
        title = f"arXiv · {found.papers[0].title}" if len(ids) == 1 else ""
        yield Page(tuple(items), {"versions": versions}, title=title)

    async def daily(self, cursor: Cursor) -> AsyncIterator[Page]:
        """A day's announcements, completed by the API; replacements only of papers seen here before."""
        versions = {k: number(v) or 0 for k, v in list(record(cursor.get("versions")).items())[:MOST_KNOWN]}
        answer = await self.api.feed(text(cursor.get("etag"), 200), text(cursor.get("modified"), 100))
        if answer.not_modified:
            yield Page((), cursor)
            return
        kind = answer.headers.get("content-type", "")
        feed: Answer = await self.api.client.parse(read_answer, answer.body, kind)
        every = self.settings.get("replacements") is True
        new = [
            paper for paper in feed.papers
            if versions.get(paper.id, 0) < paper.version
            and (every or paper.id in versions or not paper.announced.startswith("replace"))
        ]  # fmt: skip
        starts = range(0, max(len(new), 1), BATCH)
        for start in starts:
            batch = new[start : start + BATCH]
            items = await self._items(await self._completed(batch))
            versions = {paper.id: paper.version for paper in batch} | {
                k: v for k, v in versions.items() if k not in {paper.id for paper in batch}
            }
            following: Cursor = {"versions": dict(list(versions.items())[:MOST_KNOWN])}
            if start == starts[-1]:  # earlier, the validators would hide the rest from the next visit
                headers = answer.headers
                following |= {"etag": headers.get("etag", "")[:200], "modified": headers.get("last-modified", "")[:100]}
            yield Page(tuple(items), following, total=len(new))

    async def _completed(self, batch: Sequence[Paper]) -> list[Paper]:
        """Papers as the API has them (comment, DOI, first date); as the feed has them where it does not answer."""
        if not batch:
            return []
        query = f"id_list={','.join(paper.id for paper in batch)}&max_results={len(batch)}"
        try:
            full = {paper.id: paper for paper in (await self.api.ask(query)).papers}
        except SourceError:
            return list(batch)
        return [
            better if (better := full.get(paper.id)) and better.version >= paper.version else paper for paper in batch
        ]

    async def _items(self, papers: Sequence[Paper]) -> list[Item]:
        return [to_item(paper, await self.code.readme(f"{paper.abstract} {paper.comment}")) for paper in papers]

    async def _page(self, path: str) -> Answer:
        """A page of results. The API now and then sends an empty one: asked for once more, then a failure."""
        query = path.partition("?")[2]
        for _ in range(2):
            found = await self.api.ask(query)
            if found.papers or found.total <= _start_of(path):
                return found
        raise ServerFailure(
            "arXiv sent an empty page, though it says that there are papers.",
            hint="It does that now and then; penchant will try again later.",
        )

    def _path(self, start: int, size: int) -> str:
        return (
            f"/query?search_query={quote(self.place.value, safe='')}&sortBy=lastUpdatedDate&sortOrder=descending"
            f"&start={start}&max_results={size}"
        )

    def _next(self, start: int, size: int, found: Answer) -> str:
        after = start + found.count  # pages may be shorter than asked for
        return self._path(after, size) if found.count and after < found.total else ""


def _name(paper: Paper) -> str:
    return f"{paper.id}v{paper.version}"


def _start_of(path: str) -> int:
    digits = path.partition("&start=")[2].partition("&")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 8 else 0
