"""Newsletters and lists in a folder of mail: a Maildir, or an IMAP account that is only read.

Nothing is marked, moved or deleted, and no picture is fetched. Every page
commits with a cursor that leaves no hole: ranges of UIDs still to read
(IMAP), names still to read (Maildir).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

from . import mail_folder, secrets
from . import mail_place as places
from .base import Cursor, Item, Malformed, NotAuthorized, Page, Settings, Suggestion
from .mail_cursor import Ranges, Spool
from .mail_imap import SPAN, Box, sign_in_hint
from .mail_place import Place
from .mail_read import read_messages, unreadable

if TYPE_CHECKING:
    from .http import Client

#: Messages of one page. Each is at most 2 MB, and a page is in memory at once.
PAGE = 10


class Mail:
    """Settings: {"address", "limit", "only", "pictures", "ca"}; see docs/sources/mail.md."""

    kind: ClassVar[str] = "mail"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Pages of ten messages, newest first. Raises `SourceError`."""
        place = places.from_settings(settings)
        pages = _folder(client, place, cursor) if place.path else _account(client, place, cursor)
        async for items, following in pages:
            yield Page(items, following, title=place.words)


async def _folder(client: Client, place: Place, cursor: Cursor) -> AsyncIterator[tuple[tuple[Item, ...], Cursor]]:
    entries = await asyncio.to_thread(mail_folder.scan, place)
    spool = Spool.load(cursor).begun(entries, place.limit)
    while True:
        while spool.todo:
            names, spool = spool.taken(PAGE)
            found = [entries[name] for name in names if name in entries]
            raws = [await asyncio.to_thread(mail_folder.read, entry) for entry in found]
            yield await _items(client, place, [raw for raw in raws if raw is not None]), spool.dump()
        batch = mail_folder.fresh(entries, spool.since, frozenset(spool.edge))
        if not batch:
            break
        spool = spool.with_batch(batch)
    yield (), spool.dump()


async def _account(client: Client, place: Place, cursor: Cursor) -> AsyncIterator[tuple[tuple[Item, ...], Cursor]]:
    password = await asyncio.to_thread(secrets.get, places.password_key(place.account))
    if not password:
        raise NotAuthorized(f"penchant has no password for {place.account}", hint=sign_in_hint(place))
    box = Box(place, client.limits.total_seconds)
    try:
        await asyncio.to_thread(box.open, password)
        ranges = await _begun(box, place, Ranges.load(cursor))
        while ranges.open:
            low, high = ranges.open[-1]
            low = max(low, high - SPAN)
            for uids in _tens(await asyncio.to_thread(box.between, low, high)):
                messages = await asyncio.to_thread(box.messages, uids)
                ranges = ranges.read_down_to(uids[0])
                yield await _items(client, place, [raw for _, raw in messages]), ranges.dump()
            ranges = ranges.read_down_to(low)
        yield (), ranges.dump()
    except BaseException:
        box.abort()  # a thread that waits for the server ends too
        raise
    await asyncio.to_thread(box.close)


async def _begun(box: Box, place: Place, ranges: Ranges) -> Ranges:
    """What is to be read now: everything since the last visit, or the newest of a folder seen for the first time."""
    if ranges.validity == box.validity and ranges.next:
        return ranges.until(box.next)
    newest = await asyncio.to_thread(box.newest, place.limit)
    after = max(box.next, newest[-1] + 1 if newest else 1)
    return Ranges(box.validity, after, ((newest[0], after - 1),) if newest else ())


def _tens(uids: list[int]) -> list[list[int]]:
    """Groups of a page's size, the newest group first, each ascending."""
    return [uids[max(end - PAGE, 0) : end] for end in range(len(uids), 0, -PAGE)]


async def _items(client: Client, place: Place, raws: list[bytes]) -> tuple[Item, ...]:
    """Items of messages; one that breaks the parser costs itself only."""
    now = time.time()
    try:
        items: tuple[Item, ...] = await client.parse(read_messages, tuple(raws), place, now)
        return items
    except Malformed as error:
        if len(raws) == 1:
            return (unreadable(raws[0], now, str(error)),)
    alone: list[Any] = [await _items(client, place, [raw]) for raw in raws]
    return tuple(item for items in alone for item in items)
