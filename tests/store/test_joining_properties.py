"""Joining arrivals: what belongs together does not depend on who came first, and nothing gets lost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Page, Sighting
from penchant.app.store import Store

NOW = 1_700_000_000.0
SOURCES = (
    ("rss", "https://a.example/feed"),
    ("rss", "https://b.example/feed"),
    ("mastodon", "https://c.example"),
)
TRACKING = ("", "?utm_source=x", "?utm_medium=feed&utm_campaign=y", "#comments")


@dataclass(frozen=True)
class Copy:
    """One arrival of a story: where, how worded, and with which address."""

    story: int
    source: int
    by_address: bool
    tail: int
    tracking: int

    @property
    def native_id(self) -> str:
        return f"{self.source}-{self.story}"

    def item(self) -> Item:
        """Copies by address share it and say something short of their own; the others share the wording."""
        site = "shared" if self.by_address else f"site{self.source}"
        url = f"https://{site}.example/story/{self.story}{TRACKING[self.tracking] if self.by_address else ''}"
        body = prose(f"{self.story}")
        text = (
            prose(f"{self.story}{self.source}")[:120]
            if self.by_address
            else (body, body.upper() + "!", body.replace(" ", ",  "))[self.tail]
        )
        who = Author(f"acct:{self.source}", f"person {self.source}")
        return Item(
            self.native_id,
            url,
            f"Story {prose(str(self.story))[:40]}",
            text,
            who,
            NOW - 600.0 * self.source,
            sightings=(Sighting("post", NOW, who),),
        )


def prose(seed: str) -> str:
    """Sixty words that no other seed has in this order."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    digest = b"".join(hashlib.sha256(f"{seed}/{part}".encode()).digest() for part in range(8))
    words = ["".join(letters[byte % 26] for byte in digest[at : at + 4]) for at in range(0, 240, 4)]
    return " ".join(words)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Copy]:
    """Copies of a few stories, each in some sources, in any order."""
    found = []
    for story in range(draw(st.integers(1, 5))):
        by_address = draw(st.booleans())
        for source in sorted(draw(st.sets(st.integers(0, len(SOURCES) - 1), min_size=1))):
            tail, tracking = draw(st.integers(0, 2)), draw(st.integers(0, len(TRACKING) - 1))
            found.append(Copy(story, source, by_address, tail, tracking))
    return draw(st.permutations(found))


def arrive(store: Store, copies: Sequence[Copy], size: int) -> None:
    """Bring the copies in this order, neighbours of one source up to `size` on a page."""
    subs = [store.subscriptions.add(kind, address) for kind, address in SOURCES]
    pending: list[Copy] = []
    for copy in [*copies, None]:
        if pending and (copy is None or copy.source != pending[0].source or len(pending) == size):
            items = tuple(each.item() for each in pending)
            store.items.put_page(subs[pending[0].source], Page(items, {}), NOW)
            pending = []
        if copy is not None:
            pending.append(copy)


def groups(store: Store) -> set[frozenset[str]]:
    """Which arrivals are one item."""
    found: dict[int, set[str]] = {}
    for item_id, native_id in store.db.rows("SELECT item_id, native_id FROM aliases"):
        found.setdefault(item_id, set()).add(native_id)
    return {frozenset(names) for names in found.values()}


def expected(copies: Sequence[Copy]) -> set[frozenset[str]]:
    stories: dict[int, set[str]] = {}
    for copy in copies:
        stories.setdefault(copy.story, set()).add(copy.native_id)
    return {frozenset(names) for names in stories.values()}


def everything(store: Store) -> list[list]:
    return [
        store.db.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in ("items", "aliases", "sightings", "fingerprints", "changes")
    ]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> pytest.TempPathFactory:
    return tmp_path_factory


CAREFUL = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@CAREFUL
@given(arrivals(), st.integers(1, 5))
def test_any_order_and_any_paging_joins_the_same(folder: pytest.TempPathFactory, copies: list[Copy], size: int) -> None:
    with Store.open(folder.mktemp("j") / "a.db", role="worker") as store:
        arrive(store, copies, size)
        assert groups(store) == expected(copies)


@CAREFUL
@given(arrivals(), st.integers(1, 5))
def test_nothing_is_lost_and_everybody_who_brought_it_is_known(
    folder: pytest.TempPathFactory, copies: list[Copy], size: int
) -> None:
    with Store.open(folder.mktemp("j") / "a.db", role="worker") as store:
        arrive(store, copies, size)
        for copy in copies:
            item_id = store.items.by_native(SOURCES[copy.source][0], copy.native_id)
            assert item_id is not None
            article = store.items.article(item_id)
            assert article is not None and article.text
            same = {other.source for other in copies if other.story == copy.story}
            assert article.card.people == len(same)
            assert article.card.also_in == len(same) - 1
            assert any(f"person {copy.source}" in line for line in article.sightings)
        found = [hit.item_id for hit in store.search("story", limit=100).hits]
        assert len(found) == len(expected(copies))


@CAREFUL
@given(arrivals(), st.integers(1, 5), st.randoms())
def test_coming_again_in_another_order_changes_nothing(
    folder: pytest.TempPathFactory, copies: list[Copy], size: int, chance
) -> None:
    with Store.open(folder.mktemp("j") / "a.db", role="worker") as store:
        arrive(store, copies, size)
        before = everything(store)
        again = list(copies)
        chance.shuffle(again)
        arrive(store, again, 1 + size % 3)
        assert everything(store) == before


@CAREFUL
@given(arrivals(), st.integers(0, 100))
def test_a_page_killed_in_between_and_fetched_again_is_as_if_never_killed(
    folder: pytest.TempPathFactory, copies: list[Copy], cut: int
) -> None:
    """What a kill leaves is a prefix of the arrivals; the same pages come again whole."""
    with Store.open(folder.mktemp("j") / "a.db", role="worker") as store:
        arrive(store, copies[: cut % (len(copies) + 1)], 2)
        arrive(store, copies, 3)
        assert groups(store) == expected(copies)
        assert store.db.value("SELECT count(*) FROM sightings") == len(copies)
