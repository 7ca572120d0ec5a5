"""What surrounds an item, fetched when the reader opens it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.adapters import load
from penchant.adapters.base import Item, SourceError, TimedOut

from .types import Reply, Thread

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .store.threads import Asked
    from .sync import Call

log = logging.getLogger(__name__)

#: Seconds one thread may take in all (Hacker News without Algolia is a hundred requests).
SECONDS = 45.0
#: A request older than this is of a reader who has gone on (seconds).
STALE = 60.0
#: Threads fetched at once: a reader who steps through articles asks for one after another.
AT_ONCE = 3


class Fetcher:
    """Fetches threads beside everything else; `ask` returns at once."""

    def __init__(self, call: Call, client: Client) -> None:
        self._call, self._client = call, client
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.running: dict[int, asyncio.Task[None]] = {}

    def ask(self, item_id: int) -> None:
        """Fetch the thread of an item into the archive, unless that is under way."""
        if item_id not in self.running:
            task = asyncio.create_task(self._fetch(item_id), name=f"thread {item_id}")
            self.running[item_id] = task
            task.add_done_callback(lambda _: self.running.pop(item_id, None))

    async def _fetch(self, item_id: int) -> None:
        try:
            async with self._gate:
                asked = await self._call(lambda store: store.threads.asked(item_id))
                if asked is not None:
                    thread = await fetch(self._client, asked)
                    await self._call(lambda store: store.threads.put(item_id, thread))
        except Exception:  # the worker goes on; the article view says that nothing came
            log.exception("a thread failed")


async def fetch(client: Client, asked: Asked) -> Thread:
    """The thread, or why there is none, in words. Never raises because of the server."""
    try:
        async with asyncio.timeout(SECONDS):
            source = load(asked.kind)
            page = await source.thread(client, asked.settings, asked.native_id, asked.extra)  # type: ignore[attr-defined]
        return Thread(arrange(asked.native_id, asked.in_reply_to, page.items), time.time())
    except TimeoutError:
        error: SourceError = TimedOut("The server took too long with the replies")
    except SourceError as failure:
        error = failure
    log.info("thread not fetched", extra={"fields": {"kind": type(error).__name__}})
    return Thread((), time.time(), str(error), error.hint)


def arrange(native_id: str, in_reply_to: str, items: Sequence[Item]) -> tuple[Reply, ...]:
    """In reading order: what the item answers (depth None, oldest first), then the replies, each before its own.

    Replies to something else (above the item, deleted, beyond the limit) come last, as if they answered the item.
    """
    known = {item.native_id: item for item in items}
    above: dict[str, Item] = {}
    parent = in_reply_to
    while parent in known and parent not in above and parent != native_id:
        above[parent] = known[parent]
        parent = known[parent].in_reply_to
    children: dict[str, list[Item]] = {}
    for item in known.values():
        if item.native_id not in above and item.native_id != native_id:
            children.setdefault(item.in_reply_to, []).append(item)
    replies = [_reply(item, None) for item in reversed(above.values())]
    told: set[str] = set()

    def tell(roots: Sequence[Item]) -> None:
        stack = [(item, 0) for item in reversed(roots)]
        while stack:
            item, depth = stack.pop()
            if item.native_id not in told:
                told.add(item.native_id)
                replies.append(_reply(item, depth))
                stack += [(child, depth + 1) for child in reversed(children.get(item.native_id, ()))]

    tell(children.get(native_id, ()))
    below = [item for group in children.values() for item in group]
    names = {item.native_id for item in below}
    tell([item for item in below if item.in_reply_to not in names])
    tell(below)  # nonsense: posts that answer one another in a circle
    return tuple(replies)


def _reply(item: Item, depth: int | None) -> Reply:
    text = item.text or item.title
    if item.content_warning:
        text = f"[{item.content_warning}] {text}"
    media = [f"[{media.kind}: {media.alt or 'no description'}]" for media in item.media[:8]]
    author = item.author
    return Reply(
        author=(author.name or author.handle) if author else "",
        text="\n".join([text, *media]).strip(),
        url=item.url,
        published=item.published,
        points=item.points,
        depth=depth,
    )
