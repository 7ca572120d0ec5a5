"""What the word at the cursor of a query may become: operators (pure), and values that the archive has."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .condition import match
from .facets import term
from .marks import fold
from .query import ALIASES, DATE_FILTERS, HAVING, MARKS, OPERATORS, ORDERS, Word, searchable

if TYPE_CHECKING:
    from .connection import Database

MOST = 8
#: Items looked at for values: the newest. Letters from which authors are sought among all items.
RECENT, ENOUGH = 1_000, 2
_TOKEN = re.compile(r'-?(?:[A-Za-z]+:)?(?:"[^"]*(?:"\*?|$)|\S+)')
_NOTES = {
    "title": "words in the title",
    "text": "words in the text",
    "alt": "words in the description of a picture",
    "author": "who wrote it",
    "source": "where it comes from",
    "tag": "a tag",
    "lang": "its language: de, en",
    "kind": "what kind of source: rss, mastodon",
    "site": "the address it links to",
    "before": "older: 2025, 2025-01, 7d",
    "after": "newer: 2025-01-31, 2w",
    "on": "on a day, in a month: yesterday, 2025-01",
    "in": "a collection of yours",
    "is": ", ".join(dict.fromkeys(MARKS.values())),
    "has": ", ".join(dict.fromkeys(HAVING.values())),
    "sort": "newest, likely, relevance",
    "near": "near in meaning, whatever the words",
    "picture": "what a picture shows",
    "like": "the number of an item",
}
_FIXED = {
    "is": tuple(dict.fromkeys(MARKS.values())),
    "has": tuple(dict.fromkeys(HAVING.values())),
    "sort": tuple(dict.fromkeys(ORDERS.values())),
    **dict.fromkeys(DATE_FILTERS, ("today", "yesterday", "7d", "1m", "1y")),
}


@dataclass(frozen=True, slots=True)
class Completion:
    """Replace text[start:end] by `text`; `note` says what it is."""

    start: int
    end: int
    text: str
    note: str


def at_cursor(text: str, cursor: int) -> tuple[int, int, str, str, str]:
    """(start, end, sign, operator, value begun) of the word that ends at the cursor. Pure."""
    cursor = max(0, min(cursor, len(text)))
    for found in _TOKEN.finditer(text[:cursor]):
        if found.end() == cursor:
            word = found[0]
            sign = "-" if word.startswith("-") else ""
            name, colon, value = word[len(sign) :].partition(":")
            if not colon or not name.isalpha():
                return found.start(), cursor, sign, "", word[len(sign) :]
            name = ALIASES.get(name.lower(), name.lower())
            return found.start(), cursor, sign, name, value.lstrip('"')
    return cursor, cursor, "", "", ""


def complete(db: Database, text: str, cursor: int) -> list[Completion]:
    """At most MOST ways to go on at the cursor, the likeliest first; none inside what is whole. Never raises."""
    start, end, sign, name, begun = at_cursor(text, cursor)
    if not name:
        if not begun or not begun.isascii():
            return []
        found = [each for each in OPERATORS if each.startswith(begun.lower())]
        return [Completion(start, end, f"{sign}{each}:", _NOTES.get(each, "")) for each in found[:MOST]]
    if begun.endswith('"'):
        return []
    if name in _FIXED:
        values = [(value, "") for value in _FIXED[name] if value.startswith(begun.lower()) and value != begun.lower()]
    else:
        values = _values(db, name, begun.encode("utf-8", "replace").decode())
    return [
        Completion(start, end, f"{sign}{_written(name, value)}", note) for value, note in values[:MOST] if value.strip()
    ]


def _written(name: str, value: str) -> str:
    return f"{name}:{value}" if re.fullmatch(r"[\w.#@/-]+", value) else term(name, value)


def _values(db: Database, name: str, begun: str) -> list[tuple[str, str]]:
    if name == "source":
        rows = db.rows("SELECT title, address FROM subscriptions ORDER BY title, id")
        return [(title or address, address) for title, address in rows if _fits(begun, f"{title} {address}")]
    if name == "in":
        from .collections import Collections

        return [(each.name, f"{each.size}") for each in Collections(db).all() if _fits(begun, each.name)]
    if name == "kind":
        return [(kind, "") for (kind,) in db.rows("SELECT DISTINCT kind FROM subscriptions ORDER BY kind")
                if kind.startswith(begun.lower())]  # fmt: skip
    column = {"author": "author", "tag": "tags", "lang": "lang", "site": "domain"}.get(name)
    if column is None:
        return []
    held = Counter(row[0] for row in db.rows(*_looked_at(column, begun)))
    counts: Counter[str] = Counter()
    for value, count in held.items():
        for each in _tags(value) if column == "tags" else [value]:
            counts[each] += count
    fitting, whole = _beginning(begun.lstrip("#@")), fold(begun)
    found = [
        (not folded.startswith(whole), -count, value)
        for value, count in counts.items()
        if value and fitting(folded := fold(value))
    ]
    return [(value, f"{-count}") for _, count, value in sorted(found)]


def _looked_at(column: str, begun: str) -> tuple[str, tuple[object, ...]]:
    """Where values come from: authors from full text once some letters are there, else the newest items."""
    if column == "author" and len(begun) >= ENOUGH and searchable(begun):
        word = match(Word(begun, prefix=True, field="author"))
        return (
            "SELECT i.author FROM (SELECT rowid AS id FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?) f"
            " CROSS JOIN items i ON i.id = f.id",
            (word, RECENT),
        )
    return f"SELECT {column} FROM items WHERE deleted_at IS NULL ORDER BY sort_at DESC, id DESC LIMIT ?", (RECENT,)


def _tags(held: str) -> list[str]:
    try:
        found = json.loads(held) if held else []
    except ValueError:
        return []
    return [tag.lstrip("#") for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def _fits(begun: str, value: str) -> bool:
    """Whether a word of `value` begins like that."""
    return _beginning(begun)(fold(value)) is not None


def _beginning(begun: str) -> Callable[[str], object]:
    """Finds a word of a folded value that begins like that."""
    return re.compile(r"(?<!\w)" + re.escape(fold(begun))).search
