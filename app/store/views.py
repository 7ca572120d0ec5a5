"""The lists behind keys 1-7, as ids: the first page of 100,000 items costs about a millisecond."""

from __future__ import annotations

import json
import time

from penchant.app.types import View

from .condition import EVERYTHING, Condition
from .connection import Database, Row
from .events import Events
from .held import free
from .mutes import condition, of_few, of_many, unseen_and_muted
from .real import real

#: Up to so many places of an order, muted items are met one by one; beyond, they are all looked up first.
_PAGE = 1_000
_MARKED = {View.SAVED: "saved", View.LIKED: "liked", View.LATER: "later"}
#: What a model wrote is in no list of what was read.
_NO_DRAFT = real("item_id")


class Views:
    """Ids of each view, in its order."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def ids(
        self,
        view: View,
        *,
        subscription_id: int | None = None,
        limit: int = 200,
        offset: int = 0,
        now: float | None = None,
        folded: bool = False,
    ) -> list[int]:
        """Item ids of a view. `subscription_id` narrows Following (and any other list but For you) to
        one source. What was muted until `now` is back. `folded`: see `for_you`.
        """
        if view == View.SEARCH:
            return []
        if view == View.FOR_YOU:
            return self.for_you(limit, offset, now, folded=folded)
        if view in _MARKED:
            return self._marked(_MARKED[view], subscription_id, limit, offset)
        if subscription_id is not None:
            return self._of_source(subscription_id, limit, offset)
        return _ids(
            self.db.rows(
                f"SELECT id FROM items WHERE deleted_at IS NULL AND {free('id')} ORDER BY sort_at DESC, id DESC LIMIT"
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
                f"SELECT item_id FROM item_state s WHERE {mark} AND {_NO_DRAFT} {source}"
                f" ORDER BY {mark}_at DESC, item_id DESC LIMIT ? OFFSET ?",
                tuple(params),
            )
        )

    def _of_source(self, subscription_id: int, limit: int, offset: int) -> list[int]:
        """An item that a source brought twice (two boosts) stands at its newest arrival."""
        found: dict[int, None] = {}
        with self.db.failures():
            for (item_id,) in self.db.apsw.execute(
                f"SELECT item_id FROM sightings g WHERE subscription_id = ? AND {free('item_id')} AND NOT EXISTS"
                " (SELECT 1 FROM items i WHERE i.id = g.item_id AND i.deleted_at IS NOT NULL)"
                " ORDER BY at DESC, item_id",
                (subscription_id,),
            ):
                found[item_id] = None
                if len(found) == limit + offset:
                    break
        return list(found)[offset:]

    def _shown(self, now: float | None) -> Condition:
        """What is not muted, as a condition on `items i`."""
        return condition(self.db, Events(self.db).mutes(), time.time() if now is None else now)

    def for_you(self, limit: int, offset: int, now: float | None = None, *, folded: bool = False) -> list[int]:
        """Unseen and not muted: the published order first, then what is not ranked yet, newest first.

        Items that stand behind another one of their story are left out, unless `folded`.
        """
        shown = self._shown(now)
        found = of_few(shown, "r.item_id") if limit + offset <= _PAGE else of_many(shown, "r.item_id")
        alone = EVERYTHING if folded else _alone(of_few(shown, "r.leader"))
        generation = int(self.db.value("SELECT value FROM settings WHERE key = 'ranking'") or 0)
        ranked = _ids(
            self.db.rows(
                "SELECT r.item_id FROM ranking r WHERE r.generation = ?"
                " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = r.item_id)"
                f" AND {found.sql} AND {alone.sql} AND {free('r.item_id')} ORDER BY r.position LIMIT ?",
                (generation, *found.params, *alone.params, limit + offset),
            )
        )
        if len(ranked) < limit + offset:
            ranked += self._unranked(limit + offset - len(ranked), generation, shown)
        return ranked[offset:]

    def _unranked(self, limit: int, generation: int, shown: Condition) -> list[int]:
        found = of_few(shown, "n.id") if limit <= _PAGE else of_many(shown, "n.id")
        return _ids(
            self.db.rows(
                "SELECT n.id FROM items n WHERE n.deleted_at IS NULL AND n.id NOT IN (SELECT item_id FROM dropped)"
                " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = n.id)"
                " AND NOT EXISTS (SELECT 1 FROM ranking r WHERE r.item_id = n.id AND r.generation = ?)"
                f" AND {found.sql} AND {free('n.id')} ORDER BY n.sort_at DESC, n.id DESC LIMIT ?",
                (generation, *found.params, limit),
            )
        )

    def candidates(self, limit: int, now: float | None = None) -> list[int]:
        """Ids worth ranking: unseen and not muted; three quarters by the last order, the rest the newest."""
        best = self.for_you(limit * 3 // 4, 0, now, folded=True)
        found = of_many(self._shown(now), "n.id")
        newest = _ids(
            self.db.rows(
                "SELECT n.id FROM items n WHERE n.deleted_at IS NULL AND n.id NOT IN (SELECT item_id FROM dropped)"
                " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = n.id)"
                " AND n.id NOT IN (SELECT value FROM json_each(?))"
                f" AND {found.sql} AND {free('n.id')} ORDER BY n.sort_at DESC, n.id DESC LIMIT ?",
                (json.dumps(best), *found.params, limit - len(best)),
            )
        )
        return best + newest

    def _muted(self, now: float | None) -> int:
        """How many unseen items are muted: about 20 ms for 100,000."""
        shown = self._shown(now)
        if not shown:
            return 0
        asked = unseen_and_muted(shown)
        return int(self.db.value(asked.sql, asked.params))

    def count(self, view: View, *, subscription_id: int | None = None, now: float | None = None) -> int:
        """How many items a view has."""
        if view == View.SEARCH:
            return 0
        if view in _MARKED:
            return int(self.db.value(f"SELECT count(*) FROM item_state WHERE {_MARKED[view]} AND {_NO_DRAFT}"))
        if view == View.FOR_YOU:
            unseen = int(
                self.db.value(
                    "SELECT (SELECT count(*) FROM items WHERE deleted_at IS NULL) - (SELECT count(*)"
                    " FROM item_state s"
                    " WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = s.item_id AND"
                    " i.deleted_at IS NOT NULL))"
                    " - (SELECT count(*) FROM dropped WHERE item_id NOT IN (SELECT item_id FROM item_state))"
                )
            )
            return unseen - self._muted(now)
        if subscription_id is not None:
            return int(
                self.db.value(
                    "SELECT count(DISTINCT item_id) FROM sightings WHERE subscription_id = ?",
                    (subscription_id,),
                )
            )
        return int(self.db.value("SELECT count(*) FROM items WHERE deleted_at IS NULL"))


def _alone(shown: Condition) -> Condition:
    """Of rows `r` of the order: no unseen item (that is `shown`, not muted) stands before it."""
    return Condition(
        "(r.leader = 0 OR NOT EXISTS (SELECT 1 FROM ranking l WHERE l.item_id = r.leader"
        f" AND l.generation = r.generation AND {shown.sql}"
        " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = l.item_id)))",
        shown.params,
    )


def _ids(rows: list[Row]) -> list[int]:
    return [row[0] for row in rows]
