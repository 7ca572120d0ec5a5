"""What hangs on a Bluesky post: pictures, a film, a linked page, another post. Pure.

https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/embed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .base import Media
from .text import clean, clean_line
from .wire import address, number, parts, record, records, text

MAX_MEDIA = 40
_EMBED = "app.bsky.embed."
#: Hosts whose linked "pages" are moving pictures; apps show those in place.
_GIF_HOSTS = frozenset(("media.tenor.com", "media.giphy.com", "i.giphy.com", "static.klipy.com"))
_ALT = ("ALT: ", "Alt: ")


@dataclass(frozen=True, slots=True)
class Embed:
    """`card`: the linked page as {"url", "title", ...}; `record`: the raw view of another record."""

    media: tuple[Media, ...] = ()
    card: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)


def read_embed(value: Any) -> Embed:
    """The embed of a post as the service shows it (`#view`); an unknown kind is empty."""
    raw = record(value)
    kind = text(raw.get("$type"), 100).removeprefix(_EMBED)
    if kind == "images#view":
        return Embed(tuple(_images(raw.get("images"))))
    if kind == "gallery#view":
        return Embed(tuple(_images(raw.get("items"))))
    if kind == "video#view":
        return Embed(tuple(_video(raw)))
    if kind == "external#view":
        return _external(record(raw.get("external")))
    if kind == "record#view":
        return Embed(record=record(raw.get("record")))
    if kind == "recordWithMedia#view":
        media = read_embed(raw.get("media"))
        return Embed(media.media, media.card, record(record(raw.get("record")).get("record")))
    return Embed()


def _images(value: Any) -> Iterator[Media]:
    for raw in records(value, MAX_MEDIA):
        thumb = address("", raw.get("thumb")) or address("", raw.get("thumbnail"))
        url = address("", raw.get("fullsize")) or thumb
        if url:
            width, height = _size(raw.get("aspectRatio"))
            yield Media(url, "image", _alt(raw), preview_url=thumb, width=width, height=height)


def _video(raw: Mapping[str, Any]) -> Iterator[Media]:
    url = address("", raw.get("playlist"))
    if url:
        width, height = _size(raw.get("aspectRatio"))
        yield Media(
            url, "video", _alt(raw), "application/vnd.apple.mpegurl", address("", raw.get("thumbnail")), width, height
        )


def _external(raw: Mapping[str, Any]) -> Embed:
    url = address("", raw.get("uri"))
    if not url:
        return Embed()
    description = clean_line(text(raw.get("description"), 5000), 1000)
    thumb = address("", raw.get("thumb"))
    if parts(url).hostname in _GIF_HOSTS:
        alt = next((description.removeprefix(mark) for mark in _ALT if description.startswith(mark)), description)
        return Embed((Media(url, "image", alt, "image/gif", thumb),))
    card = {
        "url": url,
        "title": clean_line(text(raw.get("title"), 2000), 300),
        "description": description,
        "image": thumb,
    }
    return Embed(card={key: value for key, value in card.items() if value})


def _alt(raw: Mapping[str, Any]) -> str:
    return clean(text(raw.get("alt"), 10_000)).strip()


def _size(value: Any) -> tuple[int, int]:
    """Width and height of a picture; the protocol lets them be mere proportions, which are no size."""
    raw = record(value)
    width, height = number(raw.get("width")) or 0, number(raw.get("height")) or 0
    return (width, height) if min(width, height) > 64 else (0, 0)
