"""The part of a search that goes by words: ranked by BM25, else by where they stand, else the newest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from . import condition, spelling
from .bound import bound
from .condition import Condition
from .marks import find, pattern
from .query import Query, Word

if TYPE_CHECKING:
    from . import Store
    from .connection import Database

#: Weights of title, text, author and alt text in BM25 (the order of the columns of `search`).
WEIGHTS = (8.0, 1.0, 4.0, 2.0)
#: Of more items that match, the newest so many compete.
COMPETING = 1_000
#: The same under a filter, where each that competes costs a look at many that do not.
FILTERED = 500
#: BM25 gives a word that more than half of all items have next to nothing, and counts every one of them for it. Of so
#: many of the newest items COMMON have such a word. Where more than FREQUENT have the other words, to rank by these
#: under a filter would go through more of them than it saves.
ASKED, COMMON, FREQUENT = 256, 160, 12
#: Letters of a beginning that alone ranks nothing where more items have it than compete.
BEGUN = 3
#: Letters of a beginning that is not ranked by beside other words.
SHORT = 2


def settled(db: Database, query: Query, whole: Query) -> Query:
    """A query that is being typed, with its last word as in `whole`, or left out, where that is as good and faster.

    As whole: what is by itself so common that its longer forms would change nothing. Two letters beside other words
    begin a large part of all words, and to rank by them takes 30 ms of 100,000 items: they are taken as a word where
    items have it beside the others, and else wait for a third letter.
    """
    if query == whole or not query.positive:
        return query
    last, rest = query.positive[-1].words[-1], query.positive[:-1]
    if not last.prefix or condition.unspaced(last.text):
        return query
    rows = "SELECT rowid FROM search WHERE search MATCH ? LIMIT ?"
    if len(db.rows(rows, (condition.match(replace(last, prefix=False)), COMPETING))) == COMPETING:
        return whole
    if len(last.text) > SHORT or not rest or any(condition.unspaced(word.text) for each in rest for word in each.words):
        return query
    if db.rows(rows, (condition.expression(whole), 1)):
        return whole
    return replace(query, clauses=tuple(each for each in query.clauses if each is not query.positive[-1]))


class ByWords(NamedTuple):
    """Item ids, best first. `exhausted`: all that match are there; `whole`: each has all the words of `query`."""

    ids: list[int]
    exhausted: bool
    whole: bool
    query: Query


def by_words(store: Store, query: Query, where: Condition, notes: list[str]) -> ByWords:
    """Item ids by BM25, and the query that found them.

    Where nothing has all the words, misspelled ones are corrected; where that fails too, some words are enough.
    """
    rest = where & condition.remaining(query)
    matching, whole = condition.expression(query), True
    if not matching:
        found = _unranked(store.db, query, rest)
    else:
        found = _ranked(store.db, matching, rest, _telling(store.db, query, matching, rest))
        if not found and (corrected := spelling.corrected(store.db, query, notes)):
            query = corrected
            found = _ranked(store.db, condition.expression(query), rest)
        if not found and len(query.positive) > 1:
            found, whole = _ranked(store.db, condition.expression(query, either=True), rest), False
            if found:
                notes.append("no item has all the words: these have some")
    return ByWords(found, len(found) < (FILTERED if rest else COMPETING), whole and bool(found), query)


def by_shadow(store: Store, query: Query, where: Condition) -> list[int]:
    """Item ids by what machines say of their pictures."""
    matching = condition.shadow_expression(query)
    if not matching:
        return []
    return store.descriptions.matching(matching, where & condition.remaining(query.excluded))


def listed(db: Database, query: Query, where: Condition, limit: int, order: str) -> list[int]:
    """Filters alone: the newest, or likeliest. What its source deleted is listed only among the reader's own marks."""
    if not any(each.name == "is" and each.value not in ("seen", "unseen") for each in query.filters):
        where = Condition("i.deleted_at IS NULL") & where
    if order != "likely":
        return _newest(db, where, limit)
    sql = (
        f"SELECT i.id FROM scores s CROSS JOIN items i ON i.id = s.item_id WHERE {where.sql}"
        " ORDER BY s.logit DESC, i.id DESC LIMIT ?"
    )
    found = [int(row[0]) for row in db.rows(sql, (*where.params, limit))]
    if len(found) == limit:
        return found
    unknown = where & Condition("NOT EXISTS (SELECT 1 FROM scores s WHERE s.item_id = i.id)")
    return found + _newest(db, unknown, limit - len(found))


def ordered(db: Database, ranked: list[tuple[int, float]], order: str) -> list[tuple[int, float]]:
    """What was found by another order than relevance; equals, and what has no score, stay as they were."""
    column = {"newest": "i.sort_at", "likely": "(SELECT s.logit FROM scores s WHERE s.item_id = i.id)"}.get(order)
    if column is None:
        return ranked
    sql = f"SELECT i.id, {column} FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
    keys: dict[int, float | None] = dict(db.rows(sql, (bound(item for item, _ in ranked),)))
    known = [entry for entry in ranked if keys.get(entry[0]) is not None]
    unknown = [entry for entry in ranked if keys.get(entry[0]) is None]
    return sorted(known, key=lambda entry: -(keys[entry[0]] or 0.0)) + unknown


def matching(db: Database, query: Query, where: Condition, most: int) -> list[int]:
    """Up to `most` of the newest items that have the words and pass the filters, in no particular order."""
    where = where & condition.remaining(query)
    words = condition.expression(query)
    if not words:
        return _newest(db, where, most)
    return [int(row[0]) for row in db.rows(*_select("s.rowid AS id", words, where, most))]


def _telling(db: Database, query: Query, matching: str, where: Condition) -> str:
    """What ranks the items of `matching`: all its words, or without those too common to tell items apart.

    '' where all are that common, or but begun: then the newest come first.
    """
    words = [word for clause in query.positive for word in clause.words]
    if len(words) == 1 and words[0].prefix and len(words[0].text) <= BEGUN:
        return ""
    last = int(db.value("SELECT max(id) FROM items") or 0)

    def having(words: str) -> int:
        sql = "SELECT count(*) FROM search WHERE search MATCH ? AND rowid > ?"
        return int(db.value(sql, (words, last - ASKED)))

    def common(word: Word) -> bool:
        return not (word.prefix or word.field or word.phrase) and having(condition.match(word)) >= COMMON

    if last <= 16 * ASKED:
        return matching
    telling = condition.telling(query, common)
    return matching if telling and where and telling != matching and having(telling) > FREQUENT else telling


def _ranked(db: Database, words: str, where: Condition, telling: str | None = None) -> list[int]:
    """Item ids of an FTS5 expression by the BM25 of `telling`, a part of it that finds more.

    '': the newest first, unless all that match can compete.
    """
    weights = ", ".join(map(str, WEIGHTS))
    limit = FILTERED if where else COMPETING
    if telling in (None, words):
        sql, params = _select(f"s.rowid AS id, bm25(search, {weights}) AS rank", words, where, limit)
        return [int(row[0]) for row in db.rows(f"SELECT id FROM ({sql}) ORDER BY rank, id DESC", params)]
    sql, params = _select("s.rowid AS id", words, where, limit)
    ids = [int(row[0]) for row in db.rows(sql, params)]
    if not telling:
        return ids if len(ids) == limit or not ids else _ranked(db, words, where)
    if not ids:
        return []
    # the plus keeps SQLite from asking FTS5 anew for each id
    sql = (
        "SELECT s.rowid FROM search s WHERE s.search MATCH ? AND s.rowid BETWEEN ? AND ?"
        f" AND +s.rowid IN (SELECT value FROM carray(?)) ORDER BY bm25(search, {weights}), s.rowid DESC"
    )
    return [int(row[0]) for row in db.rows(sql, (telling, ids[-1], ids[0], bound(ids)))]


def _select(columns: str, words: str, where: Condition, limit: int) -> tuple[str, tuple[object, ...]]:
    row_needed = where and where.needs_row
    join = " CROSS JOIN items i ON i.id = s.rowid" if row_needed else ""
    test = where.sql if row_needed else where.sql.replace("i.id", "s.rowid")
    sql = f"SELECT {columns} FROM search s{join} WHERE s.search MATCH ? AND {test} ORDER BY s.rowid DESC LIMIT {limit}"
    return sql, (words, *where.params)


def _unranked(db: Database, query: Query, where: Condition) -> list[int]:
    """Words of scripts without spaces: those in the title first, then the newest."""
    found = _newest(db, where, COMPETING)
    titles: dict[int, str] = dict(
        db.rows("SELECT id, title FROM items WHERE id IN (SELECT value FROM carray(?))", (bound(found),))
    )
    wanted = pattern(query, "title")
    return sorted(found, key=lambda item: not find(titles[item], wanted))


def _newest(db: Database, where: Condition, limit: int) -> list[int]:
    sql = f"SELECT i.id FROM items i WHERE {where.sql} ORDER BY i.sort_at DESC, i.id DESC LIMIT ?"
    return [int(row[0]) for row in db.rows(sql, (*where.params, limit))]
