"""The Google Reader API's wire shapes. Pure: bytes in, values out."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .base import Item, Malformed
from .remote import RemoteEntry, RemoteFeed, Status, entry_id, items_of
from .remote_place import Place
from .wire import decode, number, record, records, text

READING, STARRED, READ = (f"user/-/state/com.google/{name}" for name in ("reading-list", "starred", "read"))
_LONG = "tag:google.com,2005:reader/item/"
_SHORT_HEX = re.compile(r"[0-9a-f]{1,16}")
_LABEL = re.compile(r"user/[^/]+/label/(.+)", re.DOTALL)
#: Times beyond this (year 2100) are nonsense.
_LATEST = 4_102_444_800


def short_id(value: object) -> str:
    """The id that lists of ids use: a signed decimal number, or what the server has instead; "" for anything else."""
    found = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if found.startswith(_LONG):
        found = found.removeprefix(_LONG)
        if _SHORT_HEX.fullmatch(found):
            whole = int(found, 16)
            found = str(whole - (1 << 64) if whole >= 1 << 63 else whole)
    return entry_id(found)


def long_id(entry: str) -> str:
    """The form in which entries are asked for: numbers as they are, other ids behind their prefix."""
    return entry if re.fullmatch(r"-?[0-9]{1,20}", entry) else _LONG + entry


def read_ids(body: bytes, place: Place) -> tuple[list[str], str]:
    """(ids, continuation) of a list of ids. Raises `Malformed`."""
    document = record(decode(body, place.host))
    if not isinstance(document.get("itemRefs"), list):
        # A server without entries may leave the list out.
        if not document or document.keys() - {"items", "continuation", "itemRefs"}:
            raise Malformed(f"{place.host} did not answer with a list of entries")
        return [], ""
    ids = [found for row in records(document["itemRefs"], 20_000) if (found := short_id(row.get("id")))]
    following = document.get("continuation")
    token = str(following) if isinstance(following, int | str) and not isinstance(following, bool) else ""
    return list(dict.fromkeys(ids)), token if len(token) <= 500 and token.isprintable() else ""


def read_feeds(body: bytes, place: Place) -> list[RemoteFeed]:
    """What the user follows. Raises `Malformed`."""
    document = record(decode(body, place.host))
    if not isinstance(document.get("subscriptions"), list):
        raise Malformed(f"{place.host} did not answer with a list of feeds")
    found = []
    for row in records(document["subscriptions"], 10_000):
        stream = text(row.get("id"), 2000)
        url = text(row.get("url"), 2000) or stream.removeprefix("feed/")
        folder = next((text(label.get("label"), 200) for label in records(row.get("categories"), 10)), "")
        found.append(
            RemoteFeed(stream, text(row.get("title"), 500), url if url.startswith("http") else "",
                       text(row.get("htmlUrl"), 2000), folder)
        )  # fmt: skip
    return found


def read_states(body: bytes, place: Place) -> dict[str, Status]:
    """How the entries of an answer stand. Raises `Malformed`."""
    return {short_id(row.get("id")): _status(row) for row in _rows(body, place) if short_id(row.get("id"))}


def read_listing(
    body: bytes, place: Place, ids: Sequence[str], feeds: Mapping[str, RemoteFeed], now: float
) -> tuple[Item, ...]:
    """Items in the order of `ids`. Raises `Malformed`."""
    rows = {short_id(row.get("id")): row for row in _rows(body, place)}
    return items_of([_entry(entry, rows[entry], feeds) for entry in ids if entry in rows], place, now)


def _rows(body: bytes, place: Place) -> list[dict[str, Any]]:
    document = record(decode(body, place.host))
    if not isinstance(document.get("items"), list):
        raise Malformed(f"{place.host} did not answer with entries")
    return records(document["items"], 1000)


def _categories(row: Mapping[str, Any]) -> list[str]:
    found = row.get("categories")
    return [text(name, 300) for name in found[:100]] if isinstance(found, list) else []


def _status(row: Mapping[str, Any]) -> Status:
    states = {name.partition("/state/com.google/")[2] for name in _categories(row)}
    return Status("read" in states, "starred" in states)


def _entry(entry: str, row: Mapping[str, Any], feeds: Mapping[str, RemoteFeed]) -> RemoteEntry:
    origin = record(row.get("origin"))
    stream = text(origin.get("streamId"), 2000)
    feed = feeds.get(stream) or RemoteFeed(
        stream, text(origin.get("title"), 500), "", text(origin.get("htmlUrl"), 2000)
    )
    labels = [found[1] for name in _categories(row) if (found := _LABEL.fullmatch(name))]
    pages = [*records(row.get("canonical"), 5), *records(row.get("alternate"), 5)]
    html = text(record(row.get("content")).get("content"), 2 << 20)
    media = tuple(
        (text(part.get("href"), 2000), text(part.get("type"), 100), min(number(part.get("length")) or 0, 1 << 40))
        for part in records(row.get("enclosure"), 40)
    )
    return RemoteEntry(
        entry, _status(row), feed, next((url for page in pages if (url := text(page.get("href"), 4000))), ""),
        text(row.get("title"), 2000), text(row.get("author"), 500),
        html or text(record(row.get("summary")).get("content"), 2 << 20), moment(row.get("published")),
        tuple(dict.fromkeys(filter(None, (feed.folder, *labels)))), media,
    )  # fmt: skip


def moment(value: object) -> str:
    """Unix seconds as a date that feeds would write; "" for nonsense."""
    seconds = number(value)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds and seconds < _LATEST else ""
