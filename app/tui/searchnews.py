"""What is new in saved searches: a few words on the status line, and a notification where the reader wished for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.store.collections import key

from . import knock, words

if TYPE_CHECKING:
    from penchant.app.store import Store

    from .app import PenchantApp


class Entry(NamedTuple):
    """A saved search with news: its name, how many, and the newest of them."""

    name: str
    fresh: int
    newest: int


class News:
    """`words` is what the status line says, "" where nothing is new."""

    def __init__(self, app: PenchantApp) -> None:
        self._app = app
        self._told: dict[str, int] | None = None
        self.words = ""

    async def look(self) -> None:
        """See what is new. What was so already when the window opened is on the status line and no notification."""
        entries = await self._app.bridge.reader.do(_read)
        self.words = said(entries, next(iter(self._app.keys["searches"]), ""))
        before, self._told = self._told, {each.name: each.newest for each in entries}
        fresh = [each for each in entries if before is not None and each.newest > before.get(each.name, 0)]
        if fresh and self._app.config.notify == "terminal":
            self._knock(said(fresh, ""))
        self._app.refresh_aside()

    def _knock(self, text: str) -> None:
        driver = self._app._driver
        if driver is not None:
            driver.write(knock.notification(text, os.environ))


def said(entries: list[Entry], command_key: str) -> str:
    """The news in words: of one search, or of how many."""
    if not entries:
        return ""
    total = f"{sum(each.fresh for each in entries):,} new"
    name = words.fit(words.one_line(entries[0].name), 24).rstrip()
    where = f"'{name}'" if len(entries) == 1 else f"{len(entries)} searches"
    return f"{total} for {where}" + (f": {command_key}" if command_key else "")


def _read(store: Store) -> list[Entry]:
    news = store.saved.news()
    if not news:
        return []
    held = {key(each.name): each.name for each in store.saved.all() if each.notify}
    return [Entry(held[folded], len(ids), ids[0]) for folded, ids in news.items() if folded in held]
