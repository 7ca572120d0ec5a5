"""The part of a search that goes by the meaning of texts: static word vectors, and sentence vectors where asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from . import condition
from .condition import Condition
from .query import Query
from .spaces import OF_MODELS, active_sentence_space

if TYPE_CHECKING:
    import numpy as np

    from . import Store

#: Turns the words of a query into a vector. Raises `PenchantError` where it cannot.
Embed = Callable[[str], "np.ndarray"]
#: Cosine below which a text is not about the query at all. With static vectors 1 text
#: in 100 reaches 0.15 to 0.3 by chance.
FLOOR = 0.3
#: Where nothing has the words and nothing is that near (one word against long texts: "owls" reaches 0.21 on an
#: item about an owl), this many of the nearest are better than an empty page.
FAINT_FLOOR, FAINT = 0.15, 10
NOT_YET = "search by meaning starts once the worker has read the items"


def required(query: Query, where: Condition) -> Condition:
    """What a text must be to count: never with excluded words, and beside `near:` with all the others."""
    if not query.near:
        return where & condition.remaining(query.excluded)
    words = condition.expression(query)
    if words:
        where = where & Condition("i.id IN (SELECT rowid FROM search WHERE search MATCH ?)", (words,))
    return where & condition.remaining(query)


def by_meaning(
    store: Store, query: Query, where: Condition, embed: Embed | None, space: str, wanted: int,
    notes: list[str], found: bool,
) -> list[int]:  # fmt: skip
    """Item ids by the cosine of static vectors, the filters applied inside. `found`: something has the words."""
    text = query.near or query.text
    if embed is None or not text:
        return []
    vector = embed(text)
    spaces = [
        each
        for each in store.vectors.of_length(vector.size)
        if (each.name == space if space else not each.name.startswith(OF_MODELS))
    ]
    if not spaces:
        notes.append(NOT_YET)
        return []
    chosen = max(spaces, key=lambda each: (each.complete, each.count))
    near = store.vectors.nearest(chosen.name, vector, wanted, where=required(query, where))
    return _about(near, found, notes)


def by_sentences(
    store: Store, query: Query, where: Condition, embed: Embed | None, wanted: int, notes: list[str], found: bool
) -> list[int]:
    """The same by the vectors of the active model of sentences, where `embed` speaks for that model."""
    active, text = active_sentence_space(store.db), query.near or query.text
    if embed is None or active is None or not text:
        return []
    try:
        vector = embed(text)
    except PenchantError as error:
        notes.append(f"without sentence vectors: {error}")
        return []
    if vector.size != active[1]:
        return []
    near = store.vectors.nearest(active[0], vector, wanted, where=required(query, where))
    return _about(near, found, notes)


def _about(near: list[tuple[int, float]], found: bool, notes: list[str]) -> list[int]:
    close = [item for item, cosine in near if cosine >= FLOOR]
    if close or found:
        return close
    faint = [item for item, cosine in near[:FAINT] if cosine >= FAINT_FLOOR]
    if faint:
        notes.append("no item has these words: these are the nearest in meaning")
    return faint
