"""Runs of eight words, and whether they stand in the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.store.drafts import Draft
from penchant.app.store.phrases import standing
from penchant.app.writing.overlap import N, runs, share

TEXT = "The first trams of Lisbon, pulled by mules, were “slow”; their bells are still heard at night!"
JAPANESE = "東京の路面電車は今でも静かに走っていて、夜遅くまで乗ることができます。"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        sub = store.subscriptions.add("rss", "https://a.example/feed")
        items = (
            Item("1", "", "A title of more than eight words, which is a run too", TEXT),
            Item("2", "", text=JAPANESE),
        )
        store.items.put_page(sub, Page(items, {}), 1.0)
        yield store


def repeats(store: Store, text: str) -> float:
    return share(text, standing(store.db, runs(text)))


def test_runs_are_as_they_stand() -> None:
    assert runs("a b c d e f g h i") == ["a b c d e f g h", "b c d e f g h i"]
    assert runs("Yes, please, do") == ["Yes, please, do"], "a short text is one run"
    assert runs("thank you") == [] and runs("") == []


def test_what_the_archive_holds_is_found_whatever_its_case_and_marks(store: Store) -> None:
    assert repeats(store, TEXT) == 1.0
    assert repeats(store, "the FIRST trams — of Lisbon pulled by mules were") == 1.0
    assert repeats(store, "A title of more than eight words which is") == 1.0
    assert repeats(store, "I like trams that are pulled by mules, and their bells at night more") == 0.0
    half = "In my youth I wrote: the first trams of Lisbon pulled by mules were"
    assert 0 < repeats(store, half) < 0.5


def test_scripts_without_spaces(store: Store) -> None:
    assert repeats(store, JAPANESE) == 1.0
    assert repeats(store, "新しい図書館の窓から川がよく見えるので毎週通っています") == 0.0


def test_a_draft_does_not_stand_in_its_own_way(store: Store) -> None:
    own = "Nobody ever wrote these nine words in a row"
    store.drafts.as_item(store.drafts.add(Draft("post", own, made_at=1.0)))
    assert repeats(store, own) == 0.0


@pytest.mark.parametrize(
    "hostile", ['" OR "a', "NEAR(a b c)", "a* b* c*", "title: text: x", "\x00 a \x00 b c", "( ( ("]
)
def test_no_text_is_an_expression(store: Store, hostile: str) -> None:
    assert repeats(store, hostile) == 0.0


@given(st.lists(st.sampled_from("abcdefghij"), min_size=0, max_size=40))
def test_every_run_has_eight_words_and_follows_the_one_before(words: list[str]) -> None:
    found = runs(" ".join(words))
    if len(words) >= N:
        assert [run.split() for run in found] == [words[at : at + N] for at in range(len(words) - N + 1)]
        assert share(" ".join(words), set(found)) == 1.0
