"""Searches by what pictures show, and for items like one, over vectors of a made-up model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app.errors import PenchantError
from penchant.app.store import Store
from penchant.app.store.query import Clause, Word, parse
from penchant.app.store.spaces import activate_picture_spaces

M = "clip:shapes:1"
RED, BLUE, GREY = np.eye(3, dtype=np.float32)


def mixed(*parts: tuple[float, np.ndarray]) -> np.ndarray:
    total = sum(weight * vector for weight, vector in parts)
    return (total / np.linalg.norm(total)).astype(np.float32)


PICTURES = {
    "dawn": mixed((1.0, RED), (0.1, GREY)), "rose": mixed((1.0, RED), (0.3, GREY)), "sea": BLUE,
    "lake": mixed((1, BLUE), (0.2, RED)),
}  # fmt: skip
TITLES = ("dawn", "sea", "red letter days", "rose", "lake", "dawn of a new operating system")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        number = opened.subscriptions.add("rss", "https://feed.example/")
        items = tuple(
            Item(str(n), f"https://feed.example/{n}", title, published=1_600_000_000.0 - n,
                 media=(Media(f"https://p.example/{n}", "image"),) if title in PICTURES else ())
            for n, title in enumerate(TITLES)
        )  # fmt: skip
        opened.items.put_page(number, Page(items, {}), 1_700_000_000.0)
        yield opened


def look(store: Store) -> None:
    """The model has read the pictures."""
    rows = store.db.rows("SELECT title, content_hash FROM items")
    store.vectors.put(M + ":picture", [(hash, PICTURES[title].tobytes()) for title, hash in rows if title in PICTURES])
    store.vectors.put(M + ":text", [(hash, GREY.tobytes()) for _, hash in rows])
    activate_picture_spaces(store.db, M)


def see(words: str) -> np.ndarray:
    return RED if "red" in words else BLUE


def titles(store: Store, text: str, **options: object) -> list[str]:
    result = store.search.search(text, **options)  # type: ignore[arg-type]
    return [str(store.db.value("SELECT title FROM items WHERE id = ?", (hit.item_id,))) for hit in result.hits]


def test_the_nearest_pictures_come_first(store: Store) -> None:
    look(store)
    assert titles(store, 'picture:"something red"', see=see) == ["dawn", "rose", "lake", "sea"]
    assert titles(store, "picture:water", see=see)[:2] == ["sea", "lake"]
    assert titles(store, "picture:red", see=see, limit=2) == ["dawn", "rose"]


def test_filters_and_excluded_words_hold_for_pictures_too(store: Store) -> None:
    look(store)
    assert titles(store, "picture:red -dawn", see=see) == ["rose", "lake", "sea"]
    assert titles(store, "picture:red is:liked", see=see) == []


def test_words_beside_it_find_more(store: Store) -> None:
    look(store)
    found = titles(store, "operating picture:red", see=see)
    assert set(found) == {"dawn", "rose", "lake", "sea", "dawn of a new operating system"}


def broken(words: str) -> np.ndarray:
    raise PenchantError("open_clip cannot load it", hint="Get it again.")


@pytest.mark.parametrize(
    ("read", "eyes", "why"),
    [(False, see, "no picture has been read"), (True, None, "without the model"), (True, broken, "cannot load it")],
)
def test_without_a_model_it_is_searched_in_words_and_says_so(store: Store, read: bool, eyes: object, why: str) -> None:
    if read:
        look(store)
    assert titles(store, "picture:red", see=eyes) == ["red letter days"]
    notice = store.search.search("picture:red", see=eyes).notice  # type: ignore[arg-type]
    assert why in notice and "searched as words" in notice


def test_a_vector_of_another_model_finds_nothing_and_fails_nowhere(store: Store) -> None:
    look(store)
    assert titles(store, "picture:red", see=lambda _: np.ones(7, np.float32)) == []


def test_the_spaces_of_pictures_are_never_taken_for_those_of_words(store: Store) -> None:
    look(store)
    store.search.search("something", embed=lambda _: RED)
    assert not any(hit.meaning for hit in store.search.search("nothing", embed=lambda _: GREY).hits)


def test_items_like_one_by_its_picture_and_never_itself(store: Store) -> None:
    look(store)
    one = store.db.value("SELECT id FROM items WHERE title = 'dawn'")
    assert titles(store, f"like:{one}") == ["rose"]
    assert "nothing is like" in store.search.search("like:4711").notice


def test_items_like_one_by_text(store: Store) -> None:
    from penchant.app import embed

    ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id")]
    texts = dict(zip(ids, np.eye(6, 256, dtype=np.float32), strict=True))
    texts[ids[1]] = mixed((1.0, texts[ids[0]]), (0.2, texts[ids[1]]))
    hashes = store.items.hashes(ids)
    store.vectors.put(embed.space(), [(hashes[item], texts[item].tobytes()) for item in ids])
    assert titles(store, f"like:{ids[0]}") == [TITLES[1]]


@pytest.mark.parametrize("text", ["like:x", "like:0", "like:-3", "-like:3", "like:" + "9" * 20, "-picture:red"])
def test_a_slip_is_searched_as_words(text: str) -> None:
    query = parse(text)
    assert not query.like and not query.look and query.notes and query.clauses


def test_the_query_as_a_value() -> None:
    query = parse('owls picture:"a red boat" like:12 -cats')
    assert (query.look, query.like, query.text) == ("a red boat", 12, "owls")
    words = query.in_words()
    assert not words.look and words.clauses[-3:] == tuple(Clause((Word(word),)) for word in ("a", "red", "boat"))
    assert parse('picture:""').look == "" and parse("picture:red").in_words() and bool(parse("like:3"))
