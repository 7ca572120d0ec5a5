"""The lists behind keys 1-7, as ids: the first page of 100,000 items costs about a millisecond."""

from __future__ import annotations

import json

from penchant.app.types import View

from .connection import Database, Row
from .events import Events
from .mutes import condition

_MARKED = {View.SAVED: "saved", View.LIKED: "liked", View.LATER: "later"}


class Views:
    """Ids of each view, in its order."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def ids(
        self, view: View, *, subscription_id: int | None = None, limit: int = 200, offset: int = 0
    ) -> list[int]:
        """Item ids of a view. `subscription_id` narrows Following (and any other list but For you) to
        one source.
        """
        if view == View.SEARCH:
            return []
        if view == View.FOR_YOU:
            return self.for_you(limit, offset)
        if view in _MARKED:
            return self._marked(_MARKED[view], subscription_id, limit, offset)
        if subscription_id is not None:
            return self._of_source(subscription_id, limit, offset)
        return _ids(
            self.db.rows(
                "SELECT id FROM items WHERE deleted_at IS NULL ORDER BY sort_at DESC, id DESC LIMIT"
                " ? OFFSET ?",
                (limit, offset),
            )
        )

    def _marked(self, mark: str, subscription_id: int | None, limit: int, offset: int) -> list[int]:
        source, params = "", [limit, offset]
        if subscription_id is not None:
            source = (
                "AND EXISTS (SELECT 1 FROM sightings g WHERE g.item_id = s.item_id AND g.subscription_id = ?)"
            )
            params.insert(0, subscription_id)
        return _ids(
            self.db.rows(
                f"SELECT item_id FROM item_state s WHERE {mark} {source}"
                f" ORDER BY {mark}_at DESC, item_id DESC LIMIT ? OFFSET ?",
                tuple(params),
            )
        )

    def _of_source(self, subscription_id: int, limit: int, offset: int) -> list[int]:
        """An item that a source brought twice (two boosts) stands at its newest arrival."""
        found: dict[int, None] = {}
        with self.db.failures():
            for (item_id,) in self.db.apsw.execute(
                "SELECT item_id FROM sightings g WHERE subscription_id = ? AND NOT EXISTS"
                " (SELECT 1 FROM items i WHERE i.id = g.item_id AND i.deleted_at IS NOT NULL)"
                " ORDER BY at DESC, item_id",
                (subscription_id,),
            ):
                found[item_id] = None
                if len(found) == limit + offset:
                    break
        return list(found)[offset:]

    def for_you(self, limit: int, offset: int) -> list[int]:
        """Unseen and not muted: the published order first, then what is not ranked yet, newest first."""
        muted, params = condition(self.db, Events(self.db).mutes())
        generation = int(self.db.value("SELECT value FROM settings WHERE key = 'ranking'") or 0)
        clause = f"AND EXISTS (SELECT 1 FROM items i WHERE i.id = r.item_id AND {muted})" if muted else ""
        ranked = _ids(
            self.db.rows(
                "SELECT r.item_id FROM ranking r WHERE r.generation = ?"
                f" AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = r.item_id) {clause}"
                " ORDER BY r.position LIMIT ?",
                (generation, *params, limit + offset),
            )
        )
        if len(ranked) < limit + offset:
            ranked += self.unranked(limit + offset - len(ranked), generation, muted, params)
        return ranked[offset:]

    def unranked(self, limit: int, generation: int, muted: str, params: tuple[str, ...]) -> list[int]:
        clause = f"AND {muted}" if muted else ""
        return _ids(
            self.db.rows(
                "SELECT i.id FROM items i WHERE i.deleted_at IS NULL"
                " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = i.id)"
                " AND NOT EXISTS (SELECT 1 FROM ranking r WHERE r.item_id = i.id AND r.generation = ?)"
                f" {clause} ORDER BY i.sort_at DESC, i.id DESC LIMIT ?",
                (generation, *params, limit),
            )
        )

    def candidates(self, limit: int) -> list[int]:
        """Ids worth ranking: unseen and not muted; three quarters by the last order, the rest the newest."""
        best = self.for_you(limit * 3 // 4, 0)
        muted, params = condition(self.db, Events(self.db).mutes())
        clause = f"AND {muted}" if muted else ""
        newest = _ids(
            self.db.rows(
                "SELECT i.id FROM items i WHERE i.deleted_at IS NULL"
                " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = i.id)"
                " AND i.id NOT IN (SELECT value FROM json_each(?))"
                f" {clause} ORDER BY i.sort_at DESC, i.id DESC LIMIT ?",
                (json.dumps(best), *params, limit - len(best)),
            )
        )
        return best + newest

    def count(self, view: View, *, subscription_id: int | None = None) -> int:
        """How many items a view has.

        For you counts everything unseen, muted or not (the exact list is `ids`).
        """
        if view == View.SEARCH:
            return 0
        if view in _MARKED:
            return int(self.db.value(f"SELECT count(*) FROM item_state WHERE {_MARKED[view]}"))
        if view == View.FOR_YOU:
            return int(
                self.db.value(
                    "SELECT (SELECT count(*) FROM items WHERE deleted_at IS NULL) - (SELECT count(*)"
                    " FROM item_state s"
                    " WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = s.item_id AND"
                    " i.deleted_at IS NOT NULL))"
                )
            )
        if subscription_id is not None:
            return int(
                self.db.value(
                    "SELECT count(DISTINCT item_id) FROM sightings WHERE subscription_id = ?",
                    (subscription_id,),
                )
            )
        return int(self.db.value("SELECT count(*) FROM items WHERE deleted_at IS NULL"))


def _ids(rows: list[Row]) -> list[int]:
    return [row[0] for row in rows]
