"""Hacker News: its lists by the Firebase API, search and whole threads by Algolia's."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from . import hackernews_cursor as memory
from .base import BadSettings, Cursor, Item, NotFound, Page, Poll, Settings, SourceError, Suggestion
from .hackernews_items import (
    SITE,
    Answer,
    native_id,
    read_hits,
    read_ids,
    read_items,
    read_poll_options,
    read_thread,
)
from .wire import number

if TYPE_CHECKING:
    from .http import Client

API = "https://hacker-news.firebaseio.com/v0"
ALGOLIA = "https://hn.algolia.com/api/v1"
LISTS = ("top", "new", "best", "ask", "show")
DEFAULT_LIMIT = 100
#: The lists hold at most 500.
MAX_LIMIT = 500
PAGE = 25
#: Requests at once; the API is made for them, the reader's network may not be.
AT_ONCE = 8
#: One item is a few KB; 4 MB of it would be an attack.
MAX_ITEM_BYTES = 4 << 20
#: Failed items after which a fetch gives up: the service is down, not one item.
MAX_FAILURES = 10
GONE = ("deleted", "dead", "null")
_NAMES = {"top": "Top", "new": "New", "best": "Best", "ask": "Ask", "show": "Show"}
_PAGES = {"": "top", "news": "top", "newest": "new", "best": "best", "ask": "ask", "show": "show"}


class HackerNews:
    """Settings: {"address", "api", "algolia", "limit"}; see docs/sources/hackernews.md."""

    kind: ClassVar[str] = "hackernews"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        name = _name_of(address.strip())
        if not name:
            return None
        canonical = f"hackernews:{name}"
        return Suggestion("hackernews", canonical, _title(name), {"address": canonical})

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        name = _name_of(str(settings.get("address") or ""))
        if not name:
            lists = ", ".join(f"hackernews:{n}" for n in LISTS)
            hint = f"Choose one of {lists} or hackernews:search:WORDS."
            raise BadSettings(f"{settings.get('address')!r} is no Hacker News list", hint=hint)
        limit = min(number(settings.get("limit")) or DEFAULT_LIMIT, MAX_LIMIT)
        api = Api.of(client, settings)
        if name.startswith("search:"):
            pages = _search(api, name.removeprefix("search:"), limit)
        else:
            pages = _list(api, name, cursor, limit)
        async for page in pages:
            yield replace(page, title=_title(name), site_url=_site(name))

    async def thread(
        self, client: Client, settings: Settings, native_id: str, extra: Mapping[str, Any] | None = None
    ) -> Page:
        """What surrounds an item, for the article view; see `comments`. Never store its empty cursor."""
        return await comments(client, settings, native_id)


@dataclass(frozen=True, slots=True)
class Api:
    """Where the two services are; addresses that the reader set may be private ones."""

    client: Client
    base: str
    typed: bool
    algolia: str
    algolia_typed: bool

    @classmethod
    def of(cls, client: Client, settings: Settings) -> Api:
        base = str(settings.get("api") or API).rstrip("/")
        algolia = str(settings.get("algolia") or ("" if settings.get("api") else ALGOLIA)).rstrip("/")
        return cls(client, base, base != API, algolia, algolia != ALGOLIA)

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    async def body(self, path: str) -> bytes:
        """A Firebase document. Raises `SourceError`."""
        answer = await self.client.get(
            f"{self.base}/{path}.json", typed=self.typed, api=True, ok=(200,), max_bytes=MAX_ITEM_BYTES
        )
        return answer.body

    async def bodies(self, ids: list[int]) -> list[bytes | SourceError]:
        """The documents of some items, a few at once, in order; a failed one is its error."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number_there: int) -> bytes | SourceError:
            async with gate:
                try:
                    return await self.body(f"item/{number_there}")
                except SourceError as error:
                    return error

        return await asyncio.gather(*(one(i) for i in ids))

    async def read(self, ids: list[int]) -> dict[int, Answer]:
        """The items that could be read. Raises the error when all or many failed for the same reason."""
        got = await self.bodies(ids)
        errors = [g for g in got if isinstance(g, SourceError)]
        if errors and (len(errors) == len(ids) or len(errors) >= MAX_FAILURES):
            raise errors[0]
        fine = [(i, g) for i, g in zip(ids, got, strict=True) if isinstance(g, bytes)]
        answers = await self.client.parse(read_items, [g for _, g in fine])
        return {i: a for (i, _), a in zip(fine, answers, strict=True)}


async def _list(api: Api, name: str, cursor: Cursor, limit: int) -> AsyncIterator[Page]:
    listed = await api.client.parse(read_ids, await api.body(f"{name}stories"), api.host)
    known, now = memory.load(cursor), time.time()
    wanted = memory.plan(listed, known, now, limit)
    for start in range(0, max(len(wanted), 1), PAGE):
        answers = await api.read(wanted[start : start + PAGE])
        gone = [i for i, a in answers.items() if i in known and a.state in GONE]
        items = [await _complete(api, a) for a in answers.values() if a.item]
        # A new item that is null is not there yet: not remembered, so asked for again next time.
        memory.remember(known, [i for i, a in answers.items() if a.state not in ("null", "unreadable")], now)
        for i in gone:
            if answers[i].state == "null":
                del known[i]
        deleted = tuple(native_id(i) for i in gone)
        yield Page(tuple(items), memory.dump(known.values(), limit), deleted=deleted, total=len(wanted))


async def _complete(api: Api, found: Answer) -> Item:
    """The item, with the options of its poll."""
    assert found.item is not None
    if not found.parts:
        return found.item
    bodies = [b for b in await api.bodies(list(found.parts)) if isinstance(b, bytes)]
    options = await api.client.parse(read_poll_options, bodies)
    return replace(found.item, poll=Poll(options)) if options else found.item


async def _search(api: Api, words: str, limit: int) -> AsyncIterator[Page]:
    """Stories by Algolia's search, newest first: one request for all of them."""
    if not api.algolia:
        hint = 'Set "algolia" for this source, or remove "api".'
        raise BadSettings("Search needs the address of a search service", hint=hint)
    url = f"{api.algolia}/search_by_date?tags=story&hitsPerPage={min(limit, 200)}&query={quote(words)}"
    answer = await api.client.get(url, typed=api.algolia_typed, ok=(200,), api=True)
    items = await api.client.parse(read_hits, answer.body, urlsplit(api.algolia).netloc)
    yield Page(items[:limit], {}, total=min(len(items), limit))


async def comments(client: Client, settings: Settings, native_id_there: str, *, limit: int = 100) -> Page:
    """The first `limit` comments of a story, each before its replies. Raises `SourceError`.

    One request to Algolia where it is set and answers, else up to `limit`
    requests to the Firebase API, the story's own order of comments first.
    """
    number_there = native_id_there.removeprefix("hn:")
    if not re.fullmatch(r"[0-9]{1,12}", number_there):
        raise NotFound(f"{native_id_there[:40]!r} is no item of Hacker News")
    api = Api.of(client, settings)
    if api.algolia:
        try:
            url = f"{api.algolia}/items/{number_there}"
            answer = await client.get(url, typed=api.algolia_typed, ok=(200,), api=True)
            return Page(await client.parse(read_thread, answer.body, urlsplit(api.algolia).netloc, limit), {})
        except SourceError:
            pass  # the official API has the same thread, slower
    return Page(await _thread(api, int(number_there), limit), {})


async def _thread(api: Api, story: int, limit: int) -> tuple[Item, ...]:
    """Comments level by level (so that the limit keeps the upper ones), then put in reading order."""
    root = (await api.read([story]))[story]
    found: dict[int, Answer] = {}
    level = list(root.children)
    while level and len(found) < limit:
        batch = [i for i in level if i not in found and i != story][: min(limit - len(found), PAGE)]
        if not batch:
            break
        answers = await api.read(batch)
        found |= answers
        rest = level[level.index(batch[-1]) + 1 :]
        level = rest + [kid for i in batch if i in answers for kid in answers[i].children]
    ordered: list[Item] = []
    stack = list(reversed(root.children))
    seen: set[int] = set()
    while stack:
        i = stack.pop()
        if i in seen or i not in found:
            continue
        seen.add(i)
        item = found[i].item
        if item is not None:
            ordered.append(replace(item, thread=native_id(story)))
        stack.extend(reversed(found[i].children))
    return tuple(ordered)


def _name_of(address: str) -> str:
    """The list: "top" of "hackernews:top" or of the site's own address; "search:WORDS"; "" without one."""
    if address in ("hackernews", "hackernews:", "hn"):
        return "top"
    kind, _, rest = address.partition(":")
    if kind in ("hackernews", "hn"):
        words = " ".join(rest.removeprefix("search:").split())[:200] if rest.startswith("search:") else ""
        return f"search:{words}" if words else (rest.lower() if rest.lower() in LISTS else "")
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return ""
    if parts.netloc == "news.ycombinator.com":
        return _PAGES.get(parts.path.strip("/"), "")
    if parts.netloc == "hn.algolia.com":
        given = parse_qs(parts.query)
        words = " ".join((given.get("q") or given.get("query") or [""])[0].split())[:200]
        return f"search:{words}" if words else ""
    return ""


def _title(name: str) -> str:
    return f"Hacker News · {_NAMES.get(name) or name.removeprefix('search:')}"


def _site(name: str) -> str:
    if name.startswith("search:"):
        return f"https://hn.algolia.com/?q={quote(name.removeprefix('search:'))}"
    path = next(p for p, n in _PAGES.items() if n == name)
    return f"{SITE}/{path}"
