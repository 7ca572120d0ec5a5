"""What every source must hold, as checks to run against an adapter: `checks(case)`.

A case is a module or any object with

    KIND                      the name of the entry point
    SOURCE                    (optional) makes the adapter; default: the built-in of that name
    NETWORK                   (optional) whether it makes requests; default True
    serve(server)             script the server for a good day (three items at least), return the settings
    grow(server)              (optional) from now on there is at least one more item, and all the old ones
    serve_text(server, text)  (optional) items with this text in each field a stranger can fill, as settings

`server` is a `contract_server.Server` on loopback. With pytest:

    @pytest.mark.parametrize("check", contract.checks(case), ids=str)
    def test_contract(check): check.run()
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import BUILTIN, load
from .base import Item, Page, Source, SourceError, Suggestion
from .contract_days import HOSTILE, ODD_ADDRESSES, bad_days
from .contract_rules import Broken, hold, proper, strings, unsafe
from .contract_server import Answer, Server, running
from .guard import checked_item
from .http import Client, Limits

__all__ = ["Broken", "Check", "checks", "proper", "standing_checks"]
Rule = Callable[[Any, Server], Awaitable[None]]
_PATIENCE = Limits(total_seconds=2.0, max_bytes=4 << 20, pause_seconds=0.0)


@dataclass(frozen=True)
class Check:
    """One rule for one case. `run` raises `Broken`, or whatever the adapter raised."""

    name: str
    rule: Rule
    case: Any

    def __str__(self) -> str:
        return f"{self.case.KIND}: {self.name}"

    def run(self) -> None:
        with running() as server:
            asyncio.run(self.rule(self.case, server))  # type: ignore[arg-type]


def checks(case: Any) -> list[Check]:
    """All checks that a case allows; each runs on its own, in any order."""
    return [Check(name, rule, case) for name, rule in _rules(case)]


def standing_checks(case: Any) -> list[Check]:
    """The checks that need no scripted server: `case` has KIND (and SOURCE) only."""
    return [Check(name, rule, case) for name, rule in _STANDING]


def _rules(case: Any) -> Iterator[tuple[str, Rule]]:
    yield from _STANDING
    yield "items are frozen clean values", _clean_values
    yield "native ids are unique and stable", _stable_ids
    yield "pages are short and carry a cursor of JSON", _short_pages
    yield "every cursor resumes without losing an item", _resumes
    yield "a reader who stops early breaks nothing", _stops_early
    if hasattr(case, "grow"):
        yield "what comes later is found", _grows
    if hasattr(case, "serve_text"):
        for number, words in enumerate(HOSTILE):
            yield f"hostile text {number} comes out clean", partial(_hostile_text, words)
    if getattr(case, "NETWORK", True):
        for day, answer in bad_days().items():
            yield f"a bad day: {day}", partial(_bad_day, day, answer)


def source_of(case: Any) -> Source:
    """The adapter of a case, in this process."""
    made: Source = case.SOURCE() if hasattr(case, "SOURCE") else load(case.KIND)
    return made


async def pages_of(case: Any, settings: Any, cursor: Any, limits: Limits = _PATIENCE) -> list[Page]:
    """Every page of one fetch; the cursor goes through JSON, as it does in the archive."""
    async with Client(limits=limits) as client:
        fetched = source_of(case).fetch(client, settings, json.loads(json.dumps(cursor)))
        return [page async for page in fetched]


def items_of(pages: list[Page]) -> list[Item]:
    return [item for page in pages for item in page.items]


def _ids(pages: list[Page]) -> set[str]:
    return {item.native_id for item in items_of(pages)}


async def _is_a_source(case: Any, server: Server) -> None:
    source = source_of(case)
    hold(isinstance(source, Source), "it lacks kind, min_interval, fetch or recognise")
    hold(source.kind == case.KIND, f"kind is {source.kind!r}, the entry point {case.KIND!r}")
    hold(source.min_interval > 0, "min_interval is not positive")


async def _recognises(case: Any, server: Server) -> None:
    for words in ODD_ADDRESSES:
        found = source_of(case).recognise(words)
        if found is not None:
            hold(isinstance(found, Suggestion) and found.address, f"{words[:50]!a} makes {found!r}")
            hold(found.kind == case.KIND, f"{words[:50]!a} is recognised as another kind: {found.kind!r}")


async def _clean_values(case: Any, server: Server) -> None:
    items = items_of(await pages_of(case, case.serve(server), {}))
    hold(len(items) > 2, f"a good day brings {len(items)} items; the contract wants three to look at")
    for item in items:
        proper(item)
        if case.KIND not in BUILTIN:
            hold(checked_item(item) == item, f"the seam would have to change this item: {item!r:.500}")


async def _stable_ids(case: Any, server: Server) -> None:
    settings = case.serve(server)
    first = [item.native_id for item in items_of(await pages_of(case, settings, {}))]
    hold(len(set(first)) == len(first), "two items have one native_id")
    again = [item.native_id for item in items_of(await pages_of(case, settings, {}))]
    hold(first == again, "a second fetch from the start names or orders the items otherwise")


async def _short_pages(case: Any, server: Server) -> None:
    for page in await pages_of(case, case.serve(server), {}):
        hold(len(page.items) <= 100, f"a page has {len(page.items)} items; 100 are the most")
        hold(json.loads(json.dumps(page.cursor)) == page.cursor, "a cursor changes on its way through JSON")
        hold(len(json.dumps(page.cursor)) < 100_000, "a cursor takes more than 100,000 bytes")


async def _resumes(case: Any, server: Server) -> None:
    settings = case.serve(server)
    pages = await pages_of(case, settings, {})
    everything = _ids(pages)
    for stopped in range(1, len(pages) + 1):
        rest = await pages_of(case, settings, pages[stopped - 1].cursor)
        lost = everything - _ids(pages[:stopped]) - _ids(rest)
        hold(not lost, f"who stops after page {stopped} never sees {sorted(lost)[:3]}")


async def _stops_early(case: Any, server: Server) -> None:
    settings = case.serve(server)
    async with Client(limits=_PATIENCE) as client:
        pages: Any = source_of(case).fetch(client, settings, {})
        async for _ in pages:
            break
        await pages.aclose()
    hold(await pages_of(case, settings, {}), "the fetch after an abandoned one brings nothing")


async def _grows(case: Any, server: Server) -> None:
    settings = case.serve(server)
    pages = await pages_of(case, settings, {})
    case.grow(server)
    hold(_ids(await pages_of(case, settings, pages[-1].cursor)) - _ids(pages), "what came later is not found")


async def _hostile_text(words: str, case: Any, server: Server) -> None:
    items = items_of(await pages_of(case, case.serve_text(server, words), {}))
    hold(items, "no item comes out at all")
    for item in items:
        proper(item)


async def _bad_day(day: str, answer: dict[str, Any], case: Any, server: Server) -> None:
    settings = case.serve(server)
    limits = Limits(total_seconds=0.4 if day in ("hang", "drip") else 3.0, max_bytes=2 << 20, pause_seconds=0.0)
    server.override = Answer(**answer)
    items: list[Item] = []
    try:
        items = items_of(await pages_of(case, settings, {}, limits))
    except SourceError as error:
        hold(str(error) and error.hint, "a failure without words or without a hint")
        hold(not any(map(unsafe, str(error))), f"a failure's words hold what a terminal obeys: {str(error)!a}")
        hold(day != "patience" or error.retry_after == 7, "Retry-After is lost: pass `retry_after` on")
    for item in items:
        proper(item)
        for name, words in strings(item):
            hold("root:" not in words and len(words) < 100_000, f"{name} holds what no server sent")
    server.override = None
    after = items_of(await pages_of(case, settings, {}))
    hold(len(after) > 2, "the day after a bad day is not a good one")


_STANDING: tuple[tuple[str, Rule], ...] = (
    ("it is a source", _is_a_source),
    ("recognising an address never fails", _recognises),
)
