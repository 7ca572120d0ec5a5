"""The reader's collections (shortlists): named lists of items, as "collect" events say.

An item is inside where the last live event about it and that name says so, so undo works, and what two machines did
comes together. Names are the same whatever the case of their letters; the first spelling is shown.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from penchant.app.errors import PenchantError, UsageError
from penchant.app.types import Event

from .connection import Database
from .real import real

#: Characters of a name.
LONGEST = 60
#: The whole WHERE of the partial index `events_kept`, word by word, or SQLite would not use it.
_KEPT = "kind IN ('collect', 'saved-search', 'find', 'interest') AND kind = 'collect'"
#: The items of a collection by its name, as a subquery with one question mark.
MEMBERS = (
    "SELECT item_id FROM (SELECT item_id, value ->> 'in' AS inside,"
    f" row_number() OVER (PARTITION BY item_id ORDER BY clock DESC, id DESC) AS nth FROM events e WHERE {_KEPT}"
    " AND value ->> 'collection' = ? COLLATE NOCASE"
    " AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo')) WHERE nth = 1 AND inside"
)
_THERE = "SELECT j.value FROM json_each(?) j JOIN items i ON i.id = j.value WHERE i.deleted_at IS NULL"
_LIVE = (
    "SELECT item_id, value ->> 'collection', value ->> 'in', at FROM events e"
    f" WHERE {_KEPT} AND item_id IS NOT NULL AND {real('item_id')}"
    " AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo') ORDER BY clock, id"
)


@dataclass(frozen=True, slots=True)
class Collection:
    """A name, how many items are inside, and when one was last put in (Unix seconds)."""

    name: str
    size: int
    at: float


class Collections:
    """`store.collections`."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def all(self) -> list[Collection]:
        """Those with items, the one last added to first."""
        names: dict[str, str] = {}
        inside: dict[str, dict[int, float]] = {}
        for folded, name, item_id, at in self._words():
            names.setdefault(folded, name)
            members = inside.setdefault(folded, {})
            members.pop(item_id, None)
            if at is not None:
                members[item_id] = at
        found = [
            Collection(names[folded], len(members), max(members.values()))
            for folded, members in inside.items() if members
        ]  # fmt: skip
        return sorted(found, key=lambda each: (-each.at, each.name))

    def ids(self, name: str) -> list[int]:
        """The items inside, in the order in which they were put in; [] for an unknown name."""
        members: dict[int, None] = {}
        for folded, _, item_id, at in self._words():
            if folded == key(name):
                members.pop(item_id, None)
                if at is not None:
                    members[item_id] = None
        there = {row[0] for row in self.db.rows(_THERE, (json.dumps(list(members)),))}
        return [item_id for item_id in members if item_id in there]

    def of_item(self, item_id: int) -> list[str]:
        """The names of the collections that an item is in."""
        return [each.name for each in self.all() if item_id in self.ids(each.name)]

    def named(self, text: str) -> str:
        """The collection that a reader means, by its name or the only one that begins so.

        Raises `PenchantError` where there is none.
        """
        names = [each.name for each in self.all()]
        found = [name for name in names if key(name) == key(text)] or [
            name for name in names if key(text) and key(name).startswith(key(text))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise PenchantError(f"more than one collection begins with {text}", hint=", ".join(found[:5]))
        raise PenchantError(f"there is no collection {text}", hint="`penchant collection list` shows those there are.")

    def spelled(self, text: str) -> str:
        """How a name is spelled already, else as typed. Raises `UsageError` for what can be none."""
        name = called(text)
        return next((each.name for each in self.all() if key(each.name) == key(name)), name)

    def _words(self) -> Iterator[tuple[str, str, int, float | None]]:
        """(key of the name, name, item, when it was put in or None: taken out), in their order."""
        for item_id, name, inside, at in self.db.rows(_LIVE):
            if isinstance(name, str) and key(name):
                yield key(name), name, int(item_id), float(at) if inside else None


def collect(name: str, item_id: int, inside: bool, **more: Any) -> Event:
    """The event that puts an item in a collection, or takes it out."""
    return Event("collect", item_id, {"collection": name, "in": inside}, **more)


def called(text: str) -> str:
    """A name as it is kept: one line, no more than LONGEST characters. Raises `UsageError`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    name = "".join(letter for letter in name if letter.isprintable() and letter != '"')
    if not name or len(name) > LONGEST:
        raise UsageError(
            "a collection needs a name" if not name else f"a name has up to {LONGEST} characters",
            hint="Such as: important AI papers",
        )
    return name


def key(name: str) -> str:
    """What two spellings of a name have in common (pure)."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
