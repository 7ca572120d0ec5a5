"""What an item must be, for every source. Pure: values in, `Broken` out."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from typing import Any

from .base import Author, Item, Link, Media, Sighting

#: Fields that may hold line breaks.
_LONG = ("text", "alt", "extra", "content_warning")
_ADDRESSES = ("url", "avatar_url", "preview_url", "comments_url")
_SCHEMES = ("http://", "https://", "mailto:", "sample:")


class Broken(AssertionError):
    """A rule of the contract does not hold, in words."""


def hold(true: object, words: str) -> None:
    """Raise `Broken` unless it is so (an `assert` that `python -O` keeps)."""
    if not true:
        raise Broken(words)


def unsafe(char: str) -> bool:
    """Whether a terminal may obey this character, or nothing can encode it."""
    code = ord(char)
    control = (code < 32 and char not in "\n\t") or 127 <= code < 160
    return control or 0x202A <= code < 0x202F or 0x2066 <= code < 0x2070 or 0xD800 <= code < 0xE000


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


def proper(item: Any) -> None:
    """One item is what base.py promises. Raises `Broken`."""
    hold(isinstance(item, Item), f"a page holds {type(item).__name__}, no Item")
    hold(isinstance(item.native_id, str) and item.native_id, "an item has no native_id")
    for name, words in strings(item):
        _proper_text(name, words)
    for moment in (item.published, item.updated, *(s.at for s in item.sightings)):
        fine = moment is None or (isinstance(moment, float | int) and math.isfinite(moment) and moment > 0)
        hold(fine, f"{moment!r} is no time in Unix seconds")
    for count in (item.points, item.comments):
        whole = count is None or (isinstance(count, int) and not isinstance(count, bool))
        hold(whole, f"{count!r} is no count")
    parts: tuple[tuple[Any, type], ...] = ((item.media, Media), (item.links, Link), (item.sightings, Sighting))
    for values, kind in parts:
        fine = isinstance(values, tuple) and all(isinstance(value, kind) for value in values)
        hold(fine, f"{values!r} is no tuple of {kind.__name__}")
    fine = isinstance(item.tags, tuple) and all(isinstance(tag, str) and tag for tag in item.tags)
    hold(fine, f"{item.tags!r} is no tuple of tags")
    fine = item.author is None or (isinstance(item.author, Author) and bool(item.author.key))
    hold(fine, f"{item.author!r} is no Author with a key")
    try:
        json.dumps(dict(item.extra))
    except (TypeError, ValueError) as error:
        raise Broken(f"extra is no JSON object: {error}") from None
    same = pickle.loads(pickle.dumps(item)).content_hash == item.content_hash
    hold(same, "an item does not survive pickling")


def _proper_text(name: str, words: str) -> None:
    hold(not any(map(unsafe, words)), f"{name} holds what a terminal obeys: {words[:200]!a}")
    if name not in _LONG:
        hold("\n" not in words and "\t" not in words, f"{name} is more than a line: {words[:200]!a}")
    if name in _ADDRESSES and words:
        hold(words.startswith(_SCHEMES) and " " not in words, f"{name} is no web address: {words[:200]!a}")
