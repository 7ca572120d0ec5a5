"""The active sentence space: switched in one commit, and never one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.store.spaces import active_sentence_space


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def test_none_is_active_until_one_is_chosen_and_others_see_it(store: Store) -> None:
    assert store.vectors.sentence() is None
    store.vectors.put("gguf:a", [(b"h", np.ones(3, "<f4").tobytes())])
    assert store.vectors.sentence() is None
    store.vectors.use_sentence("gguf:a")
    with Store.open(store.path) as other:
        space = other.vectors.sentence()
        assert space is not None and (space.name, space.dim, space.count) == ("gguf:a", 3, 1)
    assert active_sentence_space(store.db) == ("gguf:a", 3)
    store.vectors.use_sentence(None)
    assert store.vectors.sentence() is None
    assert [space.name for space in store.vectors.spaces()] == ["gguf:a"]


def test_a_space_that_is_not_there_cannot_be_active(store: Store) -> None:
    store.vectors.put("gguf:a", [(b"h", np.ones(3, "<f4").tobytes())])
    store.vectors.use_sentence("gguf:a")
    with pytest.raises(ValueError, match="gguf:b"):
        store.vectors.use_sentence("gguf:b")
    assert active_sentence_space(store.db) == ("gguf:a", 3)
    store.vectors.drop("gguf:a")
    assert store.vectors.sentence() is None and active_sentence_space(store.db) is None


def test_a_search_never_mixes_the_bundled_vectors_with_a_model_of_the_same_length(store: Store) -> None:
    subscription = store.subscriptions.add("rss", "https://feed.example/")
    items = tuple(
        Item(native_id=text, url=f"https://feed.example/{text}", title=text) for text in ("owl", "tram")
    )
    owl, tram = store.items.put_page(subscription, Page(items, {}), 1_700_000_000.0).item_ids
    known = store.items.hashes([owl, tram])
    east, north = np.eye(2, dtype="<f4")
    store.vectors.put("bundled", [(known[owl], east.tobytes())])
    store.vectors.put("gguf:m", [(known[owl], north.tobytes()), (known[tram], east.tobytes())])
    store.vectors.set_complete("gguf:m")
    hits = store.search.search("bird", embed=lambda _: east).hits
    assert [hit.item_id for hit in hits] == [owl]
