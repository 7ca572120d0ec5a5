"""What stands around a search: facets, completion, other orders, misspelled words, nearness in meaning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Page
from penchant.app.errors import StoreError
from penchant.app.store import Store
from penchant.app.store.completion import at_cursor
from penchant.app.store.query import OPERATORS
from penchant.app.types import Event

NOW = 1_742_040_000.0  # 2025-03-15
ADA, BOB = Author("a", "Ada Lovelace", "ada@x.example"), Author("b", 'Bob "the" Builder')
TOPICS = {"cooking": 0, "code": 1}


def item(number: int, title: str, author: Author, days: float, **more: object) -> Item:
    address, moment = f"https://a.example/{number}", NOW - days * 86_400
    return Item(str(number), address, title, f"About {title}.", author, moment, **more)  # type: ignore[arg-type]


ITEMS = (
    item(1, "A penguin compiles", ADA, 1, tags=("rust",), lang="en"),
    item(2, "A penguin cooks", BOB, 40, tags=("rustic",), lang="de"),
    item(3, "Soup with penguins", ADA, 41),
    item(4, "Compilers for everyone", BOB, 80),
)


class Shelf:
    def __init__(self, store: Store) -> None:
        self.store = store
        sub = store.subscriptions.add("rss", "https://a.example/feed", "The Long Read")
        self.ids = store.items.put_page(sub, Page(ITEMS, {}), NOW).item_ids
        store.events.append([Event("like", self.ids[1]), Event("save", self.ids[0])])
        hashes = store.items.hashes(self.ids)
        rows = np.array([[0.1, 1, 0], [1, 0.1, 0], [1, 0, 0.05], [0, 1, 0.3]], np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        store.vectors.put("words", [(hashes[i], r.tobytes()) for i, r in zip(self.ids, rows, strict=True)])

    def embed(self, text: str) -> np.ndarray:
        return np.eye(3, dtype=np.float32)[TOPICS.get(text, 2)]

    def numbers(self, text: str, **options: object) -> list[int]:
        found = self.store.search.search(text, now=NOW, **options)  # type: ignore[arg-type]
        return [self.ids.index(hit.item_id) + 1 for hit in found.hits]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Store.open(tmp_path_factory.mktemp("aids") / "a.db", role="cli") as store:
        yield Shelf(store)


def test_facets_count_what_the_words_find_and_their_terms_narrow_to_it(shelf: Shelf) -> None:
    found = shelf.store.search.facets("penguin", now=NOW)
    assert found.total == 2 and not found.more
    assert {(label, number) for label, _, number in found.authors} == {("Ada Lovelace", 1), ('Bob "the" Builder', 1)}
    assert found.sources == (("The Long Read", 'source:"The Long Read"', 2),)
    assert [month for month, _, _ in found.months] == ["2025-03", "2025-02"]
    assert {label: number for label, _, number in found.liked} == {"liked": 1, "saved": 1}
    for _, term, number in (*found.sources, *found.authors, *found.months, *found.liked):
        assert len(shelf.numbers(f"penguin {term}")) == number, term


def test_facets_of_nothing_and_of_hits(shelf: Shelf) -> None:
    assert shelf.store.search.facets("zeppelin") == shelf.store.search.facets("", ids=[])
    assert shelf.store.search.facets("", most=1).sources[0][2] == 4
    assert shelf.store.search.facets("ignored", ids=shelf.ids[:1]).authors[0][0] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sou", ["source:"]),
        ("penguin -aut", ["-author:"]),
        ("is:li", ["is:liked"]),
        ("sort:", ["sort:relevance", "sort:newest", "sort:likely"]),
        ("source:lon", ['source:"The Long Read"']),
        ("from:the", ['source:"The Long Read"']),
        ("author:lov", ['author:"Ada Lovelace"']),
        ('-author:"ada l', ['-author:"Ada Lovelace"']),
        ("tag:rus", ["tag:rust", "tag:rustic"]),
        ("lang:", ["lang:de", "lang:en"]),
        ("kind:r", ["kind:rss"]),
        ("penguin", []),
        ("penguin ", []),
        ('author:"ada"', []),
        ("is:liked", []),
    ],
)
def test_completion(shelf: Shelf, text: str, expected: list[str]) -> None:
    assert [each.text for each in shelf.store.search.complete(text, len(text))] == expected


def test_collections_are_completed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", role="cli") as store:
        shelf = Shelf(store)
        store.events.append([Event("collect", shelf.ids[0], {"collection": "Night reading", "in": True})])
        assert [each.text for each in store.search.complete("in:ni", 5)] == ['in:"Night reading"']


def test_every_operator_is_offered_with_a_note(shelf: Shelf) -> None:
    for operator in OPERATORS:
        found = shelf.store.search.complete(operator, len(operator))
        assert any(each.text == f"{operator}:" and each.note for each in found), operator


def test_completion_replaces_the_word_at_the_cursor_only(shelf: Shelf) -> None:
    text = "cat sou is:liked"
    [found] = shelf.store.search.complete(text, 7)
    assert text[: found.start] + found.text + text[found.end :] == "cat source: is:liked"


_ODD = st.sampled_from(['"', "-", ":", "author:", "tag:", "near:", "sort:", "a", " ", "\0", "%", "\ud800", "é"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ODD | st.text(max_size=3), max_size=8).map("".join), st.integers(-3, 30))
def test_no_text_fails(shelf: Shelf, text: str, cursor: int) -> None:
    start, end, *_ = at_cursor(text, cursor)
    assert 0 <= start <= end <= len(text)
    assert len(shelf.store.search.complete(text, cursor)) <= 8
    shelf.store.search.facets(text)
    shelf.store.search.search(text, embed=shelf.embed, order="likely")


def test_other_orders(shelf: Shelf) -> None:
    assert shelf.numbers("penguin OR compilers sort:newest") == [1, 2, 4]
    assert shelf.numbers("compilers OR penguin", order="newest") == [1, 2, 4]
    assert shelf.numbers("compilers", order="newest", embed=shelf.embed) == [4]
    likely = "INSERT OR REPLACE INTO scores(item_id, logit, probability, head_version) VALUES (?, ?, 0.5, 0)"
    with shelf.store.db.write():
        shelf.store.db.run_many(likely, [(shelf.ids[3], 2.0), (shelf.ids[1], 3.0)])
    assert shelf.numbers("penguin OR compilers sort:likely") == [2, 4, 1]
    assert shelf.numbers("sort:likely") == [2, 4, 1, 3]
    assert shelf.numbers("sort:likely", limit=3) == [2, 4, 1]
    assert shelf.numbers("sort:newest", order="likely") == [1, 2, 3, 4]


def test_near_goes_by_meaning_and_words_beside_it_are_required(shelf: Shelf) -> None:
    assert shelf.numbers("near:cooking", embed=shelf.embed) == [3, 2]
    assert shelf.numbers("near:cooking soup", embed=shelf.embed)[:1] == [3]
    assert 2 not in shelf.numbers("near:cooking soup", embed=shelf.embed)
    assert shelf.numbers("near:cooking -soup is:liked", embed=shelf.embed) == [2]
    without = shelf.store.search.search('near:"soup"')
    assert [hit.item_id for hit in without.hits] == [shelf.ids[2]] and "as words" in without.notice


def test_misspelled_words_are_put_right_only_where_nothing_has_them(shelf: Shelf) -> None:
    for slip in ("pengiun", "pengin", "pennguin", "penguyn", "epnguin", "qenguin"):
        found = shelf.store.search.search(slip)
        assert {shelf.ids.index(hit.item_id) + 1 for hit in found.hits} == {1, 2}, slip
        assert slip in found.notice and "penguin" in found.notice
        title = ITEMS[shelf.ids.index(found.hits[0].item_id)].title
        assert [title[a:b] for a, b in found.hits[0].title_marks] == ["penguin"]
    assert shelf.numbers("penguin") == [1, 2] or shelf.numbers("penguin") == [2, 1]
    assert shelf.numbers('"pengiun"') == [] and shelf.numbers("xyzzyplugh") == []
    assert shelf.numbers("pengu", typing=True) != []
    assert "pengu" not in shelf.store.search.search("pengu", typing=True).notice


def test_ranks_say_where_each_part_placed_it(shelf: Shelf) -> None:
    hits = shelf.store.search.search("cooking", embed=shelf.embed).hits
    assert [dict(hit.ranks) for hit in hits] == [{"meaning": 1}, {"meaning": 2}]
    hit = shelf.store.search.search("soup").hits[0]
    assert hit.ranks == {"words": 1} and hit.words and not hit.meaning


def test_what_was_chosen_moves_the_mix_and_undoing_it_moves_it_back(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", role="cli") as store:
        shelf = Shelf(store)
        assert store.search.mix() == {}
        chosen = [
            Event("find", shelf.ids[0], {"query": "x", "ranks": {"words": 9, "meaning": 1}}) for _ in range(15)
        ]
        store.events.append(chosen)
        mix = store.search.mix()
        assert mix["meaning"] > 1.15 > 0.85 > mix["words"]
        store.events.append([Event("find", shelf.ids[0], {"ranks": ["not", "places"]}), Event("find", None, {})])
        assert store.search.mix() == mix
        store.events.append([Event("undo", undoes=event.id) for event in chosen])
        assert store.search.mix() == {}


def test_a_connection_that_may_not_write_searches_all_the_same(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", role="cli") as store:
        shelf = Shelf(store)
        store.db.pragma("query_only", "on")
        assert shelf.numbers("pengiun") == shelf.numbers("penguin") != [] and shelf.numbers("penguin soup") != []
        with pytest.raises(StoreError):
            store.db.run("DELETE FROM items")
