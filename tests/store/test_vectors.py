"""Vectors in a real archive, against plain numpy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.store import Store, coarse, vector_items, vectors
from penchant.app.store.bound import bound
from penchant.app.store.condition import UNSEEN, Condition
from penchant.app.types import Event

DIM = 24


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def fill(store: Store, texts: list[str]) -> list[int]:
    subscription = store.subscriptions.add("rss", "https://feed.example/")
    items = tuple(
        Item(native_id=f"n{number}", url=f"https://feed.example/{number}", title=text)
        for number, text in enumerate(texts)
    )
    return store.items.put_page(subscription, Page(items, {}), 1_700_000_000.0).item_ids


def hashes(store: Store, ids: list[int]) -> dict[int, bytes]:
    return store.items.hashes(ids)


def unit(rng: np.random.Generator, count: int, dim: int = DIM) -> np.ndarray:
    rows = rng.standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def put(store: Store, space: str, ids: list[int], rows: np.ndarray) -> int:
    known = hashes(store, ids)
    return store.vectors.put(
        space, [(known[item], row.tobytes()) for item, row in zip(ids, rows, strict=True)]
    )


def brute(
    ids: list[int], rows: np.ndarray, query: np.ndarray, k: int, allowed: set[int] | None = None
) -> list[int]:
    cosines = rows @ (query / np.linalg.norm(query))
    order = sorted(range(len(ids)), key=lambda index: (-cosines[index], ids[index]))
    return [ids[index] for index in order if allowed is None or ids[index] in allowed][:k]


def test_nearest_is_what_numpy_finds_across_several_blocks(store: Store) -> None:
    rng = np.random.default_rng(1)
    ids = fill(store, [f"text {number}" for number in range(2_500)])
    rows = unit(rng, len(ids))
    for start in range(0, len(ids), 40):
        assert put(store, "m", ids[start : start + 40], rows[start : start + 40]) == len(
            ids[start : start + 40]
        )
    for _ in range(20):
        query = unit(rng, 1)[0] * 3
        found = store.vectors.nearest("m", query, 20)
        assert [item for item, _ in found] == brute(ids, rows, query, 20)
        best = ids.index(found[0][0])
        assert found[0][1] == pytest.approx(float(rows[best] @ query) / 3, abs=1e-5)


def test_filters_act_inside_the_search(store: Store) -> None:
    """An unseen-only search returns k unseen items even when the nearest hundreds are seen."""
    rng = np.random.default_rng(2)
    ids = fill(store, [f"text {number}" for number in range(1_500)])
    rows = unit(rng, len(ids))
    put(store, "m", ids, rows)
    query = rows[0]
    near = brute(ids, rows, query, 1_480)
    store.events.append([Event("impression", item) for item in near])
    unseen = set(ids) - set(near)
    found = [item for item, _ in store.vectors.nearest("m", query, 20, unseen=True)]
    assert found == brute(ids, rows, query, 20, unseen)
    some = set(near[500:520])
    assert [i for i, _ in store.vectors.nearest("m", query, 10, ids=some)] == brute(
        ids, rows, query, 10, some
    )
    named = {near[7], near[900]}
    where = Condition("i.title IN (?, ?)", tuple(f"text {ids.index(item)}" for item in named))
    assert {i for i, _ in store.vectors.nearest("m", query, 10, where=where)} == named
    assert store.vectors.nearest("m", query, 10, where=Condition("i.lang = ?", ("xx",))) == []
    assert store.vectors.nearest("m", query, 10, ids=[]) == []


def test_equal_texts_share_one_vector_and_both_items_keep_theirs(store: Store) -> None:
    ids = fill(store, ["alike", "alike", "another"])
    rows = unit(np.random.default_rng(3), 3)
    known = hashes(store, ids)
    assert known[ids[0]] == known[ids[1]] and ids[0] != ids[1]
    assert (
        store.vectors.put("m", [(known[ids[0]], rows[0].tobytes()), (known[ids[2]], rows[2].tobytes())]) == 2
    )
    assert store.vectors.put("m", [(known[ids[1]], rows[1].tobytes())]) == 0
    matrix, mask = store.vectors.get_matrix("m", ids)
    assert mask.all() and (matrix == rows[[0, 0, 2]]).all()
    assert [item for item, _ in store.vectors.nearest("m", rows[0], 2)] == sorted(ids[:2])


def test_get_matrix_keeps_order_repetitions_and_gaps(store: Store) -> None:
    rng = np.random.default_rng(4)
    ids = fill(store, [f"text {number}" for number in range(50)])
    rows = unit(rng, 50)
    put(store, "m", ids[:40], rows[:40])
    asked = [ids[45], ids[3], 10**12, ids[3], ids[0], -5]
    matrix, mask = store.vectors.get_matrix("m", asked)
    assert matrix.dtype == np.float32 and matrix.shape == (6, DIM)
    assert mask.tolist() == [False, True, False, True, True, False]
    assert (matrix[[1, 3, 4]] == rows[[3, 3, 0]]).all() and not matrix[~mask].any()
    assert store.vectors.get_matrix("none", asked)[0].shape == (6, 0)
    assert store.vectors.get_matrix("m", [])[0].shape == (0, DIM)


def test_spaces_stand_side_by_side(store: Store) -> None:
    rng = np.random.default_rng(5)
    ids = fill(store, ["one", "two", "three"])
    small, large = unit(rng, 3, 8), unit(rng, 3, 32)
    put(store, "small", ids, small)
    put(store, "large", ids[:2], large[:2])
    assert [(s.name, s.dim, s.count, s.complete) for s in store.vectors.spaces()] == [
        ("small", 8, 3, False),
        ("large", 32, 2, False),
    ]
    assert store.vectors.missing("small") == []
    assert [(row[0], row[2]) for row in store.vectors.missing("large")] == [(ids[2], "three")]
    assert store.vectors.missing("large", item_ids=ids[:2]) == []
    store.vectors.set_complete("small")
    assert store.vectors.spaces()[0].complete
    store.vectors.drop("small")
    assert [space.name for space in store.vectors.spaces()] == ["large"]
    assert store.vectors.nearest("small", small[0], 3) == []
    assert store.vectors.nearest("large", large[1], 1)[0][0] == ids[1]
    assert store.db.value("SELECT count(*) FROM coarse") == 1


def test_vectors_of_another_length_are_refused(store: Store) -> None:
    ids = fill(store, ["one", "two"])
    rows = unit(np.random.default_rng(6), 2)
    put(store, "m", ids[:1], rows[:1])
    with pytest.raises(ValueError, match="24"):
        put(store, "m", ids[1:], unit(np.random.default_rng(6), 1, 8))
    with pytest.raises(ValueError, match="24"):
        store.vectors.nearest("m", np.ones(8), 3)
    assert store.vectors.spaces()[0].count == 1


def test_texts_without_a_direction_are_kept_and_never_near(store: Store) -> None:
    ids = fill(store, ["one", "two", "three"])
    rows = unit(np.random.default_rng(7), 3)
    rows[1] = 0
    rows[2] = np.nan
    put(store, "m", ids, rows)
    assert store.vectors.missing("m") == []
    assert [item for item, _ in store.vectors.nearest("m", rows[0], 3)] == ids[:1]
    assert store.vectors.nearest("m", np.zeros(DIM), 3) == []
    assert [i for i, _ in store.vectors.nearest("m", rows[0], 3, where=Condition("i.id > ?", (0,)))] == ids[
        :1
    ]


def test_prune_forgets_what_no_item_says_any_more(store: Store) -> None:
    rng = np.random.default_rng(8)
    ids = fill(store, ["one", "two", "three"])
    rows = unit(rng, 3)
    put(store, "m", ids, rows)
    store.vectors.put("m", [(b"x" * 16, rows[0].tobytes())])
    before = store.db.rows("SELECT ids, inverse, vectors FROM coarse")
    assert store.vectors.prune() == 1
    assert store.vectors.prune() == 0
    assert store.db.rows("SELECT ids, inverse, vectors FROM coarse") != before
    assert [item for item, _ in store.vectors.nearest("m", rows[2], 1)] == [ids[2]]


def test_a_rolled_back_put_leaves_no_trace(store: Store) -> None:
    ids = fill(store, ["one", "two"])
    rows = unit(np.random.default_rng(9), 2)
    put(store, "m", ids[:1], rows[:1])
    with pytest.raises(RuntimeError), store.db.write():
        put(store, "m", ids[1:], rows[1:])
        raise RuntimeError
    assert [item for item, _ in store.vectors.nearest("m", rows[1], 5)] == ids[:1]
    put(store, "m", ids[1:], rows[1:])
    assert [item for item, _ in store.vectors.nearest("m", rows[1], 5)] == [ids[1], ids[0]]


@settings(max_examples=15, deadline=None)
@given(
    batches=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    dim=st.integers(2, 40),
    seed=st.integers(0, 2**31),
)
def test_however_they_arrive_the_blocks_hold_each_vector_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], dim: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    with Store.open(tmp_path_factory.mktemp("v") / "a.db", role="worker") as store:
        number = 0
        for size in batches:
            rows = unit(rng, size, dim)
            store.vectors.put(
                "m", [(f"{number + i:016d}".encode(), row.tobytes()) for i, row in enumerate(rows)]
            )
            number += size
        before = store.db.rows("SELECT space_id, ids, inverse, vectors FROM coarse ORDER BY id")
        held = np.concatenate([np.frombuffer(row[1], "<i8") for row in before])
        assert sorted(held[held > 0]) == [
            row[0] for row in store.db.rows("SELECT id FROM embeddings ORDER BY id")
        ]
        store.vectors.rebuild_coarse()
        assert store.db.rows("SELECT space_id, ids, inverse, vectors FROM coarse ORDER BY id") == before


def held(store: Store) -> list[int]:
    rows = store.db.rows("SELECT ids FROM coarse ORDER BY id")
    found = np.concatenate([np.frombuffer(row[0], "<i8") for row in rows])
    return found[found > 0].tolist()  # type: ignore[no-any-return]


def test_a_rebuild_repairs_whatever_is_wrong_with_the_blocks(store: Store) -> None:
    rng = np.random.default_rng(10)
    ids = fill(store, [f"text {number}" for number in range(2_100)])
    rows = unit(rng, len(ids))
    put(store, "m", ids, rows)
    blocks = [row[0] for row in store.db.rows("SELECT id FROM coarse ORDER BY id")]
    with store.db.write():
        wrong = np.frombuffer(store.db.value("SELECT ids FROM coarse WHERE id = ?", (blocks[0],)), "<i8").copy()
        wrong[3], wrong[5], wrong[9] = 0, wrong[6], 99_999  # a hole, one twice, one that is gone
        store.db.run("UPDATE coarse SET ids = ? WHERE id = ?", (wrong.tobytes(), blocks[0]))
        store.db.run("UPDATE coarse SET vectors = zeroblob(?) WHERE id = ?", (1_024 * DIM, blocks[1]))
        store.db.run("UPDATE coarse SET vectors = x'00' WHERE id = ?", (blocks[2],))
    store.vectors.rebuild_coarse()
    assert sorted(held(store)) == [row[0] for row in store.db.rows("SELECT id FROM embeddings ORDER BY id")]
    for query in unit(rng, 10):
        assert [item for item, _ in store.vectors.nearest("m", query, 20)] == brute(ids, rows, query, 20)


_REBUILD = """
import sys
from penchant.app.store import Store, coarse, vector_items, vectors
from penchant.app.store.bound import bound
with Store.open(sys.argv[1], role="worker") as store:
    print("on", flush=True)
    while True:
        store.vectors.rebuild_coarse()
"""


def test_a_rebuild_killed_anywhere_leaves_searches_right_and_holds_no_lock_for_long(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "archive.db"
    with Store.open(path, role="cli") as store:
        ids = fill(store, [f"text {number}" for number in range(2_100)])
        rows = unit(rng, len(ids))
        put(store, "m", ids, rows)
        garbage = rng.bytes(coarse.size(DIM))
        for turn in range(4):
            with store.db.write():
                store.db.run("UPDATE coarse SET vectors = ?", (garbage,))
            command = [sys.executable, "-c", _REBUILD, str(path)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            try:
                assert child.stdout is not None and child.stdout.readline() == "on\n"
                time.sleep(0.003 * turn)
                store.events.append([Event("open", ids[turn])])  # a keypress goes between
            finally:
                child.kill()
                child.wait()
            assert sorted(held(store)) == [row[0] for row in store.db.rows("SELECT id FROM embeddings ORDER BY id")]
        store.vectors.rebuild_coarse()
        query = unit(rng, 1)[0]
        assert [item for item, _ in store.vectors.nearest("m", query, 20)] == brute(ids, rows, query, 20)


def test_k_unseen_come_back_where_nearly_everything_is_seen(store: Store) -> None:
    """The nearest 20,000 are seen: the 20 that are not are found among the rest."""
    rng = np.random.default_rng(12)
    ids = fill(store, [f"text {number}" for number in range(300)])
    rows = np.repeat(unit(rng, 1, 8), 300, axis=0) + 0.001 * unit(rng, 300, 8)
    put(store, "m", ids, rows)
    near = [(f"{n:016d}".encode(), (rows[0] + 1e-5 * row).tobytes()) for n, row in enumerate(unit(rng, 20_000, 8))]
    store.vectors.put("m", near)
    with store.db.write():
        store.db.run(
            "INSERT INTO items(id, uid, native_id, content_hash, kind, first_seen, sort_at)"
            " SELECT 100000 + e.id, 'u' || e.id, e.id, e.content_hash, 'rss', 0, 0 FROM embeddings e"
            " WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.content_hash = e.content_hash)"
        )
        store.db.run(
            "INSERT INTO item_state(item_id, seen, opened, liked, skipped, saved, later)"
            " SELECT id, 1, 0, 0, 0, 0, 0 FROM items WHERE id > 100000"
        )
    store.events.append([Event("impression", item) for item in ids[:280]])
    found = [item for item, _ in store.vectors.nearest("m", rows[0], 20, unseen=True)]
    assert sorted(found) == ids[280:]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand vectors count as many: signs choose, a sample tells what passes, the walk ends early."""
    for name, value in (("SMALL", 64), ("SAMPLE", 32)):
        monkeypatch.setattr(vectors, name, value)
    monkeypatch.setattr(coarse, "LEAST", 2_000)


def test_among_many_almost_all_of_the_nearest_come_under_any_filter(store: Store, large: None) -> None:
    rng = np.random.default_rng(8)
    ids = fill(store, [f"text {number}" for number in range(5_000)])
    rows = unit(rng, len(ids), 96)
    put(store, "m", ids, rows)
    marked = rng.permutation(len(ids))
    hits = {}
    for seen in (0, 2_500, 4_500, 4_990):  # the share that passes was asked before: it is wrong, the answer is not
        store.events.append([Event("impression", ids[place]) for place in marked[:seen]])
        left = {ids[place] for place in marked[seen:]}
        right = 0
        for query in unit(rng, 10, 96):
            found = store.vectors.nearest("m", query, 20, unseen=True)
            wanted = brute(ids, rows, query, 20, left)
            assert len(found) == len(wanted) and {item for item, _ in found} <= left
            assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
            right += len(set(wanted) & {item for item, _ in found})
        hits[seen] = right / (10 * min(20, len(left)))
    assert store.vectors._passing(UNSEEN) < vectors.RARE, "asked anew once too few were found"
    store.db.run("UPDATE item_state SET seen = 0")
    assert store.vectors._passing(UNSEEN) == 1.0, "that few pass is not remembered"
    assert min(hits.values()) >= 0.9 and sum(hits.values()) / len(hits) >= 0.97, hits


def test_filters_are_asked_without_reading_a_vector_or_an_item(store: Store) -> None:
    plan = [row[3] for row in store.db.rows("EXPLAIN QUERY PLAN " + vector_items.passing(UNSEEN), (bound([1]),))]
    assert any("vector_items USING PRIMARY KEY" in step for step in plan), plan
    assert not any("embeddings" in step or "items i" in step for step in plan), plan
