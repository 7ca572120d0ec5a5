"""What every source must hold, whatever it reads.

Each file `cases/*_case.py` enters one source:

    KIND                      its name in `penchant.adapters`
    NETWORK                   whether it makes requests
    serve(server)             script the server for a good day (several items), return the settings
    grow(server)              (optional) from now on there is at least one more item, and all the old ones
    serve_text(server, text)  (optional) items with this text in each field a stranger can fill, as settings
"""

from __future__ import annotations

import dataclasses
import gzip
import importlib.util
import json
import math
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant import adapters
from penchant.adapters.base import Author, Item, Link, Media, Page, Sighting, Source, SourceError, Suggestion
from penchant.adapters.http import Client, Limits

HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\ \x1bPq#0\x1b\\ \x9b1m \x9d8;;http://evil\x9c",
    "nul\x00 bell\x07 back\x08 del\x7f next\x85 vt\x0b",
    "over\u202eride iso\u2066late\u2069 \u202d",
    "&#27;[31m &#x1b;[0m &#155;31m &#0; &#x202e;",
    "<script>alert(1)</script><img src=x onerror=alert(1)> <a href='javascript:x'>y</a>",
    "[link=http://x]markup[/link] [@click=app.quit]x[/]",
    "x" + "\u0301" * 10_000,
    "\ud800 lone \udfff",
    "]]> <![CDATA[ & < > &nope; %s {0}",
]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = [_load(path) for path in sorted((Path(__file__).parent / "cases").glob("*_case.py"))]
every = pytest.mark.parametrize("case", CASES, ids=[c.KIND for c in CASES])
networked = [c for c in CASES if c.NETWORK]
growing = [c for c in CASES if hasattr(c, "grow")]
texted = [c for c in CASES if hasattr(c, "serve_text")]


async def pages_of(client: Client, case: ModuleType, settings: Any, cursor: Any) -> list[Page]:
    source = adapters.load(case.KIND)
    return [page async for page in source.fetch(client, settings, json.loads(json.dumps(cursor)))]


def items_of(pages: list[Page]) -> list[Item]:
    return [item for page in pages for item in page.items]


def strings(value: Any, name: str = "") -> list[tuple[str, str]]:
    """(name of the field, text) of every string inside a value."""
    if isinstance(value, str):
        return [(name, value)]
    if dataclasses.is_dataclass(value):
        return [s for f in dataclasses.fields(value) for s in strings(getattr(value, f.name), f.name)]
    if isinstance(value, dict):
        return [s for k, v in value.items() for s in strings(v, name)]
    if isinstance(value, list | tuple):
        return [s for part in value for s in strings(part, name)]
    return []


def unsafe(char: str) -> bool:
    code = ord(char)
    control = code < 32 and char not in "\n\t"
    return (
        control
        or 127 <= code < 160
        or code in range(0x202A, 0x202F)
        or code in range(0x2066, 0x2070)
        or 0xD800 <= code < 0xE000
    )


def assert_proper(item: Item) -> None:
    """One item is what base.py promises."""
    assert item.native_id and isinstance(item.native_id, str)
    for name, text in strings(item):
        assert not any(map(unsafe, text)), (name, text)
        if name not in ("text", "alt", "extra", "content_warning"):
            assert "\n" not in text and "\t" not in text, (name, text)
        if name in ("url", "avatar_url", "preview_url", "comments_url") and text:
            assert text.startswith(("http://", "https://", "mailto:", "sample:")) and " " not in text, (
                name,
                text,
            )
    for moment in (item.published, item.updated, *(s.at for s in item.sightings)):
        assert moment is None or (isinstance(moment, float | int) and math.isfinite(moment) and moment > 0)
    for count in (item.points, item.comments):
        assert count is None or (isinstance(count, int) and not isinstance(count, bool))
    for parts, kind in ((item.media, Media), (item.links, Link), (item.sightings, Sighting)):
        assert isinstance(parts, tuple) and all(isinstance(p, kind) for p in parts)
    assert isinstance(item.tags, tuple) and all(isinstance(t, str) and t for t in item.tags)
    assert item.author is None or (isinstance(item.author, Author) and item.author.key)
    json.dumps(dict(item.extra))
    assert pickle.loads(pickle.dumps(item)).content_hash == item.content_hash
    with pytest.raises(dataclasses.FrozenInstanceError):
        item.title = "changed"  # type: ignore[misc]


@every
def test_it_is_a_source(case):
    source = adapters.load(case.KIND)
    assert isinstance(source, Source) and source.kind == case.KIND and source.min_interval > 0


@every
def test_recognising_an_address_never_fails(case):
    source = adapters.load(case.KIND)
    for text in (*HOSTILE, "", " ", "http://", "https://[::1", "@a@b", "//x", "a" * 5000, "http://x:99999/"):
        found = source.recognise(text)
        assert found is None or (isinstance(found, Suggestion) and found.kind == case.KIND and found.address)


@every
async def test_items_are_frozen_clean_values(case, server, client):
    items = items_of(await pages_of(client, case, case.serve(server), {}))
    assert len(items) > 2
    for item in items:
        assert_proper(item)


@every
async def test_native_ids_are_unique_and_stable(case, server, client):
    settings = case.serve(server)
    first = [i.native_id for i in items_of(await pages_of(client, case, settings, {}))]
    assert len(set(first)) == len(first)
    assert first == [i.native_id for i in items_of(await pages_of(client, case, settings, {}))]


@every
async def test_pages_are_short_and_carry_a_cursor_of_json(case, server, client):
    for page in await pages_of(client, case, case.serve(server), {}):
        assert len(page.items) <= 100
        assert json.loads(json.dumps(page.cursor)) == page.cursor
        assert len(json.dumps(page.cursor)) < 100_000


@every
async def test_every_cursor_resumes_without_losing_an_item(case, server, client):
    settings = case.serve(server)
    pages = await pages_of(client, case, settings, {})
    everything = {i.native_id for i in items_of(pages)}
    for stopped_after in range(1, len(pages) + 1):
        before = {i.native_id for i in items_of(pages[:stopped_after])}
        rest = await pages_of(client, case, settings, pages[stopped_after - 1].cursor)
        assert before | {i.native_id for i in items_of(rest)} >= everything, (
            f"lost after page {stopped_after}"
        )


@pytest.mark.parametrize("case", growing, ids=[c.KIND for c in growing])
async def test_what_comes_later_is_found(case, server, client):
    settings = case.serve(server)
    pages = await pages_of(client, case, settings, {})
    case.grow(server)
    old = {i.native_id for i in items_of(pages)}
    later = items_of(await pages_of(client, case, settings, pages[-1].cursor))
    assert {i.native_id for i in later} - old


@every
async def test_a_reader_who_stops_early_breaks_nothing(case, server, client):
    settings = case.serve(server)
    pages = adapters.load(case.KIND).fetch(client, settings, {})
    async for _ in pages:
        break
    await pages.aclose()  # type: ignore[attr-defined]
    assert await pages_of(client, case, settings, {})


@pytest.mark.parametrize("case", texted, ids=[c.KIND for c in texted])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_comes_out_clean(case, server, client, text):
    items = items_of(await pages_of(client, case, case.serve_text(server, text), {}))
    assert items
    for item in items:
        assert_proper(item)


BAD_DAYS = {
    "error 500": {"status": 500},
    "error 404": {"status": 404},
    "error 401": {"status": 401},
    "patience": {"status": 429, "headers": {"Retry-After": "7"}},
    "empty": {},
    "page": {
        "body": "<!doctype html><title>Sorry</title><p>Down for maintenance",
        "headers": {"Content-Type": "text/html"},
    },
    "garbage": {"body": bytes(range(256)) * 50},
    "null": {"body": "null"},
    "list": {"body": '[1, null, {}, [], "x"]'},
    "object": {"body": '{"error": "no"}'},
    "deep JSON": {"body": b"[" * 200_000},
    "deep XML": {"body": b"<a>" * 100_000},
    "entity bomb": {
        "body": "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12))
        + "]><rss><channel><title>&m;</title><item><title a='&m;'>&m;</title></item></channel></rss>"
    },
    "outside entity": {
        "body": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&x;</title></item></channel></rss>"
    },
    "gzip bomb": {"body": gzip.compress(b" " * (64 << 20), 9), "headers": {"Content-Encoding": "gzip"}},
    "not gzip": {"body": b"plain", "headers": {"Content-Encoding": "gzip"}},
    "loop": {"status": 302, "headers": {"Location": "/again"}},
    "to a file": {"status": 302, "headers": {"Location": "file:///etc/passwd"}},
    "inside": {"status": 301, "headers": {"Location": "http://169.254.169.254/latest/meta-data/"}},
    "endless": {"body": b"x" * 65536, "endless": True},
    "hang": {"hang": True},
    "drip": {"body": b"<rss>" * 1000, "drip": 0.05},
    "header flood": {"raw": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"},
    "cut short": {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<rss>"},
}


@pytest.mark.parametrize("case", networked, ids=[c.KIND for c in networked])
@pytest.mark.parametrize("day", BAD_DAYS)
async def test_a_bad_day_ends_in_words_or_in_proper_items(case, server, answers, day):
    settings = case.serve(server)
    limits = Limits(total_seconds=0.4 if day in ("hang", "drip") else 3.0, max_bytes=2 << 20)
    async with Client(limits=limits) as client:
        server.override = answers.Answer(**BAD_DAYS[day])
        try:
            items = items_of(await pages_of(client, case, settings, {}))
        except SourceError as error:
            assert str(error) and error.hint and not any(map(unsafe, str(error)))
            assert day != "patience" or error.retry_after == 7
            items = []
        assert all("root:" not in text and len(text) < 100_000 for item in items for _, text in strings(item))
        for item in items:
            assert_proper(item)
        server.override = None  # and the day after, everything is well again
        assert len(items_of(await pages_of(client, case, settings, {}))) > 2
