"""A Mastodon account's own archive: outbox, favourites and bookmarks (a folder, or the unpacked tar.gz)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author, Item, Media, Sighting
from penchant.adapters.text import clean_line, html_to_text, parse_date
from penchant.adapters.text_media import kind_of
from penchant.adapters.text_media import whole as pixels

from .archive import Archive, safe_name
from .base import Act, ActKind, Broken, Entry, Owner, Record, Skipped
from .files import base_name, head, named, whole
from .inside import Shelf, inside
from .streams import Reading, document, elements

_LIST = re.compile(r'"orderedItems"\s*:\s*\[')
_PUBLIC = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")
_ACTS: dict[str, ActKind] = {"likes.json": "liked", "bookmarks.json": "saved"}


class Mastodon:
    """Own posts whole, what was boosted, favourited and bookmarked by its address."""

    kind: ClassVar[str] = "mastodon"

    def members(self, archive: Archive) -> list[str]:
        found = [*named(archive, r"outbox\.json"), *named(archive, r"bookmarks\.json"), *named(archive, r"likes\.json")]
        return [n for n in found if any(word in head(archive, n) for word in ("orderedItems", "activitystreams"))]

    def owner(self, archive: Archive) -> Owner:
        me = _me(archive)
        if me is None:
            return Owner("mastodon", "Mastodon archive")
        return Owner(f"mastodon:{me.handle.lower()}", f"Mastodon archive {me.handle}")

    def read(self, archive: Archive) -> Iterator[Entry]:
        me, shelf = _me(archive), Shelf(archive.names(), "media_attachments/")

        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            kind = _ACTS.get(base_name(name).lower())
            for raw in elements(archive, name, reading, _LIST):
                yield _pointer(raw, kind, None, None) if kind else _activity(raw, me, shelf)

        yield from whole(archive, self.members(archive), file)


def _me(archive: Archive) -> Author | None:
    for name in named(archive, r"actor\.json"):
        try:
            actor = wire.record(document(archive, name))
        except Broken:
            continue
        url = wire.address("", actor.get("url")) or wire.address("", actor.get("id"))
        user = clean_line(wire.text(actor.get("preferredUsername"), 100), 100)
        if url and user:
            shown = clean_line(wire.text(actor.get("name"), 200), 200)
            return Author(url, shown or user, f"@{user}@{wire.parts(url).netloc}", url)
    return None


def _activity(raw: Any, me: Author | None, shelf: Shelf) -> Record | Skipped:
    """One entry of the outbox: a post written, or one boosted."""
    raw = wire.record(raw)
    at = parse_date(wire.text(raw.get("published"), 80))
    if raw.get("type") == "Announce":
        return _pointer(raw.get("object"), "reposted", at, me)
    note = wire.record(raw.get("object"))
    uri = wire.address("", note.get("id"))
    if raw.get("type") != "Create" or not uri:
        return Skipped("an entry of the outbox that is neither a post nor a boost")
    if not _public(note):
        return Skipped("a direct message")
    text, links, _ = html_to_text(wire.text(note.get("content"), 1 << 20), uri)
    parent = wire.address("", note.get("inReplyTo"))
    languages = note.get("contentMap")
    lang = next(iter(languages), "") if isinstance(languages, dict) and len(languages) == 1 else ""
    media = _media(note, shelf)
    files = _files(note)
    item = Item(
        uri, wire.address("", note.get("url")) or uri, text=text, author=me,
        published=parse_date(wire.text(note.get("published"), 80)) or at,
        updated=parse_date(wire.text(note.get("updated"), 80)), lang=clean_line(str(lang), 20), tags=_tags(note),
        media=media, links=links, in_reply_to=parent, sensitive=note.get("sensitive") is True,
        content_warning=clean_line(wire.text(note.get("summary"), 500), 500), extra={"files": files} if files else {},
    )  # fmt: skip
    return Record(item, (Act("replied" if parent else "authored", at),), known_as=(("mastodon", uri),))


def _pointer(raw: Any, kind: ActKind, at: float | None, by: Author | None) -> Record | Skipped:
    """A post of somebody else, of which the archive has the address only."""
    uri = wire.address("", raw if isinstance(raw, str) else wire.record(raw).get("id"))
    if not uri:
        return Skipped("an entry without the address of its post")
    came = (Sighting("boost", at, by),) if kind == "reposted" and by else ()
    item = Item(uri, uri, published=None, sightings=came, extra={"unavailable": ["the text"]})
    return Record(item, (Act(kind, at),), sketch=True, known_as=(("mastodon", uri),), unavailable=1)


def _public(note: dict[str, Any]) -> bool:
    """Whether it was for more than the people named in it: everybody, or the followers."""
    lists = [value if isinstance(value, list) else [value] for value in (note.get("to"), note.get("cc"))]
    to = [entry for entries in lists for entry in entries if isinstance(entry, str)]
    return any(entry in _PUBLIC or entry.endswith("/followers") for entry in to)


def _tags(note: dict[str, Any]) -> tuple[str, ...]:
    tags = wire.records(note.get("tag"), 60)
    found = (wire.text(tag.get("name"), 100) for tag in tags if tag.get("type") == "Hashtag")
    return tuple(dict.fromkeys(clean_line(tag.lstrip("#"), 100).lower() for tag in found if tag))


def _media(note: dict[str, Any], shelf: Shelf) -> tuple[Media, ...]:
    """Attachments by an address of their own, else by their file in the archive, which the server names by its path."""
    found = []
    for entry in wire.records(note.get("attachment"), 16):
        path = wire.text(entry.get("url"), 2000)
        public, own = wire.address("", path), shelf.find(path)
        url = public or (inside(own) if own else "")
        if url:
            mime = clean_line(wire.text(entry.get("mediaType"), 100), 100)
            kind = kind_of(mime, url)
            alt = clean_line(wire.text(entry.get("name"), 2000), 1500)
            found.append(
                Media(
                    url, kind, alt, mime, preview_url=inside(own) if own and public and kind == "image" else "",
                    width=pixels(entry.get("width")), height=pixels(entry.get("height")),
                    blurhash=clean_line(wire.text(entry.get("blurhash"), 200), 200),
                )
            )  # fmt: skip
    return tuple(found)


def _files(note: dict[str, Any]) -> list[str]:
    """Names of the attachments' files, as the outbox gives them."""
    paths = (wire.text(entry.get("url"), 500).lstrip("/") for entry in wire.records(note.get("attachment"), 16))
    return [path for path in paths if "://" not in path and safe_name(path)]
