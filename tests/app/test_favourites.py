"""Likes are passed on to Mastodon only where wished, only from then on, and taken back with undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import mastodon
from penchant.adapters.base import Item, NotFound, Page, Unreachable
from penchant.app.favourites import pass_on
from penchant.app.store import Store
from penchant.app.sync import inline
from penchant.app.types import Event, View


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="worker") as opened:
        settings = {"address": "https://social.example", "timeline": "home", "account": "me@social.example"}
        number = opened.subscriptions.add("mastodon", "mastodon:social.example/home", settings=settings)
        items = tuple(
            Item(
                f"https://other.example/{n}", f"https://other.example/@a/{n}", text=f"post number {n} " * 9,
                extra={"instance": "social.example", "id": str(n)},
            )
            for n in range(4)
        )  # fmt: skip
        opened.items.put_page(number, Page(items, {}), 1.0)
        feed = opened.subscriptions.add("rss", "https://x.example/feed")
        opened.items.put_page(feed, Page((Item("r", "https://x.example/r", title="no post at all"),), {}), 1.0)
        yield opened


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the servers were told; an exception put into `fail` is raised once."""
    calls: list[tuple[str, str]] = []

    def tell(verb: str) -> Any:
        async def call(client: Any, settings: Any, native_id: str, extra: Any) -> None:
            assert settings["account"] == "me@social.example"
            if FAIL:
                raise FAIL.pop()
            calls.append((verb, extra["id"]))

        return call

    monkeypatch.setattr(mastodon, "favourite", tell("+"))
    monkeypatch.setattr(mastodon, "unfavourite", tell("-"))
    FAIL.clear()
    return calls


FAIL: list[Exception] = []


def item(store: Store, n: int) -> int:
    number = store.items.by_native("mastodon", f"https://other.example/{n}")
    assert number is not None
    return number


async def go(store: Store) -> None:
    await pass_on(inline(store), None)  # type: ignore[arg-type]


async def test_likes_from_now_on_and_their_undoing(store: Store, told: list[tuple[str, str]]) -> None:
    old, new = Event("like", item(store, 0)), Event("like", item(store, 1))
    store.events.append([old])
    await go(store)
    assert told == [], "what was liked before the switch stays private"
    rss = next(n for n in store.items.ids(View.NEWEST) if store.items.cards([n])[0].kind == "rss")
    skip, save = Event("skip", item(store, 2)), Event("save", item(store, 3))
    store.events.append([new, skip, Event("like", rss), save])
    await go(store)
    await go(store)
    assert told == [("+", "1")]
    store.events.append([Event("undo", item(store, 1), undoes=new.id)])
    await go(store)
    assert told == [("+", "1"), ("-", "1")]


async def test_out_of_reach_waits_and_refused_does_not(store: Store, told: list[tuple[str, str]]) -> None:
    await go(store)
    store.events.append([Event("like", item(store, 0)), Event("like", item(store, 1))])
    FAIL.append(Unreachable("no network"))
    await go(store)
    assert told == []
    await go(store)
    assert told == [("+", "0"), ("+", "1")]
    store.events.append([Event("like", item(store, 2)), Event("like", item(store, 3))])
    FAIL.append(NotFound("post gone"))
    await go(store)
    assert told[2:] == [("+", "3")]
