"""Nearest neighbours are numpy's, to the last one; means; what has no vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from penchant.app.embed import registry
from penchant.app.sql import vectors
from penchant.app.store import Store
from penchant.app.store.reading import SqlError

from .conftest import fill


def put(store: Store, count: int, *, seed: int = 0) -> np.ndarray:
    """Vectors of items 1..count, in their order; the last two are one."""
    made = np.random.default_rng(seed).normal(size=(count, registry.load().dim)).astype(np.float32)
    made[-1] = made[-2]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    hashes = store.items.hashes(range(1, count + 1))
    store.vectors.put(registry.space(), [(hashes[n + 1], made[n].tobytes()) for n in range(count)])
    return made


@pytest.mark.parametrize("single", [10, 10_000])
def test_nearest_are_numpys(
    store: Store, query: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, single: int
) -> None:
    monkeypatch.setattr(vectors, "SINGLE", single)
    fill(store, 300)
    matrix = put(store, 300)
    for words in ("a garden in the rain", "interest rates"):
        rows = query(f"SELECT id, similarity(text, '{words}') FROM items ORDER BY 2 DESC, id LIMIT 50")
        exact = matrix.astype(np.float64) @ registry.load().embed_batch([words])[0].astype(np.float64)
        best = sorted(range(300), key=lambda n: (-exact[n], n))[:50]
        assert [row[0] for row in rows] == [n + 1 for n in best]
        assert np.allclose([row[1] for row in rows], exact[best], atol=1e-6)


def test_means_items_and_texts(store: Store, query: Callable[..., Any]) -> None:
    fill(store, 20)
    matrix = put(store, 20).astype(np.float64)
    mean = matrix[:5].mean(axis=0)
    rows = query(
        "SELECT id, similarity(text, (SELECT mean_vector(text) FROM items WHERE id <= 5)) FROM items ORDER BY id"
    )
    assert np.allclose([row[1] for row in rows], matrix @ mean / np.linalg.norm(mean), atol=1e-6)
    [(alike,)] = query("SELECT similarity(a.text, b.text) FROM items a, items b WHERE a.id = 19 AND b.id = 20")
    assert alike == pytest.approx(1.0)
    [(same, none, empty)] = query(
        "SELECT similarity('a garden', 'a garden'), similarity(NULL, 'x'), mean_vector(text) FROM items WHERE id < 0"
    )
    assert (same, none, empty) in ((None, None, None), (pytest.approx(1.0), None, None))
    with pytest.raises(SqlError, match="no vector"):
        query("SELECT similarity(text, x'0011') FROM items")


def test_what_has_no_vector_yet_is_null_and_said(store: Store, query: Callable[..., Any]) -> None:
    fill(store, 3)
    assert query("SELECT similarity(text, 'x') FROM items") == [(None,)] * 3
    assert query.notes == ["3 texts have no vector yet: their similarity is NULL"]  # type: ignore[attr-defined]


def test_two_questions_of_each_row_are_two_tables_and_not_two_for_every_row(
    store: Store, query: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    every = vectors.Meaning._every

    def counted(self: Any, asked: object) -> dict[bytes, float]:
        made.append(asked)
        return every(self, asked)

    monkeypatch.setattr(vectors.Meaning, "_every", counted)
    monkeypatch.setattr(vectors, "SINGLE", 20)
    fill(store, 200)
    matrix = put(store, 200).astype(np.float64)
    asked = [f"'{chr(97 + n)} garden'" for n in range(vectors.TABLES + 2)]
    for number in (2, len(asked)):
        made.clear()
        columns = ", ".join(f"similarity(text, {words})" for words in asked[:number])
        rows = query(f"SELECT {columns} FROM items ORDER BY id")
        exact = matrix @ registry.load().embed_batch([each.strip("'") for each in asked[:number]]).astype(np.float64).T
        assert np.allclose(rows, exact, atol=1e-6)
        assert number <= len(made) <= number * (200 // vectors.SINGLE), "a table is paid for by as many single looks"
    assert len(set(made)) == number


def test_as_many_questions_as_rows_leave_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "REMEMBERED", 50)
    fill(store, 1)
    put_one = store.items.hashes([1])[1]
    meaning = vectors.Meaning(store, registry.space(), lambda text: np.ones(2, np.float32))
    for number in range(500):
        meaning.similarity(put_one, f"text {number}")
    assert len(meaning._looks) <= 50 and len(meaning._texts) <= 50
