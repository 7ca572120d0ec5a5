"""Whatever a plan makes of a SELECT, the rows are those of SQLite running it as written, and no call is added."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penchant.app.pictures.files import PictureFiles
from penchant.app.sql.running import Query
from penchant.app.sql.vectors import meaning_of
from penchant.app.store import Store

from .conftest import CountingModel, fill

PLAIN = st.sampled_from(
    ["points > 4", "points = 3", "is_liked", "NULL", "id % 2", "nullif(points, 3)", "text IS NULL", "lang = ''", "0",
     "1", "id IN (SELECT item_id FROM events)", "author LIKE '%1'"]
)  # fmt: skip
ASKED = st.sampled_from(
    ["ask(text, 'a')", "ask(text, 'b')", "ask(text, 'a') > 0.3", "ask(text, 'b') BETWEEN 0.2 AND 0.7",
     "ask(title, 'c')", "ask(nullif(title, 'Number 4'), 'a')", "ask(text, 'a') IS NULL", "points < 10 * ask(text, 'b')",
     "coalesce(ask(text, 'd'), 0) > 0.4", "summarize(text) LIKE '%1%'", "ask(text, iif(is_liked, 'a', 'b'))"]
)  # fmt: skip
CONDITION = st.recursive(
    PLAIN | ASKED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda each: f"({' '.join(each)})"),
        inner.map(lambda each: f"NOT ({each})"),
        st.tuples(inner, inner, inner).map(lambda each: "CASE WHEN {} THEN {} ELSE {} END".format(*each)),
    ),
    max_leaves=6,
)
TAIL = st.sampled_from(["", " ORDER BY id DESC", " ORDER BY points, id", " ORDER BY p, id", " ORDER BY 2 DESC, 1"])
LIMIT = st.sampled_from(["", " LIMIT 3", " LIMIT 2 OFFSET 1", " LIMIT 0"])
SHAPE = st.sampled_from(
    [
        "SELECT id, ask(text, 'p') AS p FROM items WHERE {}{}{}",
        "SELECT id, points AS p FROM items WHERE {}{}{}",
        "SELECT i.id, s.title AS p FROM items i JOIN sources s ON s.id = i.source_id WHERE {}{}{}",
        "SELECT items.id, e.seq AS p FROM items LEFT JOIN events e ON e.item_id = items.id WHERE {}{}{}",
        "SELECT points AS id, count(*) AS p FROM items WHERE {} GROUP BY points{}{}",
        "SELECT DISTINCT points AS id, is_liked AS p FROM items WHERE {}{}{}",
        "WITH x AS (SELECT id, points AS p FROM items WHERE {}) SELECT id, p FROM x{}{}",
        "SELECT id, points AS p FROM items WHERE {} UNION SELECT id, 7 FROM items WHERE ask(text, 'u'){}{}",
    ]
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "archive.db"
    with Store.open(path, role="cli") as store:
        fill(store, 24, text=lambda n: "" if n == 7 else f"ABORT {n}" if n == 11 else f"text {n % 20}")
    return path


def run(path: Path, sql: str, as_written: bool, warm: Callable[[Store], None] = lambda store: None) -> tuple[Any, int]:
    model = CountingModel()
    with Store.open(path, role="cli") as store:
        store.model_answers.forget()
        with closing(Query(store, model, PictureFiles(path.parent), lambda: meaning_of(store, None))) as query:
            return list(query.run(query.plan(sql, as_written=as_written), 1_000)), len(model.asked)


@settings(max_examples=30)
@given(shape=SHAPE, condition=CONDITION, tail=TAIL, limit=LIMIT)
@example(
    shape="SELECT i.id, s.title AS p FROM items i JOIN sources s ON s.id = i.source_id WHERE {}{}{}",
    condition="NOT (NOT ((points > 4 AND summarize(text) LIKE '%1%')))",
    tail="",
    limit="",
)
def test_same_rows_and_no_call_more(archive: Path, shape: str, condition: str, tail: str, limit: str) -> None:
    if not tail:
        limit = ""  # which rows come first is SQLite's choice then
    if "points AS id" in shape and "count" in shape and tail == " ORDER BY points, id":
        tail = " ORDER BY id, p"
    if " JOIN " in shape:
        condition = re.sub(r"\bid ", "items.id ", condition).replace("title", "items.title")
        tail = tail.replace(" id", " 1")
    if " i JOIN " in shape:
        condition = condition.replace("items.", "i.").replace("text", "i.text")
    if "UNION" in shape or "DISTINCT" in shape or "WITH" in shape:
        tail = tail.replace("points", "p")
    if "lang" in condition and "JOIN" in shape:
        condition = condition.replace("lang", "domain")
    sql = shape.format(condition, tail, limit)
    naive, calls = run(archive, sql, True)
    rows, fewer = run(archive, sql, False)
    order = tail and ("id" in tail or "1" in tail)
    assert rows == naive if order else sorted(map(repr, rows)) == sorted(map(repr, naive)), sql
    assert fewer <= calls, sql
