"""What a search could be narrowed by: who and what its results come from, when, and what the reader said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bound import bound

if TYPE_CHECKING:
    from .connection import Database

#: (what to show, what to append to the query, items)
Facet = tuple[str, str, int]
#: Of more items that match, so many of the newest are counted.
COUNTED = 2_000
_MARKS = (("unseen", "NOT coalesce(z.seen, 0)"), ("liked", "z.liked"), ("saved", "z.saved"), ("later", "z.later"))


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts over `total` items, the newest of more with `more`. Most frequent first; months the newest first."""

    sources: tuple[Facet, ...] = ()
    authors: tuple[Facet, ...] = ()
    months: tuple[Facet, ...] = ()
    liked: tuple[Facet, ...] = ()
    total: int = 0
    more: bool = False


def count(db: Database, ids: Sequence[int], most: int) -> Facets:
    """The facets of these items, up to `most` of each kind."""
    chosen = list(ids[:COUNTED])
    named = bound(chosen)
    sources = db.rows(
        "SELECT b.title, b.address, count(DISTINCT s.item_id) AS n FROM carray(?) c"
        " CROSS JOIN sightings s ON s.item_id = c.value CROSS JOIN subscriptions b ON b.id = s.subscription_id"
        " GROUP BY b.id ORDER BY n DESC, b.id LIMIT ?",
        (named, most),
    )
    authors: Counter[str] = Counter()
    months: Counter[str] = Counter()
    for name, handle, month in db.rows(
        "SELECT i.author, i.author_handle, strftime('%Y-%m', i.sort_at, 'unixepoch', 'localtime')"
        " FROM carray(?) c CROSS JOIN items i ON i.id = c.value",
        (named,),
    ):
        authors[name or handle] += 1
        months[month or ""] += 1
    del authors[""], months[""]
    marks = ", ".join(f"coalesce(sum({test}), 0)" for _, test in _MARKS)
    sums = db.row(f"SELECT {marks} FROM carray(?) c LEFT JOIN item_state z ON z.item_id = c.value", (named,)) or ()
    return Facets(
        tuple(_facet("source", title or address, int(n)) for title, address, n in sources),
        tuple(_facet("author", *each) for each in sorted(authors.items(), key=lambda held: (-held[1], held[0]))[:most]),
        tuple((month, f"on:{month}", number) for month, number in sorted(months.items(), reverse=True)[:most]),
        tuple((name, f"is:{name}", int(n)) for (name, _), n in zip(_MARKS, sums, strict=False) if n and chosen),
        len(chosen),
        len(ids) > COUNTED,
    )


def term(name: str, value: str) -> str:
    """`name:"value"` as the search language reads it; of a value with quotes its longest part without."""
    part = max(value.split('"'), key=len).strip()
    return f'{name}:"{part}"'


def _facet(name: str, value: str, number: int) -> Facet:
    return value, term(name, value), number
