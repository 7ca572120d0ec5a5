"""Taking a log in: items that are unknown here, then events, a lot at a time.

What was stored stays; a log that breaks off in the middle, or a kill, costs nothing but taking it in again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penchant.adapters.base import Item
from penchant.app.errors import PenchantError
from penchant.app.store.forgotten import forgotten
from penchant.app.store.imported import Imported
from penchant.app.store.logged import Logged
from penchant.app.store.rows import uid
from penchant.app.types import Event

from .wire import FORMAT, Name, Unreadable, event_from, item_from, name_of, read
from .writing import LOT

if TYPE_CHECKING:
    from penchant.app.store import Store


@dataclass(slots=True)
class Merged:
    """What a log brought. `known`: events that were here already; `nameless`: events whose item nobody has any more.

    `refused`: events of items that were forgotten here.
    """

    machines: set[str] = field(default_factory=set)
    events: int = 0
    known: int = 0
    items: int = 0
    nameless: int = 0
    refused: int = 0
    troubles: Counter[str] = field(default_factory=Counter)


def merge(store: Store, lines: Iterable[str], tell: Callable[[Merged], None] = lambda _: None) -> Merged:
    """Take a log in. Raises `PenchantError` where it is none, and `StoreError`; unsound lines are counted instead."""
    work = _Merge(store)
    for number, line in enumerate(lines):
        try:
            facts = read(line)
            if number == 0:
                _header(facts)
            elif facts.get("type") == "item":
                work.item(facts)
            elif facts.get("type") == "event":
                work.event(facts)
        except Unreadable as error:
            if number == 0:
                raise PenchantError(
                    "this is no log of events", hint="`penchant export events FILE` writes one on the other machine."
                ) from error
            work.merged.troubles[str(error)] += 1
        if work.full:
            work.store_all()
            tell(work.merged)
    work.store_all()
    return work.merged


def _header(facts: Mapping[str, Any]) -> None:
    if facts.get("type") != "penchant-events":
        raise Unreadable("the first line is another")
    if facts.get("format") != FORMAT:
        raise PenchantError(
            f"the log has format {str(facts.get('format'))[:20]}; this penchant knows {FORMAT}",
            hint="Install the same version of penchant on both machines.",
        )


class _Merge:
    """Gathers a lot; `store_all` writes it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.merged = Merged()
        self._logged, self._imported = Logged(store.db), Imported(store.db)
        self._items: dict[Name, dict[Name, tuple[str, Item]]] = {}
        self._events: list[Mapping[str, Any]] = []
        self._sources: dict[Name, int] = {name: id_ for id_, name in self._logged.sources().items()}

    @property
    def full(self) -> bool:
        return len(self._events) >= LOT or sum(map(len, self._items.values())) >= LOT

    def item(self, facts: Mapping[str, Any]) -> None:
        source, item = name_of(facts.get("source")), item_from(facts.get("item"))
        title = facts.get("title")
        self._items.setdefault(source, {})[source[0], item.native_id] = (str(title)[:200] if title else "", item)

    def event(self, facts: Mapping[str, Any]) -> None:
        self._events.append(facts)

    def store_all(self) -> None:
        """Items first: the events name them."""
        self._store_items()
        found, gone = self._where(), self._forgotten()
        asked: list[Event] = []
        for facts in self._events:
            try:
                event = event_from(facts, found.get, self._source)
            except Unreadable as error:
                self.merged.troubles[str(error)] += 1
                continue
            if event.item_id is None and "item" in facts and _digest(facts) in gone:
                self.merged.refused += 1
                continue
            self.merged.nameless += "item" in facts and event.item_id is None
            self.merged.machines.add(event.origin)
            asked.append(event)
        if asked:
            new = self.store.events.merge(asked)
            self.merged.events += new
            self.merged.known += len(asked) - new
        self._items, self._events = {}, []
        self.store.db.give_way()

    def _store_items(self) -> None:
        """Those that are known here stay as they are: this machine's own source knows them best."""
        names = [name for group in self._items.values() for name in group]
        there = self._imported.items(names)
        for source, group in self._items.items():
            new = [pair for name, pair in group.items() if name not in there]
            if new:
                self._logged.put(self._source(source, new[0][0]), [item for _, item in new], time.time())
                self.merged.items += len(new)

    def _forgotten(self) -> set[str]:
        """Digests of the lot's items that the reader had forgotten here."""
        return forgotten(self.store.db, [_digest(facts) for facts in self._events if facts.get("item")])

    def _source(self, name: Name, title: str = "") -> int:
        if name not in self._sources:
            self._sources[name] = self._logged.source(name, title)
        return self._sources[name]

    def _where(self) -> dict[Name, int]:
        """Numbers of all items that the lot's events name."""
        names: set[Name] = set()
        for facts in self._events:
            value = facts.get("value")
            value = value if isinstance(value, dict) else {}
            named = (facts.get("item"), value.get("key"), value.get("chosen"), value.get("other"))
            for pair in (*named, *_all(value, "chosen"), *_all(value, "offered")):
                if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
                    names.add((pair[0], pair[1]))
        return self._imported.items(sorted(names))


def _digest(facts: Mapping[str, Any]) -> str:
    pair = facts.get("item")
    return uid(*pair) if isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair) else ""


def _all(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found[:1_000] if isinstance(found, list) else []
