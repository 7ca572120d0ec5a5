"""Instagram's own export in JSON: liked and saved posts by their address, own posts with their captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author, Item, Media
from penchant.adapters.text import clean, clean_line
from penchant.adapters.text_media import kind_of

from .archive import Archive, safe_name
from .base import Act, ActKind, Entry, Owner, Record, Skipped
from .files import base_name, head, named, whole
from .inside import Shelf, inside
from .streams import Reading, elements

_FILES: dict[str, ActKind] = {"liked_posts.json": "liked", "saved_posts.json": "saved"}
_POST = re.compile(r"https://(?:www\.)?instagram\.com/(?:[\w.]{1,40}/)?(?:p|reel|tv)/([\w-]{5,64})")
MAX_TEXT = 10_000


class Instagram:
    """`liked_posts.json`, `saved_posts.json`, `posts_1.json` and so on, wherever they lie in the archive."""

    kind: ClassVar[str] = "instagram"

    def members(self, archive: Archive) -> list[str]:
        pointers = [name for wanted in _FILES for name in named(archive, re.escape(wanted))]
        found = [name for name in pointers if "instagram.com" in head(archive, name)]
        own = [name for name in named(archive, r"posts_\d+\.json") if "creation_timestamp" in head(archive, name)]
        return found + own

    def owner(self, archive: Archive) -> Owner:
        found = re.match(r"instagram-([\w.]{1,40})-\d{4}", archive.path.name)
        return Owner(f"instagram:{found[1]}", f"Instagram {found[1]}") if found else Owner("instagram", "Instagram")

    def read(self, archive: Archive) -> Iterator[Entry]:
        shelf = Shelf(archive.names(), "media/")

        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            act = _FILES.get(base_name(name).lower())
            for raw in elements(archive, name, reading):
                yield _pointer(wire.record(raw), act) if act else _own(wire.record(raw), shelf)

        yield from whole(archive, self.members(archive), file)


def _pointer(raw: dict[str, Any], act: ActKind) -> Record | Skipped:
    """{"title": who, "string_list_data": [{"href", "timestamp"}]}, saved ones below "string_map_data"."""
    places = [*wire.records(raw.get("string_list_data"), 4)]
    places += [wire.record(each) for each in wire.record(raw.get("string_map_data")).values()]
    found = next((each for each in places if _POST.match(wire.text(each.get("href"), 300))), None)
    if found is None:
        return Skipped("an entry without the address of its post")
    url, code = _address(wire.text(found.get("href"), 300))
    at = _moment(found.get("timestamp"))
    item = Item(
        f"instagram:{code}", url, author=_person(raw.get("title")),
        extra={"first_seen": at or 0.0, "unavailable": ["the text", "the picture"]},
    )  # fmt: skip
    return Record(item, (Act(act, at),), sketch=True, unavailable=1)


def _own(raw: dict[str, Any], shelf: Shelf) -> Record | Skipped:
    """{"title": caption, "media": [{"uri": file, "creation_timestamp", "title"}]}: it has no address."""
    media = wire.records(raw.get("media"), 20)
    first = media[0] if media else {}
    at = _moment(raw.get("creation_timestamp")) or _moment(first.get("creation_timestamp"))
    files = [path for each in media if safe_name(path := wire.text(each.get("uri"), 500))]
    text = clean(mended(wire.text(raw.get("title"), MAX_TEXT) or wire.text(first.get("title"), MAX_TEXT))).strip()
    if not files or at is None:
        return Skipped("a post without pictures or without a time")
    tags = tuple(dict.fromkeys(tag.lower() for tag in re.findall(r"#(\w{2,60})", text)))[:40]
    own = [inside(name) for path in files if (name := shelf.find(path))]
    item = Item(
        f"instagram-own:{base_name(files[0])}", "", text=text, published=at, tags=tags,
        media=tuple(Media(name, kind_of("", name)) for name in own), extra={"files": files},
    )  # fmt: skip
    return Record(item, (Act("authored", at),))


def mended(text: str) -> str:
    """Meta writes UTF-8 as if each of its bytes were a letter ("caf\\u00c3\\u00a9")."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _address(href: str) -> tuple[str, str]:
    found = _POST.match(href)
    assert found is not None
    return f"https://www.instagram.com/p/{found[1]}/", found[1]


def _person(value: Any) -> Author | None:
    name = clean_line(mended(wire.text(value, 100)), 60)
    page = f"https://www.instagram.com/{name}/"
    return Author(page, name, f"@{name}", page) if re.fullmatch(r"[\w.]{1,40}", name) else None


def _moment(value: Any) -> float | None:
    number = wire.number(value)
    return float(number) if number and number > 0 else None
