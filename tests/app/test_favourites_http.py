"""The worker passes likes on to a real server over HTTP, and only those made while the switch is on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import Item, Page
from penchant.adapters.mastodon_api import token_key
from penchant.app.store import Store
from penchant.app.types import Event

Until = Callable[..., None]


@pytest.fixture
def store(home: Path, server: Any) -> Any:
    """Four posts on the reader's timeline; a server that takes favourites."""
    host = f"127.0.0.1:{server.port}"
    secrets.set(token_key(f"me@{host}"), "the-token")
    with Store.open(home / "data" / "archive.db", role="cli") as opened:
        settings = {"address": f"http://{host}", "timeline": "home", "account": f"me@{host}"}
        number = opened.subscriptions.add("mastodon", f"mastodon:http://me@{host}/home", settings=settings)
        opened.subscriptions.pause(number, True)
        items = tuple(
            Item(f"https://far.example/{n}", f"https://far.example/@a/{n}", text=f"post number {n} " * 9,
                 extra={"instance": host, "id": str(n)})
            for n in range(4)
        )  # fmt: skip
        opened.items.put_page(number, Page(items, {}), 1.0)
        for n in range(4):
            for verb in ("favourite", "unfavourite"):
                server.route(f"/api/v1/statuses/{n}/{verb}", json.dumps({"id": str(n)}))
        yield opened


def switch(home: Path, on: bool) -> None:
    (home / "config").mkdir(exist_ok=True)
    text = f"[mastodon]\nfavourite_likes = {str(on).lower()}\n"
    (home / "config" / "config.toml").write_text(text)


def item(store: Store, n: int) -> int:
    number = store.items.by_native("mastodon", f"https://far.example/{n}")
    assert number is not None
    return number


def told(server: Any) -> list[tuple[str, str]]:
    assert all(request.headers["authorization"] == "Bearer the-token" for request in server.requests)
    return [(r.path.split("/")[-2], r.path.split("/")[-1]) for r in server.requests if r.method == "POST"]


def test_only_likes_made_while_it_is_on(
    home: Path, store: Store, server: Any, cli: Any, until: Until
) -> None:
    switch(home, True)
    store.events.append([Event("like", item(store, 0))])
    child = cli.start("worker")
    until(lambda: store.control.setting("favourites") is not None)
    like = Event("like", item(store, 1))
    store.events.append([like])
    until(lambda: told(server) == [("1", "favourite")])
    store.events.append([Event("undo", item(store, 1), undoes=like.id)])
    until(lambda: told(server) == [("1", "favourite"), ("1", "unfavourite")])
    child.terminate()
    assert child.wait(15) == 0

    switch(home, False)
    child = cli.start("worker")
    until(lambda: store.control.setting("favourites") is None)
    store.events.append([Event("like", item(store, 2))])
    child.terminate()
    assert child.wait(15) == 0

    switch(home, True)
    cli.start("worker")
    until(lambda: store.control.setting("favourites") is not None)
    store.events.append([Event("like", item(store, 3))])
    until(lambda: ("3", "favourite") in told(server))
    assert told(server)[2:] == [("3", "favourite")], "what was liked while it was off stays private"
