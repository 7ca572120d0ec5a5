"""A query as SQL: conditions with bound parameters, and one FTS5 expression. Pure.

Every condition speaks of the table alias `i` (items). No text of the reader
ever becomes SQL; inside FTS5 expressions words are always quoted strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .collections import MEMBERS
from .query import Clause, Filter, Query, Word

#: Scripts that put no spaces between words, where full text needs `search_unspaced` (the triggers' GLOB).
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U000323af]"
)
#: Few items are liked, saved or later: they drive a search. Most may be seen: each candidate is asked, and for a value,
#: which takes a quarter less than NOT EXISTS.
_UNSEEN = "(SELECT z.seen FROM item_state z WHERE z.item_id = i.id) IS NOT 1"
_MARKS = {
    "liked": "i.id IN (SELECT z.item_id FROM item_state z WHERE z.liked)",
    "saved": "i.id IN (SELECT z.item_id FROM item_state z WHERE z.saved)",
    "later": "i.id IN (SELECT z.item_id FROM item_state z WHERE z.later)",
    "skipped": "EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = i.id AND z.skipped)",
    "seen": "EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = i.id AND z.seen)",
    "read": "EXISTS (SELECT 1 FROM item_state z WHERE z.item_id = i.id AND z.opened)",
    "unseen": _UNSEEN,
    "draft": "i.kind = 'draft'",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean SQL expression over `i` and what its question marks stand for.

    `parts`: the same as expressions of which all must be true.
    """

    sql: str
    params: tuple[Any, ...] = ()
    parts: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.parts:
            object.__setattr__(self, "parts", (self.sql,))

    def __and__(self, other: Condition) -> Condition:
        if not other:
            return self
        if not self:
            return other
        return Condition(f"{self.sql} AND {other.sql}", self.params + other.params, self.parts + other.parts)

    @property
    def ids(self) -> str:
        """The table whose rows stand for items `i`: where only their ids are asked, one a fortieth as large."""
        return "items" if self.needs_row else "search_docsize"

    def of_all(self) -> str:
        """What to put after SELECT to go through all items, for the ids of those that pass (with `params`).

        A join tells what is unseen in half the time that a subquery takes.
        """
        test = " AND ".join("u.seen IS NOT 1" if part == _UNSEEN else part for part in self.parts)
        return f"i.id FROM {self.ids} i LEFT JOIN item_state u ON u.item_id = i.id WHERE {test}"

    def __invert__(self) -> Condition:
        return Condition(f"NOT ({self.sql})", self.params)

    def __bool__(self) -> bool:
        return self.sql != "1"

    @property
    def needs_row(self) -> bool:
        """Whether it speaks of anything but the item's id, so that the item itself must be read."""
        return re.search(r"\bi\.(?!id\b)", self.sql) is not None


EVERYTHING = Condition("1")
UNSEEN = Condition(_UNSEEN)


def unspaced(text: str) -> bool:
    """Whether the text holds a character of a script that puts no spaces between words."""
    return _UNSPACED.search(text) is not None


def filters(query: Query) -> Condition:
    """Every filter of the query as one condition."""
    found = EVERYTHING
    for each in query.filters:
        made = _condition(each)
        found &= ~made if each.negated else made
    return found


def expression(query: Query, *, either: bool = False) -> str:
    """The FTS5 expression of the positive clauses that `search` can rank; '' where there is none.

    With `either`, any one clause is enough.
    """
    parts = [_match_clause(clause) for clause in query.positive if not _hard(clause)]
    return (" OR " if either else " AND ").join(parts)


def telling(query: Query, common: Callable[[Word], bool]) -> str:
    """`expression` without the words that `common` says are in most items; '' where no other is left."""
    left = [
        clause
        for clause in query.positive
        if not _hard(clause) and (len(clause.words) > 1 or not common(clause.words[0]))
    ]
    return " AND ".join(map(_match_clause, left))


def shadow_expression(query: Query) -> str:
    """The FTS5 expression for text shadows: every positive clause without the words of other fields; "" for none."""
    parts: list[str] = []
    for clause in query.positive:
        words = [replace(word, field="") for word in clause.words if word.field in ("", "alt")]
        if not words or _hard(clause):
            return ""
        parts.append(_match_clause(replace(clause, words=tuple(words))))
    return " AND ".join(parts)


def remaining(query: Query) -> Condition:
    """What `expression` leaves out: excluded words, and words of scripts without spaces."""
    found = EVERYTHING
    for clause in query.clauses:
        if clause.negated or _hard(clause):
            anything = [_contains(word) for word in clause.words]
            made = Condition(
                "(" + " OR ".join(each.sql for each in anything) + ")",
                tuple(param for each in anything for param in each.params),
            )
            found &= ~made if clause.negated else made
    return found


def _hard(clause: Clause) -> bool:
    return any(unspaced(word.text) for word in clause.words)


def _match_clause(clause: Clause) -> str:
    parts = [match(word) for word in clause.words]
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def match(word: Word) -> str:
    """One word as an FTS5 expression."""
    column = f"{word.field} : " if word.field else ""
    return f'{column}"{_plain(word.text)}"{" *" if word.prefix else ""}'


def _plain(text: str) -> str:
    # FTS5 ends an expression at NUL; a lone surrogate is no UTF-8.
    return text.replace('"', '""').replace("\0", " ").encode("utf-8", "replace").decode()


def _contains(word: Word) -> Condition:
    """Items that hold one word, by whichever index can tell."""
    if not unspaced(word.text):
        return Condition("i.id IN (SELECT rowid FROM search WHERE search MATCH ?)", (match(word),))
    # A run without spaces is one word to `search`: its beginning is found there, in any text.
    start = Condition(
        "i.id IN (SELECT rowid FROM search WHERE search MATCH ?)",
        (match(Word(word.text, prefix=True, field=word.field)),),
    )
    if len(word.text) >= 3:
        column = f"{word.field} : " if word.field else ""
        inside = Condition(
            "i.id IN (SELECT rowid FROM search_unspaced WHERE search_unspaced MATCH ?)",
            (f'{column}"{_plain(word.text)}"',),
        )
    else:
        columns = [word.field] if word.field else ["title", "author", "alt", "text"]
        test = " OR ".join(rf"i.{column} LIKE ? ESCAPE '\'" for column in columns)
        inside = Condition(
            f"(i.id IN (SELECT id FROM search_unspaced_docsize) AND ({test}))",
            (_like(word.text),) * len(columns),
        )
    return Condition(f"({start.sql} OR {inside.sql})", start.params + inside.params)


def _like(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text.replace("\0", ""))
    return f"%{escaped}%".encode("utf-8", "replace").decode()


def _condition(each: Filter) -> Condition:
    if each.name == "is":
        return Condition(_MARKS[each.value])
    if each.name == "has":
        return _having(each.value)
    if each.period is not None:
        return _dated(each.name, *each.period)
    like = _like(each.value)
    exact = each.value.encode("utf-8", "replace").decode()
    params: tuple[str, ...]
    match each.name:
        case "author":
            sql, params = r"(i.author LIKE ? ESCAPE '\' OR i.author_handle LIKE ? ESCAPE '\')", (like, like)
        case "source":
            sql = r"""i.id IN (
                SELECT s.item_id FROM sightings s JOIN subscriptions b ON b.id = s.subscription_id
                WHERE b.title LIKE ? ESCAPE '\' OR b.address LIKE ? ESCAPE '\')"""
            params = (like, like)
        case "tag":
            sql = r"""(i.tags LIKE ? ESCAPE '\' AND EXISTS (
                SELECT 1 FROM json_each(CASE WHEN i.tags = '' THEN '[]' ELSE i.tags END) t
                WHERE ltrim(t.value, '#') = ? COLLATE NOCASE))"""
            params = (like, exact)
        case "in":
            sql, params = f"i.id IN ({MEMBERS})", (exact,)
        case "lang":
            sql, params = (
                r"(i.lang = ? COLLATE NOCASE OR i.lang LIKE ? ESCAPE '\')",
                (exact, like[1:-1] + "-%"),
            )
        case "site":
            sql, params = (
                r"(i.domain = ? COLLATE NOCASE OR i.domain LIKE ? ESCAPE '\')",
                (exact, "%." + like[1:-1]),
            )
        case _:
            sql, params = "i.kind = ? COLLATE NOCASE", (exact,)
    return Condition(sql, params)


def _having(kind: str) -> Condition:
    if kind == "link":
        return Condition("i.links <> ''")
    if kind == "poll":
        return Condition("i.poll <> ''")
    if kind == "media":
        return Condition("i.media_count > 0")
    return Condition(
        "(i.media_count > 0 AND EXISTS (SELECT 1 FROM json_each(i.media) m WHERE m.value ->> 1 = ?))", (kind,)
    )


def _dated(name: str, start: float, end: float) -> Condition:
    if name == "before":
        return Condition("i.sort_at < ?", (start,))
    if name == "after":
        return Condition("i.sort_at >= ?", (start,))
    return Condition("(i.sort_at >= ? AND i.sort_at < ?)", (start, end))
