"""The connection for typed SQL: views as documented, nothing else, nothing written, within limits."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.app.errors import PenchantError
from penchant.app.store import Store
from penchant.app.store.public_views import COLUMNS
from penchant.app.store.reading import Reading, SqlError
from penchant.app.types import Event

from .conftest import fill

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sql.md"


@pytest.fixture
def reading(store: Store) -> Iterator[Reading]:
    fill(store, 12)
    opened = Reading(store.path, seconds=5)
    yield opened
    opened.close()


def test_views_are_those_documented(reading: Reading) -> None:
    documented: dict[str, list[str]] = {}
    for line in DOCS.read_text().splitlines():
        row = re.match(r"\| (\w+)\.(\w+) \|", line)
        if row:
            documented.setdefault(row[1], []).append(row[2])
    assert {view: tuple(columns) for view, columns in documented.items()} == COLUMNS
    for view, columns in COLUMNS.items():
        assert reading.describe(f"SELECT * FROM {view}") == columns


def test_what_the_views_say(store: Store, reading: Reading) -> None:
    def first(sql: str) -> tuple:
        return next(reading.rows(sql))

    assert first("SELECT count(*), sum(is_unseen), sum(is_liked) FROM items") == (12, 8, 0)
    assert first("SELECT title, source, author, tags, published_at, points FROM items WHERE id = 1") == (
        "Number 1", "Example", "Author 1", '["odd"]', "2026-05-28T20:26:39Z", 1,
    )  # fmt: skip
    assert first("SELECT count(*), max(title), max(items) FROM sources") == (1, "Example", 12)
    assert first("SELECT author, items, unseen FROM authors ORDER BY author_key") == ("Author 0", 3, 2)
    store.events.append([Event("collect", item_id=n, value={"collection": "papers", "in": True}) for n in (1, 2)])
    store.events.append([Event("collect", item_id=1, value={"collection": "papers", "in": False})])
    assert list(reading.rows("SELECT collection, item_id FROM collections")) == [("papers", 2)]
    assert first("SELECT value ->> 'collection' FROM events WHERE kind = 'collect' LIMIT 1") == ("papers",)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO items(id) VALUES (1)", "INSERT INTO main.items(id) VALUES (1)", "DELETE FROM main.events",
        "UPDATE items SET title = ''", "DROP TABLE main.items", "CREATE TABLE x(a)", "CREATE TEMP TABLE x(a)",
        "ATTACH '/tmp/other.db' AS other", "VACUUM", "VACUUM INTO '/tmp/other.db'", "PRAGMA journal_mode = delete",
        "PRAGMA writable_schema = 1", "SELECT load_extension('x')", "BEGIN", "REINDEX", "ANALYZE",
        "SELECT * FROM heads",
        "SELECT value FROM settings", "SELECT * FROM sqlite_master", "SELECT title FROM main.items",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM main.items", "SELEC", "SELECT nothing FROM items",
        "WITH x AS (SELECT 1) DELETE FROM items",
        "SELECT zeroblob(1000000000)", "SELECT " + "(1 + " * 300 + "1" + ")" * 300, "",
        "SELECT * FROM pragma_table_info('items')", "DETACH main", "SAVEPOINT a",
    ],
)  # fmt: skip
def test_refused_in_words_and_the_archive_untouched(store: Store, reading: Reading, sql: str) -> None:
    before = store.db.rows("SELECT count(*), total(id) FROM items"), store.data_version(), store.path.read_bytes()
    with pytest.raises(SqlError) as failed:
        reading.describe(sql)
        list(reading.rows(sql))
    assert str(failed.value) and "Error:" not in str(failed.value) and failed.value.hint
    assert (store.db.rows("SELECT count(*), total(id) FROM items"), store.data_version()) == before[:2]
    assert store.path.read_bytes() == before[2]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM items a, items b, items c, items d, items e, items f, items g, items h, items i, items j",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0",
    ],
)
def test_what_never_ends_is_ended(store: Store, sql: str) -> None:
    fill(store, 40)
    reading = Reading(store.path, seconds=0.3)
    with pytest.raises(PenchantError, match="longer than"):
        list(reading.rows(sql))
    with reading.uncounted():
        time.sleep(0.5)
    assert list(reading.rows("SELECT 1")) == [(1,)]
    reading.close()


def test_a_cte_named_as_a_view_reads_no_secret(reading: Reading) -> None:
    with pytest.raises(SqlError):
        list(reading.rows("WITH x AS (SELECT value FROM main.settings) SELECT * FROM x"))
