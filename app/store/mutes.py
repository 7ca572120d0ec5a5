"""Muted authors, sources and words as one SQL condition."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from penchant.app.types import Event

from .connection import Database


def condition(db: Database, mutes: Sequence[Event]) -> tuple[str, tuple[str, ...]]:
    """An SQL condition on `items i` that holds for what is not muted, and its parameters; ("", ())
    for no mutes.
    """
    keys: dict[str, set[str]] = {"author": set(), "source": set(), "word": set()}
    for event in mutes:
        what, key = str(event.value.get("what", "")), str(event.value.get("key", "")).strip()
        if key and what in keys:
            keys[what].add(key)
    clauses: list[str] = []
    params: list[str] = []
    if keys["author"]:
        clauses.append("i.author_key NOT IN (SELECT value FROM json_each(?))")
        params.append(json.dumps(sorted(keys["author"])))
    sources = _sources(db, keys["source"])
    if sources:
        # Whatever a source that is not muted also brought stays.
        clauses.append(
            "(i.subscription_id IS NULL OR i.subscription_id NOT IN (SELECT value FROM json_each(?))"
            " OR EXISTS (SELECT 1 FROM sightings m WHERE m.item_id = i.id"
            " AND m.subscription_id NOT IN (SELECT value FROM json_each(?))))"
        )
        params += [json.dumps(sources)] * 2
    words = _items_with(db, keys["word"])
    if words:
        clauses.append("i.id NOT IN (SELECT value FROM json_each(?))")
        params.append(json.dumps(words))
    return " AND ".join(clauses), tuple(params)


def _sources(db: Database, keys: set[str]) -> list[int]:
    """Subscriptions named by number, "kind:address", address or title."""
    if not keys:
        return []
    wanted = {key.casefold() for key in keys}
    return [
        id_
        for id_, kind, address, title in db.rows("SELECT id, kind, address, title FROM subscriptions")
        if wanted & {str(id_), f"{kind}:{address}".casefold(), address.casefold(), title.casefold()}
    ]


def _items_with(db: Database, words: set[str]) -> list[int]:
    """Items whose title or text has one of the words, whole and in any case.

    The full-text index nominates; where a word is more than letters and
    digits ("c++"), or the index cannot split it (Chinese), the text is read.
    """
    found: set[int] = set()
    for word in words:
        tokens = re.findall(r"\w+", word.replace("_", " "))
        phrase = " ".join(tokens)
        plain = phrase.casefold() == word.casefold() and word.isascii()
        if plain:
            rows = db.rows("SELECT rowid FROM search WHERE search MATCH ?", (f'{{title text}} : "{phrase}"',))
            found.update(row[0] for row in rows)
            continue
        whole = re.compile(_edge(word, 0) + re.escape(word) + _edge(word, -1), re.IGNORECASE)
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        # LIKE folds ASCII case only: a word beyond ASCII is looked for by the expression alone.
        clause, params = (
            ("WHERE title LIKE ?1 ESCAPE '\\' OR text LIKE ?1 ESCAPE '\\'", (like,))
            if word.isascii()
            else ("", ())
        )
        rows = db.rows(f"SELECT id, title, text FROM items {clause}", params)
        found.update(id_ for id_, title, text in rows if whole.search(title) or whole.search(text))
    return sorted(found)


def _edge(word: str, end: int) -> str:
    """A word boundary, where the word has letters there and its script has spaces."""
    letter = word[end]
    if not (letter.isalnum() and ord(letter) < 0x2E80):
        return ""
    return r"(?<!\w)" if end == 0 else r"(?!\w)"
