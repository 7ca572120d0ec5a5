"""SQL read and written again means the same to SQLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw
import pytest

from penchant.app.sql import model, outer, tree
from penchant.app.store import Store
from penchant.app.store.public_views import COLUMNS
from penchant.app.store.reading import SqlError

from .conftest import fill

EXPRESSIONS = [
    "date('2026-03-01', '-7 days')", "datetime('2026-03-01 10:00', '+1 month', 'start of month')",
    "strftime('%s', '2026-01-02')", "strftime('%Y-%W', '2026-01-02')", "julianday('2026-01-02')",
    "unixepoch('2026-01-02')", "time('10:11:12')", "substr('abcdef', -3)", "substr('abcdef', 2, 3)", "5 / 2",
    "5 / 2.0", "-5 % 3", "7 & 3 | 8", "1 << 4", "~5", "'a' || 'b' || 3", "'a' || 1 + 2", "NOT 1 = 2",
    "NOT NULL IS NULL", "1 IS NOT 2", "NULL IS NOT NULL", "1 IS 1", "NULL ISNULL", "1 NOTNULL", "1 NOT NULL",
    "'abc' LIKE 'A%'", "'abc' NOT LIKE 'A%'", "'a%c' LIKE 'a!%c' ESCAPE '!'", "'abc' GLOB 'a*'",
    "'abc' NOT GLOB 'A*'", "3 BETWEEN 1 AND 2 OR 1", "3 NOT BETWEEN 1 AND 2", "2 IN (1, 2)", "2 NOT IN (1, NULL)",
    "x'00ff' = x'00FF'", "1e3", ".5", "0x10", "'it''s'", "ifnull(NULL, 3)", "coalesce(NULL, NULL, 4)",
    "nullif(3, 3)", "iif(0, 1, 2)", "instr('hello', 'l')", "max(1, 2)", "min(3, 2)", "abs(-3)", "round(2.567, 2)",
    "round(2.5)", "printf('%05d|%s', 42, 'x')", "format('%d', 3)", "hex('ab')", "quote('a''b')", "typeof(1.0)",
    "typeof('1' + 1)", "upper('a')", "trim('  a ')", "trim('xxaxx', 'x')", "ltrim('xa', 'x')",
    "replace('aba', 'a', 'c')", "char(65, 66)", "unicode('A')", "json_extract('{\"a\": [1, 2]}', '$.a[1]')",
    "'{\"a\": 1}' -> '$.a'", "'{\"a\": \"b\"}' ->> 'a'", "json_array_length('[1,2,3]')", "CAST('12abc' AS INTEGER)",
    "CAST(3.9 AS INT)", "CAST('1.5' AS REAL)", "CAST(15 AS TEXT)", "CAST('1.0' AS NUMERIC)",
    "CASE 3 WHEN 3 THEN 'y' ELSE 'n' END", "CASE WHEN NULL THEN 1 END", "'a' = 'A' COLLATE NOCASE",
    "(SELECT count(*) FROM items WHERE points > 3)", "EXISTS (SELECT 1 FROM items)", "sign(-2)", "length('äö')",
    "total_changes() >= 0", "(SELECT group_concat(points, '-') FROM (SELECT points FROM items ORDER BY points))",
    "TRUE AND NOT FALSE", "1 <> 2", "1 != 2", "1 == 1", "(1, 2) = (1, 2)", "(SELECT value FROM json_each('[7]'))",
    "(SELECT sum(points) FILTER (WHERE points > 2) FROM items)", "- - 3",
    "(SELECT max(i.title) FROM items i JOIN sources s ON s.id = i.source_id)", "likely(1)", "random() IS NOT NULL",
    "concat('a', 'b')",
]  # fmt: skip


def test_expressions_stay_what_they_are(store: Store) -> None:
    fill(store, 5)
    db = store.db.apsw
    wrong = []
    for expression in EXPRESSIONS:
        sql = f"SELECT {expression}"
        again = tree.sql_of(tree.prepared(tree.parse(sql), COLUMNS))
        plain = sql.replace("i.source_id", "i.subscription_id").replace("sources", "subscriptions")
        again = again.replace("i.source_id", "i.subscription_id").replace("sources", "subscriptions")
        try:
            if list(db.execute(plain)) != list(db.execute(again)):
                wrong.append((expression, again))
        except apsw.SQLError as error:
            wrong.append((expression, f"{again}: {error}"))
    assert wrong == []


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT p FROM (SELECT text AS t, 3 AS p FROM items) WHERE p > 1 AND ask(t, 'q') IS NOT NULL", "p > 1"),
        ("SELECT points AS title, ask(text, 'q') AS p FROM items WHERE title = 'x'", "WHERE title = 'x'"),
        ("SELECT ask(text, 'q') AS p FROM items ORDER BY 1", "ORDER BY (ask(items.hash, 'q'))"),
        ("SELECT 1 FROM items WHERE NOT ask(text, 'q')", "NOT ask(items.hash, 'q') >= 0.5"),
        ("SELECT ask(a.text, 'q') FROM items a, items b WHERE (ask(b.text, 'q'))", "(ask(b.hash, 'q') >= 0.5)"),
        ("SELECT CASE WHEN ask(text, 'q') THEN 1 END, CASE ask(text, 'q') WHEN 1 THEN 2 END FROM items",
         "CASE ask(items.hash, 'q') WHEN"),
        ("WITH items AS (SELECT 'mine' AS text) SELECT ask(text, 'q') FROM items", "ask(text, 'q') FROM items"),
        ("SELECT describe(picture), summarize(title) FROM items", "describe(picture), summarize(title)"),
    ],
)  # fmt: skip
def test_what_was_meant(sql: str, words: str) -> None:
    assert words in tree.sql_of(tree.prepared(tree.parse(sql), COLUMNS))


@pytest.mark.parametrize(
    "sql", ["SELECT ask(", "ask(text)", "DELETE FROM items WHERE ask(text, 'q')", "SELECT ask(1); SELECT 2", ")" * 9]
)
def test_what_is_not_understood_is_said(sql: str) -> None:
    with pytest.raises(SqlError):
        tree.parse(sql)


def test_words_of_the_archive_are_no_functions(store: Store, query: Callable[..., Any]) -> None:
    fill(store, 2)
    assert query("SELECT count(*) FROM items WHERE title LIKE '%ask%' OR 'summarize' = 'x'") == [(0,)]
    assert not tree.mentions("SELECT 'ask', task FROM items") and tree.mentions("select ASK (text, 'q')")


def test_what_a_model_is_given_and_what_is_left_of_its_words() -> None:
    assert model.whole_sentences("Owls hunt. At night they") == "Owls hunt."
    for whole in ("Owls hunt. They do.", "Owls hunt…", "no sentence at all", ""):
        assert model.whole_sentences(whole) == whole
    read = model.question_of("word " * 2_000, "is it?")
    assert len(read.partition("\n\n")[0]) <= model.READ and read.count("is it?") == 1


def test_a_bare_ask_in_a_join_is_a_truth_value_and_a_limit_is_a_number_or_unknown() -> None:
    sql = "SELECT 1 FROM items a JOIN items b ON ask(a.text, 'q') LIMIT {}"
    prepared = tree.prepared(tree.parse(sql.format(3)), COLUMNS)
    assert "ask(a.hash, 'q') >= 0.5" in tree.sql_of(prepared)
    limits = [outer.limit_of(tree.parse(sql.format(each))) for each in ("3", "1 + 1", "?")]  # type: ignore[arg-type]
    assert limits == [3, 1, 1], "what is only known later may be one"
