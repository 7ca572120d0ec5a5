"""A page without a feed as a source: its new links are items."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

from . import page_place as places
from .base import Cursor, Page, Settings, Suggestion
from .http_headers import cache_interval
from .page_read import MAX_HTML, read_page
from .rss import feed_key
from .rss_raw import Parsed

if TYPE_CHECKING:
    from .http import Client

PAGE = 100


class WebPage:
    """Settings: {"address", "item", "title", "link", "date", "text"}; see docs/sources/page.md."""

    kind: ClassVar[str] = "page"
    min_interval: ClassVar[float] = 1800.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Pages of at most 100 items in the page's order; one empty page when it did not change."""
        place = places.from_settings(settings)
        mark = hashlib.blake2b(json.dumps([place.url, place.selectors]).encode(), digest_size=12).hexdigest()
        known = cursor if cursor.get("of") == mark else {}
        answer = await client.get(
            place.url, typed=True, headers={"Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"},
            etag=str(known.get("etag") or ""), last_modified=str(known.get("last_modified") or ""), max_bytes=MAX_HTML,
        )  # fmt: skip
        interval = max(cache_interval(answer.headers) or 0.0, self.min_interval)
        if answer.not_modified:
            yield Page((), {**known}, interval=interval)
            return
        following = {
            "of": mark,
            "etag": answer.headers.get("etag", "")[:1000],
            "last_modified": answer.headers.get("last-modified", "")[:100],
            "hash": hashlib.blake2b(answer.body, digest_size=16).hexdigest(),
        }
        if following["hash"] == known.get("hash"):
            yield Page((), following, interval=interval)
            return
        key = f"page:{feed_key(place.url)}"
        parsed: Parsed = await client.parse(
            read_page, answer.body, answer.text(), answer.url, place.selectors, key, time.time()
        )
        starts = range(0, len(parsed.items), PAGE)
        for start in starts:
            yield Page(
                parsed.items[start : start + PAGE],
                following if start == starts[-1] else {},
                title=parsed.title or place.words,
                site_url=place.url,
                interval=interval,
                total=len(parsed.items),
            )
