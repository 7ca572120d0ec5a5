"""Opinions of a judge: the newest counts, equal texts share one, what came since is a query."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.store import Store

JUDGE = "gguf:Judge:0123456789ab"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


@pytest.fixture
def texts(store: Store) -> dict[int, bytes]:
    """Three items, the first two with the same text."""
    subscription = store.subscriptions.add("rss", "https://feed.example/")
    for n, title in enumerate(["alike", "alike", "another"]):
        item = Item(native_id=str(n), url=f"https://feed.example/{n}", title=title)
        store.items.put_page(subscription, Page((item,), {}), 1_780_000_000.0)
    return {int(row[0]): row[1] for row in store.db.rows("SELECT id, content_hash FROM items ORDER BY id")}


def test_an_opinion_belongs_to_a_text_and_the_newest_counts(store: Store, texts: dict[int, bytes]) -> None:
    last = max(texts)
    store.opinions.put(JUDGE, "likelihood", "8+8:a", {texts[last]: 0.25}, 10.0)
    store.opinions.put(JUDGE, "likelihood", "9+9:b", {texts[last]: -0.5}, 20.0)
    store.opinions.put(JUDGE, "yes", "9+9:b", {texts[last]: 1.5}, 20.0)
    store.opinions.put("gguf:Other:00", "likelihood", "h", {texts[last]: 3.0}, 30.0)
    assert store.opinions.known(JUDGE, "likelihood", texts) == {last: (-0.5, "9+9:b")}
    assert store.opinions.values(JUDGE, "yes", [last, 10_000]) == {last: 1.5}
    assert [tuple(each) for each in store.opinions.of_item(last, JUDGE)] == [
        ("yes", JUDGE, 1.5, "9+9:b", 20.0),
        ("likelihood", JUDGE, -0.5, "9+9:b", 20.0),
    ]
    assert len(store.opinions.of_item(last)) == 3
    assert store.opinions.count(JUDGE, "likelihood") == 1 and store.opinions.count(JUDGE, "yes", 0) == 0
    assert store.opinions.values(JUDGE, "likelihood", []) == {}


def test_what_came_since_is_a_query_also_for_a_changed_opinion(store: Store, texts: dict[int, bytes]) -> None:
    first, last = min(texts), max(texts)
    store.opinions.put(JUDGE, "likelihood", "h", {texts[first]: 0.1, texts[last]: 0.2})
    seen = store.opinions.last()
    assert store.opinions.since(0) == {i for i in texts if texts[i] in (texts[first], texts[last])}
    assert store.opinions.since(seen) == set()
    store.opinions.put(JUDGE, "likelihood", "h2", {texts[last]: 0.3})
    assert store.opinions.since(seen) == {i for i in texts if texts[i] == texts[last]}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_whole(store: Store, texts: dict[int, bytes], value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        store.opinions.put(JUDGE, "yes", "h", {texts[min(texts)]: 0.0, texts[max(texts)]: value})
    with pytest.raises(ValueError, match="kind"):
        store.opinions.put(JUDGE, "mood", "h", {texts[min(texts)]: 0.0})
    assert store.opinions.count(JUDGE, "yes") == 0


def test_dropping_a_judge_leaves_the_others(store: Store, texts: dict[int, bytes]) -> None:
    for model in (JUDGE, "gguf:Other:00"):
        store.opinions.put(model, "likelihood", "h", dict.fromkeys(texts.values(), 1.0))
    store.opinions.activate(JUDGE)
    store.opinions.drop([JUDGE])
    assert store.opinions.count(JUDGE, "likelihood") == 0 and store.opinions.active() is None
    assert store.opinions.count("gguf:Other:00", "likelihood") == len(set(texts.values()))


def test_hidden_states_are_read_from_a_space_that_exists(store: Store, texts: dict[int, bytes]) -> None:
    store.opinions.activate_hidden("hidden:" + JUDGE)
    assert store.opinions.hidden() is None, "nothing has been put there yet"
    store.vectors.put("hidden:" + JUDGE, [(texts[min(texts)], b"\0\0\x80\x3f" * 4)])
    assert store.opinions.hidden() == ("hidden:" + JUDGE, 4)
    store.opinions.activate_hidden(None)
    assert store.opinions.hidden() is None
