"""A dropped body that the attic has no more: read again from the item's own page."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from penchant.adapters.base import Link, NotFound, SourceError, TimedOut

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .sync import Call

log = logging.getLogger(__name__)

#: Largest page read, seconds for all of it, and characters below which a page has nothing to read.
MAX_BYTES, SECONDS, LEAST = 8 << 20, 45.0, 40
#: Where pages put what is to be read, the best first.
_MAIN = ("article", "main", "[role=main]", "[itemprop=articleBody]")


class Restorer:
    """Fetches beside everything else; `ask` returns at once. What went wrong is kept with the item."""

    def __init__(self, call: Call, client: Client) -> None:
        self._call, self._client = call, client
        self.running: dict[int, asyncio.Task[None]] = {}

    def ask(self, item_id: int) -> None:
        """Restore an item, unless that is under way."""
        if item_id not in self.running:
            task = asyncio.create_task(self._restore(item_id), name=f"restore {item_id}")
            self.running[item_id] = task
            task.add_done_callback(lambda _: self.running.pop(item_id, None))

    async def _restore(self, item_id: int) -> None:
        try:
            await restore(self._call, self._client, item_id)
        except SourceError:
            log.info("a page was not fetched")
        except Exception:  # the worker goes on; the article view says that nothing came
            log.exception("restoring failed")


async def restore(call: Call, client: Client, item_id: int) -> bool:
    """From the attic, else from the page; False where the item is whole or gone.

    Raises `SourceError` in words, which is kept with the item too.
    """
    if await call(lambda store: store.gate.restore(item_id, time.time())):
        return True
    if await call(lambda store: store.gate.state(item_id)) is None:
        return False
    url = await call(lambda store: store.gate.address(item_id))
    try:
        async with asyncio.timeout(SECONDS):
            text, links = await _page(client, url)
    except TimeoutError:
        failure: SourceError = TimedOut("The page took too long")
    except SourceError as error:
        failure = error
    else:
        return await call(lambda store: store.gate.refill(item_id, text, links, url, time.time()))
    words, hint = str(failure), failure.hint
    await call(lambda store: store.gate.failed(item_id, words, hint, time.time()))
    raise failure


async def _page(client: Client, url: str) -> tuple[str, tuple[Link, ...]]:
    if not url:
        raise NotFound("The item has no address", hint="Its body cannot be fetched; its title stays.")
    answer = await client.get(url, max_bytes=MAX_BYTES, ok=(200,))
    text, links = await client.parse(readable, answer.text(), answer.url)
    if len(text) < LEAST:
        raise NotFound(
            "The page has no text to read", hint="It may need a browser or an account; o opens it."
        )
    return text, links


def readable(html: str, url: str) -> tuple[str, tuple[Link, ...]]:
    """The text of a page and its links: of its article where it marks one, else of the whole."""
    from selectolax.lexbor import LexborHTMLParser

    from penchant.adapters.text_html import MAX_HTML, html_to_text, shallow

    if "<" in html:
        tree = LexborHTMLParser(shallow(html[:MAX_HTML]))
        for selector in _MAIN:
            found = [html_to_text(node.html or "", url) for node in tree.css(selector)[:20]]
            best = max(found, key=lambda each: len(each[0]), default=("", (), ()))
            if len(best[0]) >= LEAST:
                return best[0], best[1]
    text, links, _ = html_to_text(html, url)
    return text, links
