"""Bookmarks as every browser writes them (the "Netscape" format), and Pocket's old HTML list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import ClassVar

from penchant.adapters.text import clean, clean_line

from .archive import Archive
from .base import Act, Entry, Owner, Record, Skipped
from .files import head, named, whole
from .pages import page_item
from .saved import stamp
from .streams import Reading, texts

MAX_DEPTH = 60
#: Folders that browsers make themselves, which say nothing of what is in them.
_USUAL = frozenset((
    "", "bookmarks", "bookmarks bar", "bookmarks menu", "bookmarks toolbar", "other bookmarks", "mobile bookmarks",
    "favorites", "favourites", "unsorted bookmarks", "unread", "read archive", "imported",
))  # fmt: skip


class Bookmarks:
    """A bookmarks file; places that are no web pages (javascript:, place:) are left out."""

    kind: ClassVar[str] = "bookmarks"

    def members(self, archive: Archive) -> list[str]:
        return [name for name in named(archive, r".+\.html?") if _is_list(head(archive, name))]

    def owner(self, archive: Archive) -> Owner:
        return Owner("bookmarks", "Bookmarks")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _file)


def _is_list(text: str) -> bool:
    browser = re.match(r"\s*<!DOCTYPE\s+NETSCAPE-Bookmark", text, re.IGNORECASE)
    return browser is not None or "<title>Pocket Export</title>" in text


def _file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    parser = _Parser()
    for text in texts(archive, name, reading):
        parser.feed(text)
        yield from parser.taken(reading)
    parser.close()
    parser.finish()
    yield from parser.taken(reading)


class _Parser(HTMLParser):
    """Collects entries; an entry is whole once the next one begins, for its description follows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._folders: list[str] = []
        self._link: dict[str, str] | None = None
        self._into = ""  # what the text at hand belongs to: title, folder, about
        self._words: dict[str, list[str]] = {}
        self._done: list[Entry] = []

    def taken(self, reading: Reading) -> list[Entry]:
        """What is whole by now."""
        done, self._done = self._done, []
        reading.count += len(done)
        return done

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.finish()
            self._link = {name: value or "" for name, value in attrs[:20]}
            self._into = "title"
        elif tag == "h3" or (tag == "h1" and not self._folders):
            self.finish()
            self._into = "folder"
        elif tag == "dd" and self._link is not None:
            self._into = "about"
        elif tag == "dl" and len(self._folders) < MAX_DEPTH:
            self.finish()
            self._folders.append(clean_line("".join(self._words.pop("folder", [])), 60))
        elif tag in ("dt", "li"):
            self.finish()

    def handle_endtag(self, tag: str) -> None:
        if tag == "dl":
            self.finish()
            if self._folders:
                self._folders.pop()
        elif tag in ("a", "h3", "h1"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into and len(self._words.setdefault(self._into, [])) < 400:
            self._words[self._into].append(data[:4000])

    def finish(self) -> None:
        """The link at hand is whole."""
        link, self._link, self._into = self._link, None, ""
        if link is None:
            return
        title = "".join(self._words.pop("title", []))
        about = clean("".join(self._words.pop("about", []))).strip()
        at = stamp(link.get("add_date") or link.get("time_added") or "")
        own = [clean_line(tag, 60).lower() for tag in link.get("tags", "").split(",")]
        tags = [*own, *(folder.lower() for folder in self._folders)]
        kept = tuple(dict.fromkeys(tag for tag in tags if tag not in _USUAL))[:40]
        item = page_item(link.get("href", ""), title, at, about, kept)
        self._done.append(
            Record(item, (Act("saved", at),), sketch=not about) if item else Skipped("a bookmark that is no web page")
        )
