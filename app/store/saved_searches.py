"""The reader's saved searches, as "saved-search" events say, and what is new in them.

The last live event about a name holds, so undo works and what two machines did comes together. Names are the same
whatever the case of their letters. News (`search_news`) are derived: the worker adds them, looking clears them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from penchant.app.errors import PenchantError, UsageError
from penchant.app.types import Event

from . import collections
from .collections import key
from .connection import Database
from .query import MAX_LENGTH, parse

#: The whole WHERE of the partial index `events_kept`, word by word, or SQLite would not use it.
_KEPT = "kind IN ('collect', 'saved-search', 'find', 'interest') AND kind = 'saved-search'"
_LIVE = (
    "SELECT value ->> 'name', value ->> 'query', value ->> 'notify', value ->> 'gone', at FROM events e"
    f" WHERE {_KEPT} AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo')"
    " ORDER BY clock, id"
)
#: What the reader saw elsewhere meanwhile is no news.
_NEWS = (
    "SELECT n.search, n.item_id FROM search_news n CROSS JOIN items i ON i.id = n.item_id WHERE i.deleted_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = n.item_id AND z.seen) ORDER BY n.item_id DESC"
)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A query under a name. `since` (Unix seconds): what came from then on is news, None where none is wished for."""

    name: str
    query: str
    notify: bool = False
    at: float = 0.0
    since: float | None = None
    news: int = 0


class SavedSearches:
    """`store.saved`."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def all(self) -> list[SavedSearch]:
        """Every saved search with the number of its news, by name."""
        held: dict[str, SavedSearch] = {}
        for name, query, notify, gone, at in self._words():
            before = held.pop(key(name), None)
            if gone:
                continue
            since = None
            if notify:
                same = before is not None and before.query == query
                since = before.since if same and before is not None and before.since is not None else at
            held[key(name)] = SavedSearch(name, query, notify, at, since)
        news = self.news()
        found = [replace(each, news=len(news.get(folded, ()))) for folded, each in held.items()]
        return sorted(found, key=lambda each: (key(each.name), each.name))

    def get(self, name: str) -> SavedSearch | None:
        """The saved search of exactly this name."""
        return next((each for each in self.all() if key(each.name) == key(name)), None)

    def named(self, text: str) -> SavedSearch:
        """The one that a reader means, by its name or as the only one that begins so.

        Raises `PenchantError` where there is none.
        """
        saved = self.all()
        found = [each for each in saved if key(each.name) == key(text)] or [
            each for each in saved if key(text) and key(each.name).startswith(key(text))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise PenchantError(
                f"more than one saved search begins with {text}", hint=", ".join(each.name for each in found[:5])
            )
        raise PenchantError(f"there is no saved search {text}", hint="`penchant searches` shows those there are.")

    def begun(self, text: str) -> list[SavedSearch]:
        """Those whose name begins like what was typed, from two letters on."""
        folded = key(text)
        return [each for each in self.all() if key(each.name).startswith(folded)] if len(folded) > 1 else []

    def news(self) -> dict[str, list[int]]:
        """Unseen items that are new, the newest first, by `key` of the search's name."""
        found: dict[str, list[int]] = {}
        for folded, item_id in self.db.rows(_NEWS):
            found.setdefault(folded, []).append(int(item_id))
        return found

    def looked(self, name: str) -> bool:
        """The reader looks at it: nothing in it is new any more. Says whether something was; else it writes nothing."""
        if self.db.row("SELECT 1 FROM search_news WHERE search = ?", (key(name),)) is None:
            return False
        with self.db.urgent():
            self.db.run("DELETE FROM search_news WHERE search = ?", (key(name),))
        return True

    def _words(self) -> Iterator[tuple[str, str, bool, bool, float]]:
        for name, query, notify, gone, at in self.db.rows(_LIVE):
            if isinstance(name, str) and key(name) and (gone or isinstance(query, str)):
                yield name, str(query or ""), bool(notify), bool(gone), float(at)


def keep(name: str, query: str, *, notify: bool = False, gone: bool = False, **more: Any) -> Event:
    """The event that saves a search, changes it, or with `gone` removes it."""
    return Event("saved-search", None, {"name": name, "query": query, "notify": notify, "gone": gone}, **more)


def called(text: str) -> str:
    """A name as it is kept. Raises `UsageError` for what can be none."""
    try:
        return collections.called(text)
    except UsageError as error:
        hint = f"Up to {collections.LONGEST} characters, such as: rust compilers"
        raise UsageError("this is no name for a saved search", hint=hint) from error


def asked(text: str) -> str:
    """A query as it is kept: one line. Raises `UsageError` where it asks for nothing, or is too long."""
    query = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    if not parse(query):
        raise UsageError("there is nothing to search for", hint="A saved search needs words or filters.")
    if len(query) > MAX_LENGTH:
        raise UsageError(f"a query has up to {MAX_LENGTH} characters")
    return query


def announces(query: str) -> bool:
    """Whether new items can be told to belong to it: `like:` alone leaves nothing out."""
    found = parse(query)
    return bool(found.clauses or found.filters or found.near or found.look)
