"""Words that most items have: they narrow a search, and rank next to nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.store import Store, search_words
from penchant.app.types import Event

RARE = ["penguin", "harbour", "quartz", "lantern", "theatre", "thimble"]
FREQUENT = ["of", "and", "water"]
COUNT = 1_200


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """1,200 items: "the" in almost all, FREQUENT in a third each, RARE in one of twenty; two of three were seen."""
    chance = random.Random(5)

    def text() -> str:
        words = ["the"] * chance.randint(0, 9) + chance.choices(["sand", "stone", "wind"], k=chance.randint(1, 20))
        words += [word for word in FREQUENT if chance.random() < 0.33]
        words += [word for word in RARE if chance.random() < 0.05 for _ in range(chance.randint(1, 3))]
        chance.shuffle(words)
        return " ".join(words)

    with Store.open(tmp_path_factory.mktemp("common") / "archive.db", role="cli") as opened:
        sub = opened.subscriptions.add("rss", "https://a.example/feed")
        items = tuple(
            Item(f"n{n}", f"https://a.example/{n}", f"{n} {chance.choice(['the', 'a', *RARE])}", text(), None, 1e9 + n)
            for n in range(COUNT)
        )
        ids = opened.items.put_page(sub, Page(items, {}), 2e9).item_ids
        opened.events.append([Event("impression", item) for item in ids if chance.random() < 0.66])
        yield opened


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of 1,200 counts as large."""
    for name, value in (("ASKED", 64), ("COMMON", 40), ("FREQUENT", 8), ("COMPETING", 300), ("FILTERED", 100)):
        monkeypatch.setattr(search_words, name, value)


def found(store: Store, text: str, **options: bool) -> list[int]:
    return [hit.item_id for hit in store.search(text, limit=COUNT, **options).hits]


def plain(store: Store, words: list[str], unseen: bool, most: int) -> dict[int, float]:
    """The newest items that have all the words, with FTS5's own BM25."""
    test = "NOT EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = s.rowid AND z.seen)" if unseen else "1"
    weights = ", ".join(map(str, search_words.WEIGHTS))
    sql = f"SELECT s.rowid, bm25(search, {weights}) FROM search s WHERE search MATCH ? AND {test} ORDER BY rowid DESC"
    return dict(store.db.rows(f"{sql} LIMIT {most}", (" AND ".join(f'"{word}"' for word in words),)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["the", *FREQUENT, *RARE]), min_size=1, max_size=4, unique=True), st.booleans())
def test_items_and_order_are_those_of_bm25(store: Store, words: list[str], unseen: bool) -> None:
    ids = found(store, " ".join(words) + " is:unseen" * unseen)
    most = 100 if unseen else 300
    scores = plain(store, words, unseen, most)
    if not scores:  # then some words are enough
        return
    assert set(ids) == set(scores)
    if words == ["the"] and len(ids) == most:
        assert ids == sorted(ids, reverse=True)
    else:
        told = [scores[item] for item in ids]
        assert all(first <= second + 1e-3 for first, second in itertools.pairwise(told))


def test_three_letters_alone_rank_where_all_that_match_can_compete(store: Store) -> None:
    many, few = found(store, "the", typing=True), found(store, "qua", typing=True)
    assert len(many) == 300 and many == sorted(many, reverse=True)
    scores = plain(store, ["quartz"], False, COUNT)
    assert set(few) == set(scores) and few != sorted(few, reverse=True)
    assert [scores[item] for item in few] == sorted(scores.values())


def test_a_small_archive_is_ranked_by_every_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        sub = store.subscriptions.add("rss", "https://a.example/feed")
        items = tuple(Item(f"n{n}", "", "the" if n == 3 else "a", "the " + "stone " * n) for n in range(9))
        ids = store.items.put_page(sub, Page(items, {}), 2e9).item_ids
        assert found(store, "the")[0] == ids[3]
