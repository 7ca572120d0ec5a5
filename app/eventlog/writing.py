"""Writing a log: the events after a place, behind the items and sources that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penchant.app.store.logged import Logged

from .wire import FORMAT, event_facts, item_facts, write

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.types import Event

#: Events, with the items that they name, read from the archive at a time.
LOT = 500


def lines(store: Store, machine: str, after: int = 0, upto: int | None = None, *, own: bool = False) -> Iterator[str]:
    """The lines of a log of the events behind number `after`, to number `upto`; `own`: only what this machine made.

    `machine` is the name under which this archive's own events go out. What was done with drafts stays here.
    """
    logged, told, drafts = Logged(store.db), set[int](), store.drafts.item_ids()
    sources = logged.sources()
    yield write("penchant-events", {"format": FORMAT, "machine": machine})
    last = store.events.last_seq() if upto is None else upto
    while after < last and (batch := store.events.since(after, LOT)):
        after = batch[-1][0]
        events = [event for seq, event in batch if seq <= last and not (own and event.origin)]
        events = [event for event in events if event.kind != "draft" and event.item_id not in drafts]
        named = _named(events)
        names = logged.names(named)
        yield from _items(logged, sorted(named - told))
        told |= named
        for event in events:
            yield write("event", event_facts(event, machine, names.get, sources.get))


def _named(events: Sequence[Event]) -> set[int]:
    """Every item that events refer to."""
    found = {event.item_id for event in events if event.item_id is not None}
    for event in events:
        if event.kind == "picks":
            found.update(each for key in ("chosen", "offered") for each in event.value.get(key, ()))
        elif event.kind == "duel" and isinstance(other := event.value.get("other"), int):
            found.add(other)
        elif event.kind == "less" and (key := str(event.value.get("key", ""))).startswith("item:"):
            found.update([int(key[5:])] if key[5:].isdecimal() else [])
    return found


def _items(logged: Logged, ids: Sequence[int]) -> Iterator[str]:
    for source, title, item in logged.items(ids):
        yield write("item", {"source": source, "title": title, "item": item_facts(item)})
