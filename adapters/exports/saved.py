"""Lists of saved pages as CSV: Pocket, Instapaper, Raindrop, Readwise (highlights) and Readwise Reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from penchant.adapters.base import Author, Item
from penchant.adapters.text import clean, clean_line, parse_date
from penchant.adapters.text_clean import cut

from .archive import Archive
from .base import Act, ActKind, Entry, Owner, Record, Skipped
from .files import head, named, whole
from .pages import page_item
from .streams import Reading, rows

Row = dict[str, str]
MAX_TEXT = 40_000


def stamp(text: str) -> float | None:
    """Unix seconds of a number of seconds or milliseconds, or of a date; None where it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit() and 8 < len(text) < 14:
        return float(text) / (1000.0 if len(text) > 11 else 1.0)
    return parse_date(text)


def _tags(*lists: str) -> tuple[str, ...]:
    found = (clean_line(tag, 60).lower() for text in lists for tag in re.split(r"[,|\[\]\"']", text))
    return tuple(dict.fromkeys(tag for tag in found if tag))[:40]


def _pocket(row: Row) -> Record | Skipped:
    at = stamp(row.get("time_added", ""))
    return _page(row.get("url", ""), row.get("title", ""), at, tags=_tags(row.get("tags", "")))


def _instapaper(row: Row) -> Record | Skipped:
    folder = row.get("folder", "")
    kept = () if folder.lower() in ("unread", "archive", "starred") else (folder,)
    kind: ActKind = "liked" if folder.lower() == "starred" else "saved"
    tags, at = _tags(*kept, row.get("tags", "")), stamp(row.get("timestamp", ""))
    return _page(row.get("url", ""), row.get("title", ""), at, row.get("selection", ""), tags, kind)


def _raindrop(row: Row) -> Record | Skipped:
    parts = [row.get(name, "") for name in ("note", "excerpt", "highlights")]
    said = "\n\n".join(part for part in parts if part.strip())
    kind: ActKind = "liked" if row.get("favorite", "").lower() == "true" else "saved"
    tags = _tags(row.get("tags", ""), row.get("folder", ""))
    return _page(row.get("url", ""), row.get("title", ""), stamp(row.get("created", "")), said, tags, kind)


def _reader(row: Row) -> Record | Skipped:
    at = stamp(row.get("saved date", ""))
    return _page(row.get("url", ""), row.get("title", ""), at, tags=_tags(row.get("document tags", "")))


def _page(
    url: str, title: str, at: float | None, text: str = "", tags: tuple[str, ...] = (), kind: ActKind = "saved"
) -> Record | Skipped:
    item = page_item(url, title, at, cut(clean(text).strip(), MAX_TEXT), tags)
    return Record(item, (Act(kind, at),), sketch=not text) if item else Skipped("an entry without a web address")


def _highlight(row: Row) -> Record | Skipped:
    """A passage of a book or article: it has no address, so its words name it."""
    import hashlib

    said = cut(clean(row.get("highlight", "")).strip(), MAX_TEXT)
    if not said:
        return Skipped("a highlight without text")
    book = clean_line(row.get("book title", ""), 300)
    name = clean_line(row.get("book author", ""), 200)
    note = clean(row.get("note", "")).strip()
    at = stamp(row.get("highlighted at", ""))
    own = hashlib.blake2b(f"{book}\x1f{name}\x1f{said}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    item = Item(
        f"highlight:{own}", "", title=book, text=f"{said}\n\n{note}" if note else said,
        author=Author(f"book:{name.lower()}", name) if name else None,
        tags=_tags(row.get("tags", ""), row.get("document tags", "")), extra={"first_seen": at or 0.0},
    )  # fmt: skip
    return Record(item, (Act("saved", at),))


@dataclass(frozen=True)
class _Format:
    """Columns that tell a list from the others, and what makes an entry of a row."""

    title: str
    columns: frozenset[str]
    make: Callable[[Row], Record | Skipped]


def _format(title: str, columns: str, make: Callable[[Row], Record | Skipped]) -> _Format:
    return _Format(title, frozenset(columns.split(",")), make)


FORMATS: dict[str, _Format] = {
    "pocket": _format("Pocket export", "title,url,time_added,tags,status", _pocket),
    "instapaper": _format("Instapaper export", "url,title,selection,folder,timestamp", _instapaper),
    "raindrop": _format("Raindrop export", "id,title,note,excerpt,url,folder,tags", _raindrop),
    "readwise": _format("Readwise highlights", "highlight,book title,book author", _highlight),
    "reader": _format("Readwise Reader export", "title,url,saved date,document tags", _reader),
}


def columns(archive: Archive, name: str) -> frozenset[str]:
    """Names of a CSV file's columns, in lower case."""
    first = head(archive, name, 4000).partition("\n")[0]
    return frozenset(part.strip().strip('"').lower() for part in first.split(","))


class Saved:
    """One of `FORMATS`."""

    kind: ClassVar[str] = "saved"

    def __init__(self, name: str) -> None:
        self.name, self._format = name, FORMATS[name]

    def members(self, archive: Archive) -> list[str]:
        return [n for n in named(archive, r".+\.csv") if self._format.columns <= columns(archive, n)]

    def owner(self, archive: Archive) -> Owner:
        return Owner(self.name, self._format.title)

    def read(self, archive: Archive) -> Iterator[Entry]:
        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            for row in rows(archive, name, reading):
                yield self._format.make(row)

        yield from whole(archive, self.members(archive), file)
