"""A command of the reader's own as a source: whatever prints a feed or JSON."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

from . import script_place as places
from .base import Cursor, NotAuthorized, Page, Settings, Suggestion
from .rss_raw import Parsed
from .script_parse import read_output
from .script_run import Bounds, run
from .wire import number

if TYPE_CHECKING:
    from .http import Client

PAGE = 100
MAX_SECONDS = 120


class Script:
    """Settings: {"address", "timeout"}; see docs/sources/script.md. Runs only what the reader allowed."""

    kind: ClassVar[str] = "script"
    min_interval: ClassVar[float] = 300.0

    def recognise(self, address: str) -> Suggestion | None:
        return places.recognise(address)

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Pages of at most 100 items; one empty page when the command prints what it printed before."""
        argv = places.command_of(settings)
        if not await asyncio.to_thread(places.allowed, argv):
            raise NotAuthorized(
                "This command was not allowed on this machine, so it was not run.",
                hint=f"If you trust it: penchant add {_quoted(settings)}",
            )
        seconds = min(number(settings.get("timeout")) or Bounds().seconds, MAX_SECONDS)
        printed = await run(argv, Bounds(seconds=seconds))
        digest = hashlib.blake2b(printed, digest_size=16).hexdigest()
        key = f"exec:{places.key_of(argv)}"
        following = {"hash": digest, "command": key}
        if cursor == following:
            yield Page((), following)
            return
        parsed: Parsed = await client.parse(read_output, printed, key, time.time())
        starts = range(0, max(len(parsed.items), 1), PAGE)
        for start in starts:
            yield Page(
                parsed.items[start : start + PAGE],
                # Only the last page says that all of it was read.
                following if start == starts[-1] else {},
                title=parsed.title or places.title_of(argv),
                site_url=parsed.site_url,
                interval=parsed.interval,
                total=len(parsed.items),
            )


def _quoted(settings: Settings) -> str:
    import shlex

    return shlex.quote(str(settings.get("address") or ""))
