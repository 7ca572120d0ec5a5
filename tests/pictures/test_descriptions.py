"""What machines say of pictures: kept by picture, searched by item, always marked as theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Media, Page
from penchant.app.store import Store, doctor
from penchant.app.store.pictures_rows import Kept
from penchant.app.store.shadow_text import MOST, Described, file_words, shadow_line, shadow_lines

ONE, TWO = bytes(range(16)), bytes(range(1, 17))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def add(store: Store, *items: Item) -> list[int]:
    number = store.subscriptions.add("rss", "https://a.example/feed", settings={"address": "x"})
    return store.items.put_page(number, Page(items, {}), 1000.0).item_ids


def shown(name: str, url: str, alt: str = "") -> Item:
    return Item(name, f"https://a.example/{name}", f"Post {name}", media=(Media(url, alt=alt),))


def there(store: Store, item_id: int, hash_: bytes) -> None:
    (wanted,) = store.pictures.ask([item_id], 2000.0)
    store.pictures.put([Kept(wanted.id, hash_, "jpeg", 640, 480, 1, 9, bytes(36), 7, "", "")], 2000.0)


@pytest.fixture
def two(store: Store) -> tuple[int, int]:
    """Two items with a picture each."""
    one, other = add(
        store,
        shown("one", "https://a.example/red-square-moscow.jpg", "A square in winter"),
        shown("two", "https://a.example/IMG_2034.jpg"),
    )
    there(store, one, ONE)
    there(store, other, TWO)
    return one, other


def found(store: Store, words: str) -> list[int]:
    return [hit.item_id for hit in store.search.search(words).hits]


def test_what_is_missing_is_asked_of_the_archive(store: Store, two: tuple[int, int]) -> None:
    assert set(store.descriptions.missing("ocr", 9)) == {ONE, TWO}
    store.descriptions.put("ocr", [(ONE, "SALE today")])
    assert store.descriptions.missing("ocr", 9) == [TWO]
    store.descriptions.put("ocr", [(TWO, "")])  # nothing to read is an answer, too
    assert store.descriptions.missing("ocr", 9) == []
    assert set(store.descriptions.missing("tags", 9)) == {ONE, TWO}
    assert store.descriptions.counts() == {"ocr": (2, 1)}


def test_descriptions_find_items_and_are_marked(store: Store, two: tuple[int, int]) -> None:
    assert found(store, "churchyard") == []
    store.descriptions.put("tags", [(TWO, "a churchyard, snow")])
    (hit,) = store.search.search("churchyard").hits
    assert hit.item_id == two[1] and hit.shadow
    assert hit.snippet.startswith("[picture]") and hit.snippet_marks
    assert found(store, "churchyard is:liked") == [], "filters hold"
    assert found(store, "snow -churchyard") == [two[1]], "excluded words are of the item's own text"


def test_the_items_own_words_are_no_machine_s(store: Store, two: tuple[int, int]) -> None:
    store.descriptions.put("tags", [(ONE, "winter")])
    (hit,) = store.search.search("winter").hits
    assert hit.item_id == two[0] and hit.words and not hit.shadow


def test_a_later_word_replaces_the_one_before(store: Store, two: tuple[int, int]) -> None:
    store.descriptions.put("ocr", [(ONE, "alpha")])
    store.descriptions.put("ocr", [(ONE, "beta")])
    assert found(store, "alpha") == [] and found(store, "beta") == [two[0]]
    store.descriptions.forget("ocr")
    assert found(store, "beta") == [] and store.descriptions.of(ONE) == {}


def test_equal_pictures_share_what_is_said(store: Store, two: tuple[int, int]) -> None:
    (third,) = add(store, shown("three", "https://elsewhere.example/x.jpg"))
    there(store, third, ONE)
    store.descriptions.put("tags", [(ONE, "zeppelin")])
    assert set(found(store, "zeppelin")) == {two[0], third}
    assert "zeppelin" in store.descriptions.shadow(third)


def test_an_item_that_comes_to_a_described_picture_gets_its_shadow(store: Store, two: tuple[int, int]) -> None:
    store.descriptions.cast(store.descriptions.uncast(9))
    store.descriptions.put("tags", [(ONE, "zeppelin")])
    (third,) = add(store, shown("three", "https://elsewhere.example/x.jpg"))
    there(store, third, ONE)
    assert store.descriptions.uncast(9) == [third]
    store.descriptions.cast([third])
    assert store.descriptions.uncast(9) == [] and third in found(store, "zeppelin")


def test_the_shadow_for_models_has_the_alt_text(store: Store, two: tuple[int, int]) -> None:
    store.descriptions.put("ocr", [(ONE, "Do not\nenter")])
    assert store.descriptions.shadow(two[0]) == (
        "[picture] A square in winter; reads: Do not enter; file: red square moscow"
    )
    assert store.descriptions.shadow(two[1]) == ""


def test_the_index_agrees_with_the_shadows_whatever_happens(store: Store, two: tuple[int, int]) -> None:
    for text in ("alpha beta", "", "gamma", "gamma"):
        store.descriptions.put("tags", [(ONE, text), (TWO, text + " more")])
    store.db.run("DELETE FROM items WHERE id = ?", (two[0],))
    store.db.run("INSERT INTO search_shadows(search_shadows, rank) VALUES ('integrity-check', 1)")
    assert found(store, "gamma") == [two[1]]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://a.example/i/red-square.jpg?w=300", "red square"),
        ("https://a.example/IMG_20250101_1234.jpg", ""),
        ("https://a.example/9f8a7b6c5d4e3f2a1b.png", ""),
        ("https://a.example/Stra%C3%9Fe_in_Z%C3%BCrich.webp", "straße zürich"),
        ("https://a.example/", ""),
        ("https://a.example/photo-large-final.jpg", ""),
        ("data:image/png;base64,AAAA", ""),
    ],
)
def test_file_names_that_mean_something(url: str, words: str) -> None:
    assert file_words(url) == words


def test_a_model_that_sees_speaks_before_the_tags() -> None:
    said = {"tags": "a cat, a sofa", "model:SmolVLM": "A cat sleeps.", "ocr": ""}
    assert shadow_line(Described("u", "", said)) == "[picture] shows: A cat sleeps.; looks like: a cat, a sofa"


SAID = st.dictionaries(st.sampled_from(["ocr", "tags"]), st.text())


@given(st.lists(st.builds(Described, st.text(), st.text(), SAID)))
def test_a_shadow_is_one_bounded_line_a_picture(pictures: list[Described]) -> None:
    lines = shadow_lines(pictures)
    assert len(lines) <= 8 and all(len(line) <= MOST and "\n" not in line for line in lines)


def test_the_doctor_sees_and_mends_an_index_that_drifted(store: Store, two: tuple[int, int]) -> None:
    store.descriptions.put("tags", [(ONE, "zeppelin")])
    store.db.run("INSERT INTO search_shadows(search_shadows) VALUES ('delete-all')")
    path = store.path
    assert not found(store, "zeppelin")
    store.close()
    assert any(each.topic == "full text" and each.level == "error" for each in doctor.check(path).findings)
    assert not [each for each in doctor.rebuild(path).findings if each.topic == "full text" and each.level == "error"]
    with Store.open(path) as again:
        assert found(again, "zeppelin") == [two[0]]
