"""Threads as their servers have them: a small cache that expires. Never in the feed, never ranked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from penchant.app.types import Reply, Subscription, Thread

from .connection import Database
from .subscriptions import Subscriptions

#: Kinds of source whose adapters can fetch what surrounds an item, and how the ids of such items begin.
KINDS = {
    "mastodon": "", "hackernews": "", "github": "github:issue:", "reddit": "", "lobsters": "", "lemmy": "",
    "bluesky": "at://",
}  # fmt: skip
#: Bounds of what is kept: replies of a thread, characters of one, threads, and how long (seconds).
MOST_REPLIES, MOST_TEXT, MOST_THREADS, KEPT = 200, 4_000, 200, 7 * 86_400.0
#: So long nobody asks again: a thread, and a failure.
FRESH, FRESH_FAILURE = 600.0, 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What an adapter needs to fetch the thread of an item."""

    kind: str
    settings: Mapping[str, Any]
    native_id: str
    in_reply_to: str
    extra: Mapping[str, Any]


class Threads:
    """`store.threads`: written by the worker, read by the article view."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def get(self, item_id: int) -> Thread | None:
        """What was fetched last, however old."""
        row = self.db.row(
            "SELECT replies, fetched_at, error, hint FROM threads WHERE item_id = ?", (item_id,)
        )
        if row is None:
            return None
        return Thread(tuple(Reply(**reply) for reply in json.loads(row[0])), *row[1:])

    def wanted(self, item_id: int, now: float) -> bool:
        """Whether the item has a thread to fetch, and what is there is missing or old."""
        known = self.db.row("SELECT fetched_at, error FROM threads WHERE item_id = ?", (item_id,))
        if known is not None and 0 <= now - known[0] < (FRESH_FAILURE if known[1] else FRESH):
            return False
        return self.asked(item_id) is not None

    def asked(self, item_id: int) -> Asked | None:
        """How to ask for an item's thread; None where it has none, or nobody to ask.

        A joined item may have it under its other name: the discussion of a feed's article.
        """
        names = self.db.rows(
            "SELECT a.kind, a.native_id, i.kind = a.kind AND i.native_id = a.native_id, i.in_reply_to, i.extra"
            " FROM aliases a JOIN items i ON i.id = a.item_id WHERE a.item_id = ?"
            " AND a.kind IN (SELECT value FROM json_each(?)) ORDER BY 3 DESC, a.kind, a.native_id",
            (item_id, json.dumps(list(KINDS))),
        )
        for kind, native_id, own, in_reply_to, extra in names:
            found = self._whom(item_id, kind, native_id) if native_id.startswith(KINDS[kind]) else None
            if found is not None:
                known = json.loads(extra) if own and extra else {}
                return Asked(kind, found.settings, native_id, in_reply_to if own else "", known)
        return None

    def _whom(self, item_id: int, kind: str, native_id: str) -> Subscription | None:
        """The subscription that brought it, one with an account first; else any of its kind."""
        brought = {
            row[0]
            for row in self.db.rows(
                "SELECT subscription_id FROM sightings WHERE item_id = ? AND native_id = ?",
                (item_id, native_id),
            )
        }
        mine = [s for s in Subscriptions(self.db).all() if s.kind == kind]
        mine.sort(key=lambda s: (s.id not in brought, not s.settings.get("account"), s.id))
        return mine[0] if mine else None

    def put(self, item_id: int, thread: Thread) -> None:
        """Keep a thread, within the bounds; a failure keeps the replies that were there before."""
        replies = [asdict(reply) for reply in thread.replies[:MOST_REPLIES]]
        for reply in replies:
            reply["text"] = reply["text"][:MOST_TEXT]
        with self.db.write():
            self.db.run(
                "INSERT INTO threads(item_id, fetched_at, error, hint, replies) SELECT ?1, ?2, ?3, ?4, ?5"
                " WHERE EXISTS (SELECT 1 FROM items WHERE id = ?1)"
                " ON CONFLICT(item_id) DO UPDATE SET fetched_at = ?2, error = ?3, hint = ?4,"
                " replies = iif(?3 = '', ?5, replies)",
                (item_id, thread.fetched_at, thread.error, thread.hint, json.dumps(replies)),
            )
            self.db.run(
                "DELETE FROM threads WHERE fetched_at < ? OR item_id NOT IN"
                " (SELECT item_id FROM threads ORDER BY fetched_at DESC LIMIT ?)",
                (thread.fetched_at - KEPT, MOST_THREADS),
            )
