"""Word statistics: blobs that belong to texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


@pytest.fixture
def ids(store: Store) -> list[int]:
    subscription = store.subscriptions.add("rss", "https://feed.example/")
    items = tuple(
        Item(
            native_id=str(n),
            url=f"https://feed.example/{n}",
            title=text,
            tags=("space", "news") if n == 2 else (),
        )
        for n, text in enumerate(["alike", "alike", "another"])
    )
    return store.items.put_page(subscription, Page(items, {}), 1_700_000_000.0).item_ids


def test_equal_texts_share_one_blob(store: Store, ids: list[int]) -> None:
    missing = store.features.missing()
    assert [(row[0], row[2], row[4]) for row in missing] == [
        (ids[0], "alike", ()),
        (ids[2], "another", ("space", "news")),
    ]
    assert len(store.features.missing(1)) == 1
    assert [row[0] for row in store.features.missing(item_ids=ids[1:2])] == [ids[1]]
    store.features.put([(row[1], row[2].encode()) for row in missing])
    assert store.features.get([*ids, 10**9]) == {ids[0]: b"alike", ids[1]: b"alike", ids[2]: b"another"}
    assert store.features.missing() == [] and store.features.count() == 2
    assert store.features.get([]) == {}


def test_a_newer_blob_replaces_the_older(store: Store, ids: list[int]) -> None:
    key = store.items.hashes(ids)[ids[0]]
    store.features.put([(key, b"old")])
    store.features.put([(key, b"new")])
    assert store.features.get(ids[:1]) == {ids[0]: b"new"}


def test_blobs_of_another_encoder_are_dropped_once(store: Store, ids: list[int]) -> None:
    store.features.require("words-1")
    store.features.put([(store.items.hashes(ids)[ids[0]], b"old")])
    assert not store.features.require("words-1") and store.features.count() == 1
    assert store.features.require("words-2") and store.features.count() == 0
    assert store.features.version() == "words-2"


def test_prune_forgets_texts_that_are_gone(store: Store, ids: list[int]) -> None:
    store.features.put([(b"x" * 16, b"gone"), (store.items.hashes(ids)[ids[0]], b"here")])
    assert store.features.prune() == 1
    assert store.features.get(ids) == {ids[0]: b"here", ids[1]: b"here"}
