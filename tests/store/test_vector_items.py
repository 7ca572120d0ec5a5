"""The pairs of vectors and items: in step whatever happens to either, told and mended where they are not."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.store import Store, doctor, text_index, vector_items
from penchant.app.store.condition import EVERYTHING, UNSEEN, Condition
from penchant.app.store.migrations import MIGRATIONS

ITEM = (
    "INSERT INTO items(id, uid, native_id, content_hash, kind, first_seen, sort_at)"
    " VALUES (?1, ?1, ?1, ?2, 'rss', 0, 0)"
)
_number = st.integers(1, 3)
_text = st.sampled_from("abc").map(lambda letter: letter.encode() * 16)
_deed = st.one_of(
    st.tuples(st.just("item"), _number, _text),
    st.tuples(st.just("edit"), _number, _text),
    st.tuples(st.just("gone"), _number),
    st.tuples(st.just("put"), st.sampled_from("mn"), _text),
    st.tuples(st.just("prune")),
    st.tuples(st.just("drop"), st.sampled_from("mn")),
)


def pairs(store: Store) -> list[tuple[int, int]]:
    return store.db.rows("SELECT embedding_id, item_id FROM vector_items ORDER BY 1, 2")


def wanted(store: Store) -> list[tuple[int, int]]:
    texts = store.db.rows("SELECT id, content_hash FROM items")
    vectors = store.db.rows("SELECT id, content_hash FROM embeddings")
    return sorted((vector, item) for vector, said in vectors for item, text in texts if said == text)


def add(store: Store, number: int, text: bytes) -> None:
    store.db.run(ITEM, (number, text))
    text_index.add(store.db, number, number)


def do(store: Store, deed: tuple) -> None:
    match deed:
        case "item", number, text:
            if not store.db.row("SELECT 1 FROM items WHERE id = ?", (number,)):
                add(store, number, text)
        case "edit", number, text:
            store.db.run("UPDATE items SET content_hash = ? WHERE id = ?", (text, number))
        case "gone", number:
            store.db.run("DELETE FROM items WHERE id = ?", (number,))
        case "put", space, text:
            store.vectors.put(space, [(text, np.ones(8, "<f4").tobytes())])
        case ("prune",):
            store.vectors.prune()
        case "drop", space:
            store.vectors.drop(space)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "archive.db"
    Store.open(path, role="cli").close()
    return path


@settings(max_examples=80, deadline=None)
@given(deeds=st.lists(_deed, min_size=5, max_size=25))
def test_whatever_happens_each_vector_has_the_items_of_its_text(shared: Path, deeds: list[tuple]) -> None:
    with Store.open(shared, role="cli") as store:
        for number in range(1, 4):
            do(store, ("gone", number))
        for space in "mn":
            do(store, ("drop", space))
        assert pairs(store) == []
        for deed in deeds:
            do(store, deed)
            assert pairs(store) == wanted(store), deed
        assert vector_items.wrong(store.db) == 0


def filled(store: Store) -> None:
    for number in range(1, 9):
        add(store, number, bytes([number // 2]) * 16)
    store.vectors.put("m", [(bytes([half]) * 16, np.full(8, half + 1, "<f4").tobytes()) for half in range(5)])


def test_an_archive_of_before_gets_its_pairs(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with Store.open(path, role="cli") as store:
        filled(store)
        right = pairs(store)
    old = apsw.Connection(str(path))
    for name in ("vector", "gone", "new", "edit", "item"):
        old.execute(f"DROP TRIGGER vector_items_{name}")
    old.execute("DROP TABLE vector_items; CREATE INDEX embeddings_text ON embeddings(id, content_hash)")
    old.close()
    [step] = [each for each in MIGRATIONS if each.version == 17]
    with Store.open(path, role="cli") as store:
        with store.db.write():
            step.apply(store.db)
        assert pairs(store) == right == wanted(store) and len(right) == 8
        assert not store.db.row("SELECT 1 FROM sqlite_schema WHERE name = 'embeddings_text'")


def test_the_doctor_tells_of_wrong_pairs_and_a_rebuild_mends_them(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    with Store.open(path, role="cli") as store:
        filled(store)
        right = pairs(store)
        store.db.run("DELETE FROM vector_items WHERE item_id = 3")
        store.db.run("INSERT INTO vector_items VALUES (1, 99)")
        assert vector_items.wrong(store.db) == 2
    told = [found.found for found in doctor.check(path).findings if found.topic == "vectors" and found.level == "error"]
    assert len(told) == 1 and "2" in told[0]
    with Store.open(path, role="cli") as store:
        store.vectors.rebuild_coarse()
        assert pairs(store) == right


@pytest.mark.parametrize("extra", [EVERYTHING, Condition("i.id <> ?", (4,)), Condition("i.kind = ?", ("rss",))])
@pytest.mark.parametrize("negated", [False, True])
def test_going_through_all_items_finds_what_each_alone_would(tmp_path: Path, extra: Condition, negated: bool) -> None:
    """The join that takes the place of a subquery for `is:unseen` says the same, alone, beside others and negated."""
    where = extra & (~UNSEEN if negated else UNSEEN)
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        filled(store)
        store.db.run(
            "INSERT INTO item_state(item_id, seen, opened, liked, skipped, saved, later)"
            " VALUES (2, 1, 0, 0, 0, 0, 0), (3, 0, 0, 0, 0, 0, 0), (4, 1, 0, 0, 0, 0, 0)"
        )
        each = [row[0] for row in store.db.rows(f"SELECT i.id FROM items i WHERE {where.sql}", where.params)]
        assert sorted(row[0] for row in store.db.rows(f"SELECT {where.of_all()}", where.params)) == sorted(each)
        assert each, "something passes"
