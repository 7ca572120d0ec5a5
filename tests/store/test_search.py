"""Search over a real archive: words, filters, meaning, and both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Media, Page, Poll
from penchant.app.store import Store
from penchant.app.store.fusion import RRF, fuse
from penchant.app.types import Event

DAY = 86_400.0
NOW = 1_742_040_000.0  # 2025-03-15
ADA = Author("acct:ada@example.org", "Ada Lovelace", "ada@example.org")
BOB = Author("acct:bob@example.org", "Bob_100%", "bob@example.org")


def item(
    number: int, site: str, title: str, text: str, author: Author | None, days: float, **more: object
) -> Item:
    """An item of `site`.example, that many days old."""
    url = f"https://{site}.example/{number}"
    return Item(str(number), url, title, text, author, NOW - days * DAY, **more)  # type: ignore[arg-type]


ITEMS = (
    item(1, "a", "Rust and the borrow checker", "Ownership explained.", ADA, 1, tags=("Rust",)),
    item(2, "a", "A long walk", "On rust belts, and the checker who would borrow.", BOB, 2),
    item(3, "b", "Café culture", "Coffee in Vienna.", ADA, 40, lang="de-AT", tags=("coffee", "travel")),
    item(4, "b", "今日の東京都のニュース", "天気は晴れ。猫がいる。", None, 3, lang="ja"),
    item(
        5,
        "b",
        "Photographs",
        "Two of them.",
        BOB,
        4,
        media=(Media("https://b.example/p.png", "image", alt="a penguin on the ice"),),
    ),
    item(6, "c", "Which editor?", "A question.", BOB, 5, poll=Poll((("vi", 1), ("ed", 2)))),
    item(7, "c", "Compilers, compiled", "The art of compiling compilers.", ADA, 400, lang="en"),
    item(8, "c", "ภาษาไทยไม่มีช่องว่าง", "ข้อความภาษาไทย", None, 6, lang="th"),
)


@dataclass
class Shelf:
    """A store and the ids of ITEMS, counted from 1 as their native ids are."""

    store: Store
    ids: list[int]

    def numbers(self, text: str, **options: object) -> list[int]:
        result = self.store.search.search(text, now=NOW, **options)  # type: ignore[arg-type]
        return [self.ids.index(hit.item_id) + 1 for hit in result.hits]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Store.open(tmp_path_factory.mktemp("search") / "archive.db", role="cli") as store:
        yield filled(store)


def filled(store: Store) -> Shelf:
    first = store.subscriptions.add("rss", "https://a.example/feed", "The Long Read")
    second = store.subscriptions.add("mastodon", "https://b.example", "Home of b")
    ids = store.items.put_page(first, Page(ITEMS[:3], {}), NOW).item_ids
    ids += store.items.put_page(second, Page(ITEMS[3:], {}), NOW).item_ids
    store.events.append(
        [
            Event("like", ids[0]),
            Event("open", ids[2]),
            Event("save", ids[4]),
            Event("later", ids[5]),
            Event("skip", ids[6]),
        ]
    )
    return Shelf(store, ids)


def test_the_title_counts_most(shelf: Shelf) -> None:
    assert shelf.numbers("rust") == [1, 2]
    assert shelf.numbers("checker borrow") == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"borrow checker"', {1}),
        ("rust -walk", {1}),
        ('rust -"borrow checker"', {2}),
        ("compil*", {7}),
        ("compil", set()),
        ("cafe", {3}),
        ("CAFÉ", {3}),
        ("penguin", {5}),
        ("alt:penguin", {5}),
        ("title:penguin", set()),
        ("title:rust", {1}),
        ("text:rust", {2}),
        ("lovelace", {1, 3, 7}),
        ("vienna OR ownership", {1, 3}),
        ("walk OR vienna -coffee", {2}),
    ],
)
def test_words(shelf: Shelf, text: str, expected: set[int]) -> None:
    assert set(shelf.numbers(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("author:ada", {1, 3, 7}),
        ("author:@ADA@example.org", {1, 3, 7}),
        ("author:100%", {2, 5, 6}),
        ("author:b_b", set()),
        ('source:"long read"', {1, 2, 3}),
        ("source:b.example", {4, 5, 6, 7, 8}),
        ("-source:b.example", {1, 2, 3}),
        ("tag:rust", {1}),
        ("tag:#coffee", {3}),
        ("tag:coff", set()),
        ("lang:de", {3}),
        ("lang:d", set()),
        ("kind:mastodon", {4, 5, 6, 7, 8}),
        ("site:c.example", {6, 7, 8}),
        ("is:liked", {1}),
        ("is:saved", {5}),
        ("is:later", {6}),
        ("is:skipped", {7}),
        ("is:read", {3}),
        ("is:seen", {1, 3, 5, 6, 7}),
        ("is:unseen", {2, 4, 8}),
        ("-is:unseen", {1, 3, 5, 6, 7}),
        ("has:image", {5}),
        ("has:video", set()),
        ("has:poll", {6}),
        ("-has:media", {1, 2, 3, 4, 6, 7, 8}),
        ("after:7d", {1, 2, 4, 5, 6, 8}),
        ("before:2025", {7}),
        ("on:2025-03-14", {1}),
        ("before:7d after:2025", {3}),
        ("rust is:unseen", {2}),
        ("author:ada -is:liked after:2025", {3}),
        ('author:"\') OR 1=1 --"', set()),
    ],
)
def test_filters(shelf: Shelf, text: str, expected: set[int]) -> None:
    assert set(shelf.numbers(text)) == expected


def test_filters_alone_list_the_newest_first(shelf: Shelf) -> None:
    assert shelf.numbers("") == [1, 2, 4, 5, 6, 8, 3, 7]
    assert shelf.numbers("author:ada") == [1, 3, 7]
    assert shelf.numbers("", limit=3, offset=2) == [4, 5, 6]
    result = shelf.store.search("", limit=3)
    assert result.more and len(result.hits) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", {4}),
        ("京都の", {4}),
        ("東京", {4}),
        ("猫", {4}),
        ("ニュース 猫", {4}),
        ("ニュース rust", set()),
        ("ニュース OR ownership", {1, 4}),
        ("大阪", set()),
        ("-東京 is:unseen", {2, 8}),
        ("title:猫", set()),
        ("ไทย", {8}),
        ("ข้อความ", {8}),
    ],
)
def test_scripts_without_spaces(shelf: Shelf, text: str, expected: set[int]) -> None:
    assert set(shelf.numbers(text)) & {4, 8, 1, 2} == expected


def test_such_scripts_are_found_after_an_edit_and_not_before(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", role="cli") as store:
        sub = store.subscriptions.add("rss", "https://a.example/feed")
        item = store.items.put_page(
            sub, Page((Item("1", "https://a.example/1", "東京のニュース"),), {}), NOW
        ).item_ids[0]
        store.items.put_page(sub, Page((Item("1", "https://a.example/1", "大阪のニュース"),), {}), NOW)
        assert [hit.item_id for hit in store.search("大阪の").hits] == [item]
        assert store.search("東京の").hits == ()
        store.items.put_page(sub, Page((Item("1", "https://a.example/1", "Osaka"),), {}), NOW)
        assert store.search("大阪の").hits == () and store.search("ニュース").hits == ()


def test_while_typing_the_last_word_is_a_beginning(shelf: Shelf) -> None:
    assert shelf.numbers("compi", typing=True) == [7]
    assert shelf.numbers("compi ", typing=True) == []
    assert shelf.numbers("rust own", typing=True) == [1]
    assert shelf.numbers("rust zq", typing=True) == shelf.numbers("rust"), "two letters that are no word yet"
    notice = shelf.store.search.search("rust zq*", typing=True).notice
    assert "all the words" in notice, "a beginning that was asked for"


def test_some_words_are_better_than_none(shelf: Shelf) -> None:
    result = shelf.store.search("vienna zeppelin")
    assert [hit.item_id for hit in result.hits] == [shelf.ids[2]]
    assert "some" in result.notice


def test_a_slip_is_said_and_searched_as_words(shelf: Shelf) -> None:
    result = shelf.store.search("rust is:purple")
    assert "is:purple" in result.notice
    assert {hit.item_id for hit in result.hits} == {shelf.ids[0], shelf.ids[1]}


def test_marks_are_offsets_into_title_and_snippet(shelf: Shelf) -> None:
    hit = shelf.store.search("rust checker").hits[0]
    title = ITEMS[0].title
    assert [title[a:b] for a, b in hit.title_marks] == ["Rust", "checker"]
    body = shelf.store.search("text:rust").hits[0]
    assert [body.snippet[a:b] for a, b in body.snippet_marks] == ["rust"]
    picture = shelf.store.search("penguin").hits[0]
    assert picture.snippet == "a penguin on the ice" and picture.snippet_marks == ((2, 9),)


_ODD = st.sampled_from(
    [
        '"',
        "-",
        "*",
        "(",
        ")",
        ":",
        "^",
        "+",
        "NEAR(",
        "AND",
        "NOT",
        "author:",
        "is:liked",
        "\0",
        "%",
        "東京",
        "'",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60) | st.lists(_ODD | st.text("ab ", max_size=3), max_size=12).map("".join),
    st.booleans(),
)
@example('"', True)
@example("\0", False)
@example("\ud800", False)
@example("title: : * - OR", True)
@example('rust" OR 1=1; DROP TABLE items; --', False)
@example("a" * 5000, True)
def test_no_text_fails(shelf: Shelf, text: str, typing: bool) -> None:
    result = shelf.store.search.search(text, typing=typing, embed=lambda _: np.ones(4, np.float32))
    assert len({hit.item_id for hit in result.hits}) == len(result.hits)


class Meanings:
    """Vectors that stand for topics: the first number is 'programming', the second 'food'."""

    TOPICS = np.eye(4, dtype=np.float32)

    def __init__(self, shelf: Shelf) -> None:
        rows = np.array(
            [
                [9, 0, 1, 0],
                [0, 1, 9, 0],
                [0, 9, 0, 1],
                [0, 0, 0, 9],
                [0, 0, 9, 1],
                [2, 0, 0, 9],
                [9, 1, 0, 0],
                [0, 0, 0, 9],
            ],
            np.float32,
        )
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        hashes = shelf.store.items.hashes(shelf.ids)
        shelf.store.vectors.put(
            "topics", [(hashes[i], r.tobytes()) for i, r in zip(shelf.ids, rows, strict=True)]
        )

    def __call__(self, text: str) -> np.ndarray:
        return self.TOPICS[1] if "restaurants" in text else self.TOPICS[0]


@pytest.fixture
def meanings(tmp_path: Path) -> Iterator[tuple[Shelf, Meanings]]:
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        shelf = filled(store)
        yield shelf, Meanings(shelf)


def test_meaning_finds_what_words_miss(meanings: tuple[Shelf, Meanings]) -> None:
    shelf, embed = meanings
    assert shelf.numbers("restaurants") == []
    assert shelf.numbers("restaurants", embed=embed) == [3]
    hit = shelf.store.search("restaurants", embed=embed).hits[0]
    assert hit.meaning and not hit.words and hit.snippet == "Coffee in Vienna."


def test_where_nothing_is_near_the_nearest_are_shown_and_said_to_be(meanings: tuple[Shelf, Meanings]) -> None:
    shelf, _ = meanings
    faint = np.array([0.25, -1.0, 0.0, -1.0], np.float32)
    result = shelf.store.search("unheardof", embed=lambda _: faint)
    assert [shelf.ids.index(hit.item_id) + 1 for hit in result.hits] == [1]
    assert "nearest in meaning" in result.notice
    assert not shelf.store.search("unheardof", embed=lambda _: -np.eye(4, dtype=np.float32)[0]).hits


def test_both_are_fused_and_agreement_wins(meanings: tuple[Shelf, Meanings]) -> None:
    shelf, embed = meanings
    result = shelf.store.search("compilers rust", embed=embed)
    assert shelf.numbers("rust", embed=embed)[0] == 1
    first = shelf.store.search("rust", embed=embed).hits[0]
    assert first.words and first.meaning and first.score > 1 / (RRF + 1)
    assert {shelf.ids.index(hit.item_id) + 1 for hit in result.hits} >= {1, 7}


def test_filters_and_exclusion_bind_meaning_too(meanings: tuple[Shelf, Meanings]) -> None:
    shelf, embed = meanings
    assert set(shelf.numbers("software", embed=embed)) == {1, 7}
    assert shelf.numbers("software is:liked", embed=embed) == [1]
    assert shelf.numbers("software -compilers", embed=embed) == [1]
    assert shelf.numbers("software before:2025", embed=embed) == [7]


def test_without_vectors_it_says_so(shelf: Shelf) -> None:
    result = shelf.store.search("rust", embed=lambda _: np.ones(7, np.float32))
    assert "meaning" in result.notice and len(result.hits) == 2


@given(st.lists(st.lists(st.integers(1, 30), unique=True), min_size=1, max_size=4))
def test_fusion_is_reciprocal_rank(lists: list[list[int]]) -> None:
    fused = fuse({str(number): ranked for number, ranked in enumerate(lists)})
    assert {item for item, _ in fused} == {item for ranked in lists for item in ranked}
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)
    for item, score in fused:
        assert score == pytest.approx(
            sum(1 / (RRF + ranked.index(item) + 1) for ranked in lists if item in ranked)
        )
