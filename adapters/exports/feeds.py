"""Lists of feeds: newsboat's `urls` file, and OPML as it may lie inside an export."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import ClassVar

from penchant.adapters import wire
from penchant.adapters.base import SourceError
from penchant.adapters.text import clean_line

from .archive import Archive
from .base import Broken, Entry, Feed, Owner, Skipped
from .files import head, named, whole
from .streams import Reading, lines


class Newsboat:
    """`~/.newsboat/urls`: an address a line, with tags and a title behind it."""

    kind: ClassVar[str] = "newsboat"

    def members(self, archive: Archive) -> list[str]:
        found = named(archive, r"urls(?:\.txt)?|.*newsboat.*")
        return [name for name in found if any(map(_address, head(archive, name).splitlines()))]

    def owner(self, archive: Archive) -> Owner:
        return Owner("newsboat", "newsboat")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _urls)


def _address(line: str) -> str:
    return wire.address("", (line.split() or [""])[0].strip('"'))


def _urls(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    for line in lines(archive, name, reading):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        reading.count += 1
        yield _entry(line)


def _entry(line: str) -> Entry:
    try:
        parts = shlex.split(line)
    except ValueError:  # an apostrophe in a title
        parts = line.split()
    first = parts[0] if parts else ""
    url = wire.address("", first)
    if not url:
        kinds = {"query": "a query feed of newsboat", "exec": "a feed made by a program", "filter": "a filtered feed"}
        return Skipped(kinds.get(first.partition(":")[0], "a line without a web address"))
    title = next((clean_line(part[1:], 200) for part in parts[1:] if part.startswith("~")), "")
    tags = [clean_line(part, 60) for part in parts[1:] if not part.startswith(("~", "!"))]
    return Feed(url, title, (tags[0],) if tags and tags[0] else ())


class Opml:
    """A list of feeds, read whole or refused."""

    kind: ClassVar[str] = "opml"

    def members(self, archive: Archive) -> list[str]:
        found = named(archive, r".+\.(?:opml|xml)")
        return [name for name in found if "<opml" in head(archive, name).lower()]

    def owner(self, archive: Archive) -> Owner:
        return Owner("opml", "OPML")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _outlines)


def _outlines(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    from penchant.adapters import opml

    data = b""
    for piece in archive.read(name):
        data += piece
        if len(data) > opml.MAX_BYTES:
            break
    try:
        found = opml.read(data)
    except SourceError as error:
        raise Broken(f"{name}: {error}") from error
    for feed in found.feeds:
        reading.count += 1
        yield Feed(feed.url, feed.title, feed.folder)
    if found.skipped:
        yield Skipped("an outline whose address no feed can have", len(found.skipped))
