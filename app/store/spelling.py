"""Words that no item has, put right by the words that items do have. Asked only where a search found nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.app.errors import StoreError

from . import condition
from .marks import fold
from .query import Clause, Query, Word

if TYPE_CHECKING:
    from .connection import Database

#: Shorter words are within one letter of too many others; words from LONG on may be two letters off.
SHORT, LONG = 4, 7
#: Words of the archive that are compared, at most, and words of one query that are put right.
MOST, WORDS = 20_000, 6
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = re.compile(r"[a-z]+")


def corrected(db: Database, query: Query, notes: list[str]) -> Query | None:
    """The query with each unknown word replaced by the nearest known one; None where nothing is to be put right.

    A word is a letter or two off (changed, left out, added, swapped with its neighbour). The notes say what was
    replaced.
    """
    asked = 0
    clauses: list[Clause] = []
    said: list[str] = []
    for clause in query.clauses:
        words = []
        for word in clause.words:
            text = fold(word.text)
            if not clause.negated and _may_be_wrong(word, text) and asked < WORDS and not _known(db, word):
                asked += 1
                if better := nearest(db, text):
                    said.append(f"no item has \u201c{word.text}\u201d: searched for \u201c{better}\u201d")
                    word = replace(word, text=better, prefix=False)
            words.append(word)
        clauses.append(replace(clause, words=tuple(words)))
    if not said:
        return None
    notes += said
    return replace(query, clauses=tuple(clauses))


def nearest(db: Database, text: str) -> str:
    """The word of the archive that `text` (lower case letters) most likely stands for; "" for none.

    The fewest changes win, then what more items have. Compared are the words with the same first two letters, and
    those one change of these letters away.
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    far = 2 if len(text) >= LONG else 1
    try:
        _open_vocabulary(db)
    except StoreError:  # a file system, or an authorizer, that allows nothing beside the archive either
        return ""
    span = (text[:2], text[:2] + "\U0010ffff", len(text) - far, len(text) + far, MOST)
    known: dict[str, int] = dict(
        db.rows(
            "SELECT term, doc FROM temp.vocabulary WHERE term >= ? AND term < ?"
            " AND length(term) BETWEEN ? AND ? LIMIT ?",
            span,
        )
    )
    near = extract(text, known.keys(), scorer=OSA.distance, score_cutoff=far, limit=50)
    found = [(int(distance), -known[term], term) for term, distance, _ in near]
    found += [(1, -count, term) for term, count in _at_the_start(db, text)]
    return min(found)[2] if found else ""


def _open_vocabulary(db: Database) -> None:
    """A view of the index's words in this connection's own temporary schema: the archive is not touched.

    `query_only` forbids temporary tables too, so it is lifted for this one statement.
    """
    if db.row("SELECT 1 FROM temp.sqlite_schema WHERE name = 'vocabulary'"):
        return
    held = db.pragma("query_only")
    db.pragma("query_only", "off")
    try:
        db.rows("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, search, row)")
    finally:
        db.pragma("query_only", "on" if held else "off")


def _at_the_start(db: Database, text: str) -> list[tuple[str, int]]:
    """Known words that differ from `text` by one change of its first two letters, with the items that have them."""
    first, second, rest = text[0], text[1], text[2:]
    tries = {second + rest, first + rest, second + first + rest}
    for letter in _LETTERS:
        tries |= {letter + second + rest, first + letter + rest, letter + text, first + letter + second + rest}
    tries.discard(text)
    sql = "SELECT term, doc FROM temp.vocabulary WHERE term = ?"
    return [(row[0], int(row[1])) for each in sorted(tries) for row in db.rows(sql, (each,))]


def _may_be_wrong(word: Word, text: str) -> bool:
    return not word.phrase and len(text) >= SHORT and _WORD.fullmatch(text) is not None


def _known(db: Database, word: Word) -> bool:
    anywhere = condition.match(replace(word, field=""))
    return db.row("SELECT 1 FROM search WHERE search MATCH ? LIMIT 1", (anywhere,)) is not None
