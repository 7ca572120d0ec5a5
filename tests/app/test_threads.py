"""Threads: put in reading order; fetched by the worker from real servers on loopback when a window asks."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Page
from penchant.app.store import Store
from penchant.app.threads import arrange
from penchant.app.types import Thread, View

Until = Callable[..., None]


def item(name: int, parent: int | None) -> Item:
    return Item(f"n{name}", f"https://x.example/{name}", text=str(name),
                in_reply_to="" if parent is None else f"n{parent}")  # fmt: skip


@given(st.lists(st.one_of(st.none(), st.integers(-1, 12)), max_size=12), st.integers(-1, 12))
def test_every_reply_once_and_after_what_it_answers(parents: list[int | None], answers: int) -> None:
    """Item -1 is the one opened; parents may be missing or form circles."""
    items = [item(n, parent) for n, parent in enumerate(parents)]
    replies = arrange("n-1", f"n{answers}", items)
    names = [int(reply.text) for reply in replies]
    assert sorted(names) == list(range(len(parents)))
    at = {name: place for place, name in enumerate(names)}
    depth = {int(reply.text): reply.depth for reply in replies}
    for name, parent in enumerate(parents):
        if depth[name]:
            assert parent is not None and at[parent] < at[name]
            assert depth[name] == (depth[parent] or 0) + 1
    above = [name for name in names if depth[name] is None]
    assert names[: len(above)] == above
    for older, newer in itertools.pairwise(above):
        assert parents[newer] == older


def status(number: int, parent: int | None, host: str) -> dict[str, Any]:
    who = {"id": "1", "username": "ada", "acct": "ada", "display_name": "Ada", "url": f"http://{host}/@ada"}
    return {
        "id": str(number), "uri": f"https://far.example/{number}", "url": f"https://far.example/@a/{number}",
        "created_at": "2026-03-01T00:00:00.000Z", "account": who, "content": f"<p>status {number}</p>",
        "in_reply_to_id": None if parent is None else str(parent), "in_reply_to_account_id": None,
        "visibility": "public", "media_attachments": [], "tags": [], "mentions": [], "emojis": [],
    }  # fmt: skip


@pytest.fixture
def store(home: Path) -> Any:
    with Store.open(home / "data" / "archive.db", role="cli") as opened:
        yield opened


def follow(store: Store, kind: str, settings: dict[str, Any], *items: Item) -> list[int]:
    number = store.subscriptions.add(kind, settings["address"], settings=settings)
    store.subscriptions.pause(number, True)
    return store.items.put_page(number, Page(items, {}), time.time()).item_ids


def test_the_worker_fetches_what_a_window_asks_for(store: Store, server: Any, cli: Any, until: Until) -> None:
    host = f"127.0.0.1:{server.port}"
    post = Item("https://far.example/5", "https://far.example/@a/5", text="the post " * 9,
                in_reply_to="https://far.example/4", extra={"instance": host, "id": "5"})  # fmt: skip
    gone = Item("https://far.example/6", "https://far.example/@a/6", text="deleted since " * 9,
                extra={"instance": host, "id": "6"})  # fmt: skip
    mine, lost = follow(store, "mastodon", {"address": f"http://{host}", "timeline": "local"}, post, gone)
    story = Item("hn:1", "https://a.example/1", "A story", author=Author("hn:x", "x"))
    hn = {"address": "hackernews:top", "api": server.url("/v0"), "algolia": server.url("/api/v1")}
    (news,) = follow(store, "hackernews", hn, story)
    server.route("/api/v1/statuses/5/context", json.dumps({
        "ancestors": [status(3, None, host), status(4, 3, host)],
        "descendants": [status(7, 5, host), status(8, 7, host), status(9, 5, host)],
    }))  # fmt: skip
    comment = {"id": 2, "parent_id": 1, "type": "comment", "text": "first", "author": "y", "created_at_i": 9}
    inner = {**comment, "id": 3, "parent_id": 2, "text": "inner"}
    server.route("/api/v1/items/1", json.dumps({"id": 1, "children": [{**comment, "children": [inner]}]}))
    cli.start("worker")
    for number in (mine, lost, news, 12345):
        store.control.request("thread", {"item_id": number})
    store.control.request("thread", {"item_id": "nonsense"})

    def thread(number: int) -> Thread:
        until(lambda: store.threads.get(number))
        found = store.threads.get(number)
        assert found is not None
        return found

    told = [(reply.text, reply.depth) for reply in thread(mine).replies]
    assert told == [
        ("status 3", None), ("status 4", None), ("status 7", 0), ("status 8", 1), ("status 9", 0)
    ]  # fmt: skip
    assert thread(mine).replies[0].author == "Ada"
    assert [(reply.text, reply.depth) for reply in thread(news).replies] == [("first", 0), ("inner", 1)]
    assert thread(lost).replies == () and thread(lost).error and thread(lost).hint
    assert store.items.count(View.NEWEST) == 3, "no reply enters the feed"
