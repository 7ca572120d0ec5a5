"""What an export lacks, asked of public embed endpoints: only on request, slowly, and never twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penchant.adapters.base import SourceError
from penchant.adapters.oembed import SERVICES, Told, ask, page_of

from .store.imported import Imported

if TYPE_CHECKING:
    from penchant.adapters.http import Client

    from .store import Store
    from .store.imported import Sketch

#: Seconds between two requests, and the longest that a server is waited for.
PACE, PATIENCE = 1.0, 120.0
#: Failures in a row after which a service is left alone, and attempts at one item.
FAILURES = 3
#: Sketches that are looked through at a time.
BATCH = 500
#: Keys of `Item.extra`: when the endpoint told something, and when it said that there is nothing.
FILLED, GONE = "filled_at", "gone_at"


@dataclass(frozen=True, slots=True)
class Lack:
    """An item that lacks its author, or title and text, and whom to ask about which page."""

    sketch: Sketch
    service: str
    page: str


@dataclass(slots=True)
class Filled:
    """What became of the items. `stopped` says in words why a service was left alone."""

    asked: int = 0
    filled: int = 0
    gone: int = 0
    failed: int = 0
    stopped: list[str] = field(default_factory=list)


def lacking(store: Store, most: int) -> tuple[list[Lack], Counter[str]]:
    """The first `most`, the newest first, and how many there are by service."""
    found: list[Lack] = []
    counts: Counter[str] = Counter()
    imported, below = Imported(store.db), 1 << 62
    while sketches := imported.sketches(below, BATCH):
        below = sketches[-1].item_id
        for sketch in sketches:
            page = page_of(sketch.url)
            if page is not None and _lacks(sketch) and not {FILLED, GONE} & sketch.extra.keys():
                counts[page[0]] += 1
                if len(found) < most:
                    found.append(Lack(sketch, *page))
    return found, counts


def _lacks(sketch: Sketch) -> bool:
    return not sketch.author or not (sketch.title or sketch.text)


async def fill(
    store: Store, client: Client, lacks: Sequence[Lack], tell: Callable[[Filled], None] = lambda _: None, *,
    pace: float = PACE, bases: Mapping[str, str] | None = None,
) -> Filled:  # fmt: skip
    """Ask about each, one request in `pace` seconds; what is told is stored at once. Raises `StoreError`.

    `bases` replaces the addresses of endpoints, by service. A service that refuses or fails is left alone.
    """
    done, strikes = Filled(), Counter[str]()
    for number, lack in enumerate(lacks):
        if strikes[lack.service] >= FAILURES:
            continue
        if number:
            await asyncio.sleep(pace)
        done.asked += 1
        try:
            told = await _patiently(client, lack, (bases or {}).get(lack.service, ""))
        except SourceError as error:
            done.failed += 1
            strikes[lack.service] += FAILURES if error.retry_after else 1
            if strikes[lack.service] >= FAILURES:
                done.stopped.append(f"{error} {error.hint}")
        else:
            strikes[lack.service] = 0
            done.gone += told is None
            done.filled += told is not None
            keep(store, lack.sketch, told, time.time())
        tell(done)
    return done


async def _patiently(client: Client, lack: Lack, base: str) -> Told | None:
    """Once more after the pause that a server asks for, where that is short. Raises `SourceError`."""
    service = SERVICES[lack.service]
    try:
        return await ask(client, service, lack.page, base)
    except SourceError as error:
        if not error.retry_after or error.retry_after > PATIENCE:
            raise
        await asyncio.sleep(error.retry_after)
        return await ask(client, service, lack.page, base)


def keep(store: Store, sketch: Sketch, told: Told | None, now: float) -> None:
    """Put in what was empty, nothing else; None: nobody has it any more. Either way it is not asked for again."""
    imported = Imported(store.db)
    if told is None:
        imported.put_extra(sketch.item_id, {**sketch.extra, GONE: now})
        return
    nameless = not (sketch.title or sketch.text)
    extra = {**sketch.extra, FILLED: now}
    if nameless and (told.title or told.text):
        extra.pop("unavailable", None)
    imported.fill(
        sketch, extra, title=told.title if nameless else "", text=told.text if nameless else "",
        links=told.links if nameless else (), lang=told.lang, author=None if sketch.author else told.author,
    )  # fmt: skip
