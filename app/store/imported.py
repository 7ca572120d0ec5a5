"""What an import of the reader's own export left in the archive: its events and the items they name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .connection import Database

#: Places of one account's exports that are remembered: pictures of older ones may lie in those only.
PLACES = 8


class Imported:
    """Events of an import carry its name in `session`, "import:ADDRESS#ROUND"; an undone import begins a new round."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def rounds(self, address: str) -> dict[int, bool]:
        """Round -> whether its undoing has begun."""
        name = f"import:{address}#"
        rows = self.db.rows(
            "SELECT session, max(kind = 'undo') FROM events WHERE substr(session, 1, ?2) = ?1 GROUP BY session",
            (name, len(name)),
        )
        return {int(session[len(name) :]): bool(undone) for session, undone in rows if session[len(name) :].isdigit()}

    def live(self, address: str, limit: int) -> list[tuple[str, str]]:
        """(event id, session) of events of any round that still count."""
        name = f"import:{address}#"
        rows = self.db.rows(
            "SELECT id, session FROM live_events WHERE substr(session, 1, ?2) = ?1 ORDER BY seq LIMIT ?3",
            (name, len(name), limit),
        )
        return [(row[0], row[1]) for row in rows]

    def known_events(self, ids: Sequence[str]) -> set[str]:
        """Which of these events are stored, retracted ones too."""
        rows = self.db.rows(
            "SELECT id FROM events WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return {row[0] for row in rows}

    def items(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """(kind, native id) -> item, of those that are stored."""
        rows = self.db.rows(
            "SELECT a.kind, a.native_id, a.item_id FROM json_each(?) j CROSS JOIN aliases a"
            " ON a.kind = j.value ->> 0 AND a.native_id = j.value ->> 1",
            (json.dumps([list(name) for name in names]),),
        )
        return {(kind, native_id): item_id for kind, native_id, item_id in rows}

    def keep(self, subscription_id: int, cursor: dict[str, object], now: float) -> None:
        """Remember how far an import is; the events before it are stored."""
        with self.db.write():
            self.db.run(
                "UPDATE subscriptions SET cursor = ?, last_success = ? WHERE id = ?",
                (json.dumps(cursor), now, subscription_id),
            )

    def put_place(self, subscription_id: int, path: str) -> None:
        """The export lies at `path` (absolute). What failed to come out of it may be tried again."""
        with self.db.write():
            old = self._places("id = ?", subscription_id)
            known = [place for place in old if place != path and Path(place).exists()]
            self.db.run(
                "UPDATE subscriptions SET settings = json_set(settings, '$.places', json(?)) WHERE id = ?",
                (json.dumps([path, *known][:PLACES]), subscription_id),
            )
            self.db.run(
                "UPDATE pictures SET state = 'wanted', used_at = NULL, retry_at = NULL, failures = 0, note = ''"
                " WHERE state IN ('failed', 'refused') AND id IN (SELECT p.picture_id FROM item_pictures p"
                " JOIN sightings g ON g.item_id = p.item_id WHERE g.subscription_id = ?)",
                (subscription_id,),
            )

    def places(self, address: str) -> list[str]:
        """Where the exports of "twitter:ada" lie, the one imported last first; [] where none is imported."""
        return self._places("kind = 'export' AND removed_at IS NULL AND address = ?", address)

    def _places(self, where: str, value: object) -> list[str]:
        found = self.db.value(f"SELECT settings ->> '$.places' FROM subscriptions WHERE {where}", (value,))
        return [str(place) for place in json.loads(found)] if found else []
