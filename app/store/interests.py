"""What this reader reads about: clusters of what was liked, and the reader's own names for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penchant.app.types import Event

from .connection import Database, Row
from .events import Events
from .real import real

#: Setting: JSON of what the last fit saw, {"liked": n, "space": name, "at": Unix seconds}.
STATE = "interests"
#: Characters of a name.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Interest:
    """One cluster. `given` is the reader's name for it, `name` a language model's, `words` one made of its words.

    `centre`: float32 of `space`, a unit vector; `radius`: cosine from which on a text belongs to it. `members`: ids of
    liked items, the nearest first. Of the `judged` decided items near it `liked` were liked.
    """

    key: str
    space: str
    centre: bytes
    size: int
    words: str
    name: str
    made_at: float
    members: tuple[int, ...]
    radius: float
    liked: int
    judged: int
    given: str = ""

    @property
    def title(self) -> str:
        """What to call it."""
        return self.given or self.name or self.words or f"interest {self.key[:6]}"


class Interests:
    """`store.interests`. Rows are made again from events; names and dials of the reader are events."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def all(self) -> list[Interest]:
        """Every interest, the largest first."""
        given = self.given()
        rows = self.db.rows(
            "SELECT key, space, centre, size, words, name, made_at, members, radius, liked, judged FROM interests"
            " ORDER BY size DESC, key"
        )
        return [_interest(row, given.get(row[0], "")) for row in rows]

    def given(self) -> dict[str, str]:
        """The reader's names by key; an empty one takes the name before it back."""
        found = {}
        for event in Events(self.db).of_kind("interest"):
            key, name = event.value.get("key"), event.value.get("name")
            if isinstance(key, str) and isinstance(name, str):
                found[key] = name[:LONGEST]
        return {key: name for key, name in found.items() if name}

    def replace(self, interests: Iterable[Interest]) -> None:
        """These and no others, in one transaction."""
        rows = [
            (each.key, each.space, each.centre, each.size, each.words, each.name, each.made_at,
             json.dumps(each.members), each.radius, each.liked, each.judged)
            for each in interests
        ]  # fmt: skip
        with self.db.write():
            self.db.run("DELETE FROM interests")
            self.db.run_many(
                "INSERT INTO interests(key, space, centre, size, words, name, made_at, members, radius, liked, judged)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def call(self, key: str, made_at: float, name: str) -> None:
        """A language model's name for the cluster as it was fitted at `made_at`; one fitted anew is left alone."""
        with self.db.write():
            sql = "UPDATE interests SET name = ? WHERE key = ? AND made_at = ?"
            self.db.run(sql, (name[:LONGEST], key, made_at))

    def state(self) -> dict[str, object]:
        """What the last fit saw; {} before the first."""
        value = self.db.value("SELECT value FROM settings WHERE key = ?", (STATE,))
        try:
            found = json.loads(value) if isinstance(value, str) else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, state: dict[str, object]) -> None:
        """Keep what a fit saw."""
        with self.db.write():
            self.db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (STATE, json.dumps(state)))

    def positives(self) -> int:
        """How many items are liked or saved, imports included: some microseconds for each."""
        return int(self.db.value(f"SELECT count(*) FROM item_state WHERE (liked OR saved) AND {real('item_id')}") or 0)

    def wanted_keys(self) -> list[str]:
        """Keys that the reader's dials and names refer to, whether or not there are such clusters now."""
        events = Events(self.db)
        dialled = [key for (what, key), value in events.dials().items() if what == "interest" and value != 1.0]
        return list(dict.fromkeys([*dialled, *self.given()]))

    def item_of(self, key: str) -> int | None:
        """The item that a key was made of (the beginning of its uid)."""
        if len(key) < 8 or not all(c in "0123456789abcdef" for c in key):
            return None
        found = self.db.value("SELECT id FROM items WHERE uid >= ?1 AND uid < ?1 || 'g' LIMIT 1", (key,))
        return None if found is None else int(found)


def _interest(row: Row, given: str) -> Interest:
    key, space, centre, size, words, name, made_at, members, radius, liked, judged = row
    ids = tuple(json.loads(members))
    return Interest(key, space, centre, size, words, name, made_at, ids, radius, liked, judged, given)


def named(key: str, name: str) -> Event:
    """The event of a reader's name."""
    return Event("interest", value={"key": key, "name": " ".join(name.split())[:LONGEST]})


def found(interests: Sequence[Interest], text: str) -> list[Interest]:
    """Those that a reader's word names: a key or its beginning, else the whole title in any case."""
    wanted = text.strip().casefold()
    by_key = [each for each in interests if wanted and each.key.startswith(wanted)]
    return by_key or [each for each in interests if each.title.casefold() == wanted]
