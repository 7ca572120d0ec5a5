"""The cache of threads: bounded, expiring, and no part of any list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store, threads
from penchant.app.types import Reply, Thread, View


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def add(store: Store, kind: str, address: str, *items: Item, **settings: str) -> list[int]:
    number = store.subscriptions.add(kind, address, settings={"address": address, **settings})
    return store.items.put_page(number, Page(items, {}), 1000.0).item_ids


def reply(n: int, text: str = "") -> Reply:
    return Reply(f"Author {n}", text or f"reply {n}", f"https://x.example/{n}", 5.0, 1, n % 3)


def test_a_thread_comes_back_and_stays_out_of_every_list(store: Store) -> None:
    (item,) = add(store, "hackernews", "hackernews:top", Item("hn:1", "https://a.example/1", "A story"))
    assert store.threads.get(item) is None and store.threads.wanted(item, 2000.0)
    thread = Thread((reply(1), reply(2)), 2000.0)
    store.threads.put(item, thread)
    assert store.threads.get(item) == thread
    assert store.items.ids(View.NEWEST) == [item] and store.items.count(View.FOR_YOU) == 1
    assert store.search.search("reply").hits == ()


def test_asked_again_when_old_and_sooner_after_a_failure(store: Store) -> None:
    (item,) = add(store, "hackernews", "hackernews:top", Item("hn:1", "https://a.example/1", "A story"))
    store.threads.put(item, Thread((reply(1),), 2000.0))
    assert not store.threads.wanted(item, 2000.0 + threads.FRESH - 1)
    assert store.threads.wanted(item, 2000.0 + threads.FRESH + 1)
    store.threads.put(item, Thread((), 3000.0, "no network", "try later"))
    kept = store.threads.get(item)
    assert kept is not None and kept.error == "no network" and kept.replies == (reply(1),)
    assert store.threads.wanted(item, 3000.0 + threads.FRESH_FAILURE + 1)


def test_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MOST_THREADS", 3)
    monkeypatch.setattr(threads, "KEPT", 100.0)
    items = [Item(f"hn:{n}", f"https://a.example/{n}", f"Story {n} {n * 31}") for n in range(6)]
    ids = add(store, "hackernews", "hackernews:top", *items)
    store.threads.put(ids[0], Thread(tuple(reply(n, "long " * 5_000) for n in range(900)), 1.0))
    first = store.threads.get(ids[0])
    assert first is not None and len(first.replies) == threads.MOST_REPLIES
    assert max(len(each.text) for each in first.replies) == threads.MOST_TEXT
    for n, item in enumerate(ids[1:5]):
        store.threads.put(item, Thread((), 10.0 + n))
    assert [i for i in ids if store.threads.get(i)] == ids[2:5]
    store.threads.put(ids[5], Thread((), 200.0))
    assert [i for i in ids if store.threads.get(i)] == ids[5:]
    store.threads.put(99, Thread((), 300.0))
    assert store.threads.get(99) is None


def test_whom_to_ask(store: Store) -> None:
    """The item's own source, the discussion of a joined article, nobody for a plain feed."""
    story = Item("hn:7", "https://a.example/long-story", "A long story", comments_url="https://hn.example/7")
    article = Item("guid-7", "https://a.example/long-story", "A long story", text="All of it. " * 40)
    (plain, joined) = add(store, "rss", "https://a.example/feed",
                          Item("guid-1", "https://a.example/other", "Another"), article)  # fmt: skip
    assert store.threads.asked(plain) is None and not store.threads.wanted(plain, 1.0)
    assert store.threads.asked(joined) is None
    assert add(store, "hackernews", "hackernews:top", story) == [joined]
    asked = store.threads.asked(joined)
    assert asked is not None and (asked.kind, asked.native_id) == ("hackernews", "hn:7")
    post = Item("https://far.example/1", "https://far.example/@a/1", text="words " * 20,
                in_reply_to="https://far.example/0", extra={"instance": "h.example", "id": "9"})  # fmt: skip
    (mine,) = add(store, "mastodon", "mastodon:h.example/home", post, account="me@h.example")
    add(store, "mastodon", "mastodon:other.example/local")
    asked = store.threads.asked(mine)
    assert asked is not None and asked.settings["account"] == "me@h.example"
    assert asked.extra["id"] == "9" and asked.in_reply_to == "https://far.example/0"
