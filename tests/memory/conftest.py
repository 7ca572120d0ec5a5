"""An archive with a history of three years."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.types import Event

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """Empty, for writing."""
    with Store.open(tmp_path / "archive.db", role="cli") as found:
        yield found


@pytest.fixture
def fill() -> Any:
    """fill(store, title, titles, at) -> ids of items that came at `at` (now by default)."""

    def put(store: Store, title: str, titles: list[str], at: float | None = None, **fields: Any) -> list[int]:
        at = time.time() if at is None else at
        address = f"https://example.org/{title}"
        known = [each for each in store.subscriptions.all() if each.address == address]
        number = known[0].id if known else store.subscriptions.add("rss", address, title, {"address": address})
        items = [
            Item(
                **{
                    "native_id": f"{title} {t}",
                    "url": f"{address}/{n}",
                    "title": t,
                    "text": f"About {t}.",
                    "published": at,
                    **fields,
                }
            )
            for n, t in enumerate(titles)
        ]
        return list(store.items.put_page(number, Page(tuple(items), {}), at).item_ids)

    return put


@pytest.fixture
def events() -> Any:
    """events(store, at, (kind, item), ...) appends events that happened at `at`."""

    def put(store: Store, at: float, *what: tuple[str, int], **value: Any) -> list[Event]:
        made = [Event(kind, item_id, dict(value), at=at + n) for n, (kind, item_id) in enumerate(what)]  # type: ignore[arg-type]
        store.events.append(made)
        return made

    return put
