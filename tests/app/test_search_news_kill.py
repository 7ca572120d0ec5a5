"""kill -9 of a worker that tells of news in saved searches: nothing is told twice, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.store.saved_searches import keep
from penchant.app.store.search_news import THROUGH


def test_killed_workers_tell_of_everything_once(home: Path, cli: Any, until: Callable[..., None]) -> None:
    (home / "data").mkdir()
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('[models]\nsentence = ""\npicture = ""\njudge = ""\n')
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        store.subscriptions.pause(source, True)
        store.events.append([keep("owls", "owl forest", notify=True)])
        looked: set[int] = set()
        for turn in range(3):
            wanted = {
                item_id
                for n in range(40)
                for item_id in store.items.put_page(source, Page((item(turn, n),), {}), time.time()).item_ids
                if n % 2 == 0
            }
            child = cli.start("worker")
            if turn < 2:
                until(lambda: store.saved.news().get("owls") or store.changes.count() < 40)
                child.kill()
                child.communicate()
            last = int(store.db.value("SELECT max(id) FROM items"))
            if turn == 2:
                until(lambda: int(store.control.setting(THROUGH, 0)) == last)  # noqa: B023
                child.terminate()
                child.communicate(timeout=30)
            news = set(store.saved.news().get("owls", ()))
            assert not news & looked, "told of again"
            assert turn < 2 or wanted <= news
            looked |= news
            store.saved.looked("owls")
        every = {row[0] for row in store.db.rows("SELECT id FROM items WHERE title LIKE '%owl%'")}
        assert looked == every


def item(turn: int, n: int) -> Item:
    title = f"An owl of the forest {turn} {n}" if n % 2 == 0 else f"An ox in town {turn} {n}"
    return Item(native_id=f"{turn}-{n}", url=f"https://feed.example/{turn}/{n}", title=title)
