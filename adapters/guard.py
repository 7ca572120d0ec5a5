"""The seam's own check: what an adapter from outside hands over, made into proper values. Pure.

Texts are cleaned and cut, addresses are http, https or mailto, numbers are
finite, everything has the type that `base` promises. What cannot be used
becomes empty; an item without an id is left out; a page that is no page, or
of which nothing can be used, raises `Garbage`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from . import base
from .base import Author, Item, Link, Media, Page, Poll, Sighting, SourceError, Suggestion
from .text import absolute, clean, clean_line

T = TypeVar("T")
#: Bounds of one page: items, characters of a body and of an id, bytes of `extra` and of a cursor as JSON.
MOST_ITEMS, MOST_TEXT, MOST_ID, MOST_EXTRA, MOST_CURSOR = 1000, 400_000, 1000, 64_000, 1_000_000
MOST_PARTS = 500
_LATEST = 253_402_300_800.0  # the year 10000
_WHOLE = 2**63 - 1
_MEDIA, _SIGHTINGS = get_args(base.MediaKind), get_args(base.SightingKind)


class Garbage(SourceError):
    hint = "The adapter has a fault; tell its author. Other sources are not affected."


def checked_page(page: Any) -> Page:
    """A page as `base` describes it. Raises `Garbage`."""
    if not isinstance(page, Page):
        raise Garbage(f"it yields {_kind(page)} where a Page belongs")
    if not isinstance(page.items, list | tuple):
        raise Garbage(f"the items of a page are {_kind(page.items)}, no tuple")
    if len(page.items) > MOST_ITEMS:
        raise Garbage(f"a page has {len(page.items)} items; {MOST_ITEMS} are the most")
    items = tuple(item for given in page.items if (item := checked_item(given)) is not None)
    if page.items and not items:
        raise Garbage(f"none of the {len(page.items)} items of a page is an Item with a native_id")
    interval: Any = page.interval if _is_number(page.interval) else None
    return Page(
        items, checked_cursor(page.cursor),
        deleted=tuple(filter(None, map(_ident, _parts(page.deleted, 10_000)))),
        title=_line(page.title, 300), site_url=_address(page.site_url), moved_to=_line(page.moved_to, 2000),
        gone=page.gone is True, total=_count(page.total),
        interval=None if interval is None else max(float(interval), 0.0),
    )  # fmt: skip


def checked_cursor(cursor: Any) -> base.Cursor:
    """The cursor as JSON keeps it. Raises `Garbage` for what is no JSON object or too large."""
    if not isinstance(cursor, Mapping):
        raise Garbage(f"a cursor is {_kind(cursor)}, no dict")
    kept = _json(cursor, MOST_CURSOR)
    if kept is None:
        raise Garbage(f"a cursor is no JSON object of at most {MOST_CURSOR:,} bytes")
    return kept


def checked_item(item: Any) -> Item | None:
    """One item with every field in order; None for what is no `Item` or has no id."""
    if not isinstance(item, Item) or not (native_id := _ident(item.native_id)):
        return None
    return Item(
        native_id=native_id,
        url=_address(item.url),
        title=_line(item.title, 1000),
        text=_text(item.text),
        author=_author(item.author),
        published=_moment(item.published),
        updated=_moment(item.updated),
        lang=_line(item.lang, 35),
        tags=tuple(dict.fromkeys(tag for t in _parts(item.tags) if (tag := _line(t, 100)))),
        media=_each(item.media, Media, _media),
        links=_each(item.links, Link, _link),
        points=_count(item.points),
        comments=_count(item.comments),
        comments_url=_address(item.comments_url),
        in_reply_to=_ident(item.in_reply_to),
        thread=_ident(item.thread),
        content_warning=_line(item.content_warning, 500),
        sensitive=item.sensitive is True,
        poll=_poll(item.poll),
        sightings=_each(item.sightings, Sighting, _sighting),
        extra=_json(item.extra, MOST_EXTRA) or {},
    )


def checked_suggestion(found: Any, kind: str) -> Suggestion | None:
    """What `recognise` said, in this adapter's own name; None for anything else."""
    if not isinstance(found, Suggestion) or not (address := _line(found.address, 2000)):
        return None
    settings = _json(found.settings, MOST_EXTRA) or {}
    return Suggestion(kind, address, _line(found.title, 300), {"address": address, **settings})


def _author(value: Any) -> Author | None:
    if not isinstance(value, Author) or not (key := _ident(value.key)):
        return None
    name = _line(value.name, 200) or key
    return Author(key, name, _line(value.handle, 200), _address(value.url), _address(value.avatar_url))


def _media(value: Media) -> Media | None:
    if not (url := _address(value.url)):
        return None
    return Media(
        url, value.kind if value.kind in _MEDIA else "file", _text(value.alt)[:10_000].strip(), _line(value.mime, 100),
        _address(value.preview_url), max(_count(value.width) or 0, 0), max(_count(value.height) or 0, 0),
        max(_count(value.size) or 0, 0), _line(value.blurhash, 200),
    )  # fmt: skip


def _link(value: Link) -> Link | None:
    return Link(url, _line(value.text, 300)) if (url := _address(value.url)) else None


def _sighting(value: Sighting) -> Sighting:
    return Sighting(value.how if value.how in _SIGHTINGS else "link", _moment(value.at), _author(value.by))


def _poll(value: Any) -> Poll | None:
    if not isinstance(value, Poll):
        return None
    pairs = (o for o in _parts(value.options, 100) if isinstance(o, list | tuple) and len(o) == 2)
    options = tuple((_line(words, 500), _count(votes)) for words, votes in pairs)
    return Poll(options, _moment(value.closes_at), value.multiple is True) if options else None


def _each(values: Any, kind: type[T], check: Any) -> tuple[T, ...]:
    found = (check(value) for value in _parts(values) if isinstance(value, kind))
    return tuple(value for value in found if value is not None)


def _parts(value: Any, most: int = MOST_PARTS) -> Iterable[Any]:
    return value[:most] if isinstance(value, list | tuple) else ()


def _text(value: Any) -> str:
    return clean(value[:MOST_TEXT]) if isinstance(value, str) else ""


def _line(value: Any, limit: int) -> str:
    return clean_line(value[: limit * 4], limit) if isinstance(value, str) else ""


def _ident(value: Any) -> str:
    """An id on one line; one that is too long keeps its beginning and a digest, so that two stay two."""
    if not isinstance(value, str):
        return ""
    whole = clean_line(value[:MOST_TEXT], MOST_TEXT)
    if len(whole) <= MOST_ID:
        return whole
    digest = hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"{whole[: MOST_ID - 40]}#{digest}"


def _address(value: Any) -> str:
    return absolute("", value) if isinstance(value, str) else ""


def _moment(value: Any) -> float | None:
    return float(value) if _is_number(value) and 0 < value < _LATEST else None


def _count(value: Any) -> int | None:
    return int(value) if _is_number(value) and -_WHOLE <= value <= _WHOLE else None


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _json(value: Any, most: int) -> dict[str, Any] | None:
    """A mapping after a trip through JSON, its texts cleaned; None where that fails."""
    if not isinstance(value, Mapping):
        return None
    try:
        words = json.dumps(dict(value), allow_nan=False)
        return _clean_json(json.loads(words)) if len(words) <= most else None
    except (TypeError, ValueError, RecursionError):
        return None


def _clean_json(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_clean_json(part) for part in value]
    return {clean_line(k): _clean_json(v) for k, v in value.items()} if isinstance(value, dict) else value


def _kind(value: Any) -> str:
    return clean_line(f"a {type(value).__name__}", 60)
