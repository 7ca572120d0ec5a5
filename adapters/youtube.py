"""YouTube's channels and playlists by their feeds: the newest 15 videos, without an account or a key."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from . import youtube_place as places
from .base import Cursor, NotFound, Page, ServerFailure, Settings, SourceError, Suggestion
from .http_headers import cache_interval
from .newest_first import vanished
from .wire import text
from .youtube_parse import Videos, find_channel, read_feed
from .youtube_place import WEB, Place

if TYPE_CHECKING:
    from .http import Client

MAX_PAGE = 8 << 20
#: Videos remembered for noticing those that disappear, and asked about in one visit.
KNOWN, MAX_CHECKS = 60, 3
#: Says that the consent page of some countries has been answered; it names nobody.
_HEADERS = {"Cookie": "SOCS=CAI", "Accept-Language": "en"}


class YouTube:
    """Settings: {"address", "shorts", "base"}; see docs/sources/youtube.md."""

    kind: ClassVar[str] = "youtube"
    min_interval: ClassVar[float] = 900.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        place = places.from_settings(settings)
        known = cursor if cursor.get("address") == place.address else {}
        channel = text(known.get("channel"), 70)
        if not channel and not place.feed():
            channel = await _channel(client, place)
        seen = known.get("videos")
        before = tuple(text(v, 30) for v in seen[:KNOWN]) if isinstance(seen, list) else ()
        videos, interval = await _read(client, place, channel, worked=bool(before))
        names = [item.native_id.removeprefix("youtube:") for item in videos.items]
        deleted = await _deleted(client, place, vanished(before, names)) if place.kind != "playlist" else ()
        following = {
            "address": place.address,
            "channel": channel,
            "videos": list(dict.fromkeys((*names, *(v for v in before if v not in deleted))))[:KNOWN],
        }
        shorts = settings.get("shorts") is not False
        yield Page(
            tuple(item for item in videos.items if shorts or not item.extra.get("short")),
            following,
            deleted=tuple(f"youtube:{name}" for name in deleted),
            title=f"{videos.title} · YouTube" if videos.title else place.words,
            site_url=place.page,
            interval=max(interval or 0.0, self.min_interval),
            total=len(videos.items),
        )


async def _read(client: Client, place: Place, channel: str, *, worked: bool) -> tuple[Videos, float | None]:
    """(the feed, seconds that it stays fresh). `worked`: it was read before."""
    try:
        answer = await client.get(place.feed(channel), headers=_HEADERS, typed=place.base != WEB, ok=(200,))
    except NotFound:
        if worked:
            raise ServerFailure(
                f"YouTube says that it does not know {place.words} (404), though it was there before.",
                hint="YouTube's feeds do that for hours at times; penchant will try again later.",
            ) from None
        raise NotFound(
            f"YouTube knows no {place.kind} {place.name} (404), or its feeds are out of order at the moment.",
            hint="Check the address in a browser; if the page is there, wait an hour.",
        ) from None
    kind = answer.headers.get("content-type", "")
    videos: Videos = await client.parse(read_feed, answer.body, kind, time.time(), place.kind == "playlist")
    return videos, cache_interval(answer.headers)


async def _channel(client: Client, place: Place) -> str:
    """The channel behind a handle, by its page. Raises `NotFound`."""
    answer = await client.get(place.page, headers=_HEADERS, typed=place.base != WEB, max_bytes=MAX_PAGE, ok=(200,))
    channel: str = await client.parse(find_channel, answer.body)
    if not channel:
        raise NotFound(
            f"The page of {place.words} does not say which channel it is.",
            hint="Open it in a browser, choose Share, Copy channel ID, and add youtube:channel/ID.",
        )
    return channel


async def _deleted(client: Client, place: Place, names: list[str]) -> tuple[str, ...]:
    """Which of these videos are gone for good. Private ones answer 401 or 403 and count as there."""
    gone = []
    for name in names[:MAX_CHECKS]:
        video = quote(f"{WEB}/watch?v={name}", safe="")
        try:
            await client.get(
                f"{place.base}/oembed?format=json&url={video}", typed=place.base != WEB, ok=(200, 400, 401, 403)
            )
        except NotFound:
            gone.append(name)
        except SourceError:
            break
    return tuple(gone)
