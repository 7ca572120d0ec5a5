"""How often a model is asked: what the plain conditions leave over, once, whatever order they are written in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.embed import registry
from penchant.app.errors import DiskFull
from penchant.app.pictures.files import PictureFiles
from penchant.app.sql.explain import in_words
from penchant.app.sql.running import Query
from penchant.app.sql.vectors import meaning_of
from penchant.app.store import Store

from .conftest import NOW, CountingModel, fill, said

ORDERS = (
    "SELECT id FROM items WHERE ask(text, 'is it odd?') AND points = 3",
    "SELECT id FROM items WHERE points = 3 AND ask(text, 'is it odd?')",
)


@pytest.mark.parametrize("sql", ORDERS)
def test_a_plain_condition_spares_nine_tenths_whatever_the_order(
    store: Store, model: CountingModel, query: Callable[..., Any], sql: str
) -> None:
    fill(store, 200)
    first = query(sql)
    assert len(model.asked) == 20 and max(model.batches) > 1
    assert first == query(sql, as_written=True)
    model.asked.clear()
    assert query(sql) == first and model.asked == []  # kept for the next time

    source = store.subscriptions.add("rss", "https://feed.example/")
    changed = Item(native_id="3", url="https://feed.example/3", title="Number 3", text="Another text.", points=3)
    store.items.put_page(source, Page((changed,), {}), NOW + 100)
    query(sql)
    assert [text for _, _, text in model.asked] == ["Number 3\nAnother text."]

    model.asked.clear()
    query(sql.replace("odd", "even"))
    assert len(model.asked) == 20
    model.called = "gguf:Counting:2"
    query(sql)
    assert len(model.asked) == 40


def test_a_limit_asks_no_more_than_it_needs(store: Store, model: CountingModel, query: Callable[..., Any]) -> None:
    fill(store, 200)
    rows = query("SELECT id FROM items WHERE ask(text, 'q') ORDER BY id DESC LIMIT 5")
    passing = [n for n in range(200, 0, -1) if said("ask", "q", f"Number {n}\nThe text of number {n}.") >= 0.5]
    assert [row[0] for row in rows] == passing[:5]
    assert len(model.asked) == 200 - passing[4] + 1  # down to the fifth one, and not further


def test_what_is_selected_is_asked_for_the_rows_that_are_shown(
    store: Store, model: CountingModel, query: Callable[..., Any]
) -> None:
    fill(store, 60)
    rows = query("SELECT id, summarize(text) AS s, upper(summarize(text)) FROM items ORDER BY title LIMIT 4 OFFSET 2")
    assert [len(row) for row in rows] == [3] * 4 and rows[0][1].upper() == rows[0][2]
    assert len(model.asked) <= 6
    model.asked.clear()
    assert len(query("SELECT *, ask(text, 'new') FROM items", rows=7)) == 7
    assert len(model.asked) == 7


def test_joins_ask_after_the_join(store: Store, model: CountingModel, query: Callable[..., Any]) -> None:
    fill(store, 60)
    sql = "SELECT i.id FROM items i JOIN sources s ON s.id = i.source_id WHERE ask(i.text, 'q') AND s.title = 'Other'"
    assert query(sql) == [] and model.asked == []
    nested = f"SELECT count(*) FROM ({sql})"
    assert query(nested) == [(0,)] and model.asked == []
    assert query.plan.whole  # type: ignore[attr-defined]


def test_answers_are_kept_although_the_disk_is_full(
    store: Store, model: CountingModel, query: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 10)

    def full(*_: object) -> None:
        raise DiskFull("the disk is full")

    monkeypatch.setattr(type(store.model_answers), "put", full)
    rows = query("SELECT id, ask(text, 'q'), ask(text, 'q') FROM items")
    assert len(rows) == 10 and len(model.asked) == 10
    assert query.notes == ["answers are not kept for the next time: the disk is full"]  # type: ignore[attr-defined]


def test_what_the_model_dies_of_is_null_and_named(
    store: Store, model: CountingModel, query: Callable[..., Any]
) -> None:
    fill(store, 5, text=lambda n: "ABORT" if n == 3 else f"text {n}")
    rows = query("SELECT id, ask(text, 'q') IS NULL FROM items WHERE NOT ask(text, 'q') OR ask(text, 'q') IS NULL OR 1")
    assert {row[0] for row in rows if row[1]} == {3}
    assert query.notes == ["the model died of item 3 (Number 3) twice: ask is NULL there"]  # type: ignore[attr-defined]
    assert store.model_answers.count() == 4


def test_a_failure_is_no_answer(store: Store, model: CountingModel, query: Callable[..., Any]) -> None:
    fill(store, 5)
    model.fail = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        query("SELECT id FROM items WHERE ask(text, 'q')")
    model.fail = None
    assert len(query("SELECT id FROM items WHERE ask(text, 'q') IS NOT NULL")) == 5


def test_empty_and_null_are_not_asked(store: Store, model: CountingModel, query: Callable[..., Any]) -> None:
    fill(store, 1)
    nothing = "ask(NULL, 'q'), ask('', 'q'), ask(x'', 'q'), ask('some text', NULL), describe(picture)"
    assert query(f"SELECT {nothing} FROM items") == [(None,) * 5]
    assert model.asked == []
    assert query("SELECT ask('some text', 'q')")[0][0] == said("ask", "q", "some text")


def test_similarity_comes_before_the_model(store: Store, model: CountingModel, query: Callable[..., Any]) -> None:
    words = ("trains run on rails", "bread is baked in ovens", "owls hoot at night")
    fill(store, 30, text=lambda n: f"{words[n % 3]}, said {n}")
    rows = store.db.rows("SELECT content_hash, title, text FROM items")
    vectors = registry.load().embed_batch([f"{row[1]}\n{row[2]}" for row in rows])
    store.vectors.put(registry.space(), [(row[0], vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)])
    near = "SELECT id FROM items WHERE similarity(text, 'railway trains on rails') > 0.5"
    count = len(query(near))
    assert 0 < count < 30
    query(near.replace("WHERE", "WHERE ask(text, 'q') AND"))
    assert len(model.asked) == count


def test_pictures_are_described_once(
    store: Store, model: CountingModel, query: Callable[..., Any], tmp_path: Path
) -> None:
    fill(store, 3)
    PictureFiles(tmp_path / "pictures").put(b"p" * 16, b"small", b"large")
    with store.db.write():
        store.db.run(
            "INSERT INTO pictures(id, url, state, hash) VALUES (1, 'https://x.example/1', 'there', ?)", (b"p" * 16,)
        )
        store.db.run("INSERT INTO pictures(id, url, state, hash) VALUES (2, 'https://x.example/2', 'wanted', NULL)")
        store.db.run_many("INSERT INTO item_pictures VALUES (?, 0, ?)", [(1, 1), (2, 1), (3, 2)])
    rows = query("SELECT id, describe(picture) IS NOT NULL FROM items ORDER BY id")
    assert rows == [(1, 1), (2, 1), (3, 0)] and len(model.asked) == 1
    assert model.asked[0][2].endswith("large.jpg")
    model.asked.clear()
    query("SELECT describe(picture) FROM pictures")
    assert model.asked == []


def test_probability_is_the_rankings(store: Store, query: Callable[..., Any]) -> None:
    fill(store, 2)
    with store.db.write():
        store.db.run("INSERT INTO scores VALUES (1, 0.0, 0.5, '{}', 1)")
    assert query("SELECT id, probability, probability(id) FROM items ORDER BY id") == [(1, 0.5, 0.5), (2, None, None)]


def test_a_limit_makes_a_count_the_most_it_can_be(store: Store, model: CountingModel, tmp_path: Path) -> None:
    fill(store, 30)
    files = PictureFiles(tmp_path / "pictures")
    with closing(Query(store, model, files, lambda: meaning_of(store, None))) as going:
        for more, words in (("", "0 answered before, 3 calls"), (" LIMIT 1", "0 answered before, at most 3 calls")):
            plan = going.plan(f"SELECT id FROM items WHERE points = 3 AND ask(text, 'is it odd?'){more}")
            *_, line = in_words(plan, going.expected(plan), "gguf:Counting:1")
            assert line == f"ask 1: 3 texts, {words}"
    assert not model.asked
