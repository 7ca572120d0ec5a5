"""Starred and saved articles as feed readers write them in JSON: Inoreader, FreshRSS, The Old Reader, Feedly.

All descend from Google Reader's stream: {"items": [{"title", "alternate": [{"href"}], "summary": {"content"}, ...}]}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author, Item
from penchant.adapters.text import clean_line, html_to_text

from .archive import Archive
from .base import Act, Entry, Owner, Record, Skipped
from .files import head, named, whole
from .pages import page_item
from .streams import Reading, elements

_LIST = re.compile(r'"items"\s*:\s*\[')
#: What only these streams have near their beginning.
_MARKS = ("crawlTimeMsec", "timestampUsec", "com.google/", "originId", "actionTimestamp", '"streamId"')


class Starred:
    """What was starred is saved, what carries the mark "like" is liked."""

    kind: ClassVar[str] = "starred"

    def members(self, archive: Archive) -> list[str]:
        return [name for name in named(archive, r".+\.json") if _is_stream(head(archive, name))]

    def owner(self, archive: Archive) -> Owner:
        return Owner("starred", "Starred articles")

    def read(self, archive: Archive) -> Iterator[Entry]:
        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            for raw in elements(archive, name, reading, _LIST):
                yield _entry(wire.record(raw))

        yield from whole(archive, self.members(archive), file)


def _is_stream(beginning: str) -> bool:
    return _LIST.search(beginning) is not None and any(mark in beginning for mark in _MARKS)


def _entry(raw: dict[str, Any]) -> Record | Skipped:
    url = _first(raw.get("canonical")) or _first(raw.get("alternate"))
    html = max((wire.text(wire.record(raw.get(k)).get("content"), 1 << 20) for k in ("content", "summary")), key=len)
    text, links, _ = html_to_text(html, url)
    page = page_item(url, wire.text(raw.get("title"), 2000), _moment(raw.get("published")), text)
    if page is None:
        return Skipped("an entry without a web address")
    origin = wire.record(raw.get("origin"))
    name = clean_line(wire.text(raw.get("author"), 300), 200)
    site = wire.address("", origin.get("htmlUrl")) or url
    item = Item(
        page.native_id, page.url, title=page.title, text=text, links=links, tags=_labels(raw.get("categories")),
        published=_moment(raw.get("published")), updated=_moment(raw.get("updated")),
        author=Author(f"{wire.parts(site).netloc}:{name.lower()}", name) if name else None, extra=page.extra,
    )  # fmt: skip
    liked = any(str(each).endswith("/state/com.google/like") for each in _list(raw.get("categories")))
    return Record(item, (Act("liked" if liked else "saved", _moment(raw.get("actionTimestamp"))),), sketch=not text)


def _first(value: Any) -> str:
    return next((url for each in wire.records(value, 8) if (url := wire.address("", each.get("href")))), "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _moment(value: Any) -> float | None:
    """Seconds or milliseconds."""
    number = wire.number(value)
    return None if not number or number < 0 else number / (1000.0 if number > 1e11 else 1.0)


def _labels(value: Any) -> tuple[str, ...]:
    """The reader's own labels: "user/1005/label/Owls", Feedly's {"label": "Owls"}."""
    texts = [str(each) for each in _list(value)[:60] if isinstance(each, str) and "/label/" in each]
    names = [each.rpartition("/label/")[2] for each in texts]
    names += [wire.text(each.get("label"), 60) for each in wire.records(value, 60)]
    return tuple(dict.fromkeys(name for each in names if (name := clean_line(each, 60).lower())))
