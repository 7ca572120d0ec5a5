"""What a line of a log says, and back. Pure; whatever the line holds, it becomes a value or `Unreadable`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

from penchant.adapters.base import Author, Item, Link, Media, Poll, Sighting
from penchant.adapters.contract_rules import Broken, proper
from penchant.adapters.text import clean_line
from penchant.app.types import Event, EventKind

#: (kind, native id) of an item; (kind, address) of a source.
Name = tuple[str, str]
FORMAT = 1
#: Characters of a line, of a name or an id, and of what an event says.
LONGEST, NAME, VALUE = 8 << 20, 4_000, 64_000
#: Times beyond it make no sense (see `Events.merge`).
_ENDS = 1e11
_KINDS = frozenset(get_args(EventKind))


class Unreadable(ValueError):
    """A line that says nothing, in words."""


def read(line: str) -> dict[str, Any]:
    """A line as a JSON object. Raises `Unreadable`."""
    try:
        found = json.loads(line) if len(line) <= LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable("a line is no JSON object, or too long")
    return found


def write(kind: str, facts: Mapping[str, Any]) -> str:
    """A line, with its end."""
    return json.dumps({"type": kind, **facts}, ensure_ascii=False, separators=(",", ":")) + "\n"


def name_of(value: Any) -> Name:
    """A pair of texts. Raises `Unreadable`."""
    pair = value if isinstance(value, list) else []
    if len(pair) == 2 and all(isinstance(part, str) and part and part == clean_line(part, NAME) for part in pair):
        return pair[0], pair[1]
    raise Unreadable("a name is none")


def item_facts(item: Item) -> dict[str, Any]:
    """An item as JSON; what is empty is left out."""
    facts = {key: value for key, value in dataclasses.asdict(item).items() if value not in (None, "", (), {}, False)}
    return {**facts, "extra": dict(item.extra)} if item.extra else facts


def item_from(facts: Any) -> Item:
    """The item. Raises `Unreadable` where it is not what every source's items must be (`contract_rules`)."""
    try:
        item = Item(**{"url": "", **facts, **_parts(facts)})
        proper(item)
    except (TypeError, ValueError, AttributeError, Broken, RecursionError) as error:
        raise Unreadable(f"an item is not sound: {str(error)[:200]}") from None
    return item


def _parts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are values of their own."""
    found: dict[str, Any] = {
        "media": tuple(Media(**each) for each in facts.get("media", ())),
        "links": tuple(Link(**each) for each in facts.get("links", ())),
        "tags": tuple(facts.get("tags", ())),
        "author": Author(**facts["author"]) if facts.get("author") else None,
        "poll": _poll(facts.get("poll")),
    }
    found["sightings"] = tuple(
        Sighting(each["how"], each.get("at"), Author(**each["by"]) if each.get("by") else None)
        for each in facts.get("sightings", ())
    )
    return found


def _poll(facts: Any) -> Poll | None:
    if not facts:
        return None
    options = tuple((str(text), None if votes is None else int(votes)) for text, votes in facts["options"])
    return Poll(options, facts.get("closes_at"), bool(facts.get("multiple")))


def event_facts(
    event: Event, machine: str, item: Callable[[int], Name | None], source: Callable[[int], Name | None]
) -> dict[str, Any]:
    """An event as JSON; `item` and `source` name what it refers to by number (None: it is gone)."""
    facts = dataclasses.asdict(event)
    facts["origin"] = event.origin or machine
    facts["clock"] = event.clock
    facts["item"] = None if event.item_id is None else item(event.item_id)
    facts["value"] = _translated(event.kind, event.value, item, source)
    del facts["item_id"]
    return {key: value for key, value in facts.items() if value not in (None, "", {})}


def event_from(
    facts: Mapping[str, Any], item: Callable[[Name], int | None], source: Callable[[Name], int | None]
) -> Event:
    """The event with the numbers of this archive. Raises `Unreadable`."""
    kind: Any = facts.get("kind")
    value = facts.get("value", {})
    if kind not in _KINDS or not isinstance(value, dict) or len(json.dumps(value)) > VALUE:
        raise Unreadable("an event is of no known kind, or says too much")
    texts: dict[str, Any] = {key: _text(facts.get(key), key) for key in ("id", "origin", "session", "view", "undoes")}
    if not texts["id"] or not texts["origin"]:
        raise Unreadable("an event has no id, or no machine")
    name = facts.get("item")
    return Event(
        kind,
        None if name is None else item(name_of(name)),
        _translated(kind, value, lambda pair: item(name_of(pair)), lambda pair: source(name_of(pair))),
        position=_number(facts.get("position"), int),
        shown_score=_number(facts.get("shown_score"), float),
        head_version=_number(facts.get("head_version"), int),
        at=_moment(facts.get("at", 0.0)),
        clock=_moment(facts.get("clock")),
        **{**texts, "undoes": texts["undoes"] or None},
    )


def _translated(
    kind: str, value: Mapping[str, Any], item: Callable[[Any], Any], source: Callable[[Any], Any]
) -> dict[str, Any]:
    """What an event says, with the items and sources in it called by the other kind of name.

    Numbers become pairs and pairs numbers; what cannot be named any more is left out of lists, or is 0.
    """
    found: dict[str, Any] = dict(value)
    if kind == "picks":
        for key in ("chosen", "offered"):
            found[key] = [other for each in _list(value.get(key)) if (other := item(each)) is not None]
    elif kind == "mute" and value.get("what") == "source":
        found["key"] = _key(value.get("key"), source)
    elif kind == "duel":
        found |= {key: item(value[key]) or 0 for key in ("chosen", "other") if value.get(key)}
    elif kind == "less":
        named = value.get("key")
        if isinstance(named, list):
            found["key"] = f"item:{item(named) or 0}"
        elif isinstance(named, str) and named.startswith("item:") and named[5:].isdecimal():
            found["key"] = item(int(named[5:])) or named
    return found


def _key(key: Any, source: Callable[[Any], Any]) -> Any:
    if isinstance(key, str):  # a number of ours
        return (source(int(key)) if key.isdecimal() else None) or key
    return str(source(key) or 0)


def _list(value: Any) -> list[Any]:
    return list(value)[:1_000] if isinstance(value, list | tuple) else []


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > NAME or value != clean_line(value, NAME):
        raise Unreadable(f"the {what} of an event is no plain text")
    return value


def _number(value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 2**62:
        return None
    return kind(value)


def _moment(value: Any) -> float:
    found = _number(value, float)
    if found is None or not 0.0 <= found < _ENDS:
        raise Unreadable("a time of an event makes no sense")
    return float(found)
