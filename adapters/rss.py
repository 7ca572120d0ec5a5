"""RSS, Atom, RDF and JSON Feed as a `Source`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from typing import ClassVar

from .base import BadSettings, Cursor, Malformed, Page, Settings, SourceError, Suggestion
from .http import Client, Response, cache_interval
from .rss_parse import parse_feed
from .rss_raw import Parsed
from .text_urls import canonical_url

PAGE = 100
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)


class Rss:
    """Feeds by address. Settings: {"address": url}.

    Cursor: `etag`, `last_modified` and `hash` of the last body, `address` they
    belong to, and `key`, which makes item ids unique among feeds and stays
    when the feed moves.
    """

    kind: ClassVar[str] = "rss"
    min_interval: ClassVar[float] = 300.0

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Pages of at most 100 items, newest first; one empty page when nothing changed."""
        address = str(settings.get("address") or "").strip()
        if not address:
            raise BadSettings("This feed has no address.")
        known = cursor if cursor.get("address") == address else {}
        key = str(cursor.get("key") or "") or feed_key(address)
        # Only the reader's word opens a private network: an address that a redirect put here is not his.
        typed = key.partition("/")[0] == feed_key(address).partition("/")[0]
        answer = await client.get(
            address, typed=typed, headers={"Accept": _ACCEPT},
            etag=str(known.get("etag") or ""), last_modified=str(known.get("last_modified") or ""),
        )  # fmt: skip
        following = _cursor(answer, address, key, known)
        if answer.not_modified or following["hash"] == known.get("hash"):
            yield Page((), following, moved_to=answer.moved_to, interval=cache_interval(answer.headers))
            return
        kind = answer.headers.get("content-type", "")
        parsed = await client.parse(parse_feed, answer.body, answer.url, kind, key, time.time())
        for page in _pages(parsed, answer, cursor, following):
            yield page

    def recognise(self, address: str) -> Suggestion | None:
        """Only addresses that say that they are feeds; `discover` finds the others with requests."""
        address = address.strip()
        if address.startswith("feed:"):
            rest = address.removeprefix("feed:")
            address = "https:" + rest if rest.startswith("//") else rest
        path = address.partition("?")[0].rstrip("/").lower()
        if not address.startswith(("http://", "https://")):
            return None
        if path.endswith(
            (".rss", ".atom", ".rdf", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/feed.json")
        ):
            return Suggestion("rss", address, settings={"address": address})
        return None


def feed_key(address: str) -> str:
    """A short stable name of a feed for the ids of its items."""
    return canonical_url(address).removeprefix("https://")[:200]


def _cursor(answer: Response, address: str, key: str, known: Cursor) -> Cursor:
    if answer.not_modified:
        return {**known, "address": address, "key": key, "hash": known.get("hash", "")}
    return {
        "address": address,
        "key": key,
        "etag": answer.headers.get("etag", "")[:1000],
        "last_modified": answer.headers.get("last-modified", "")[:100],
        "hash": hashlib.blake2b(answer.body, digest_size=16).hexdigest(),
    }


def _pages(parsed: Parsed, answer: Response, before: Cursor, following: Cursor) -> list[Page]:
    """Only the last page carries the new validators: after a crash in between, the rest is fetched again."""
    interval = parsed.interval or cache_interval(answer.headers)
    starts = range(0, max(len(parsed.items), 1), PAGE)
    return [
        Page(
            parsed.items[start : start + PAGE],
            following if start == starts[-1] else {**before, "key": following["key"]},
            title=parsed.title, site_url=parsed.site_url, moved_to=answer.moved_to, interval=interval,
            total=len(parsed.items),
        )
        for start in starts
    ]  # fmt: skip


__all__ = ["Malformed", "Rss", "SourceError", "feed_key"]
