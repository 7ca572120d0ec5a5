"""What the search panel asks of the archive, as plain functions of a store: run them in the panel's desk thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from penchant.app.store.query import Query
from penchant.app.types import View

from .cardview import Found
from .loading import FIRST_CARDS, FirstPage

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.completion import Completion
    from penchant.app.store.facets import Facets
    from penchant.app.store.saved_searches import SavedSearch

MOST_HITS = 200
#: Of what could be completed, so many lines are shown.
MOST_SUGGESTIONS = 8

Vectors = Callable[[str], Any]


class Answer(NamedTuple):
    """One page of results. `ranks`: the place of each item in each part of the search; `through`: the newest item."""

    page: FirstPage
    found: dict[int, Found]
    ranks: dict[int, Mapping[str, int]]
    notice: str
    total: int
    unseen: int
    query: Query
    through: int
    #: The saved searches that ask exactly this.
    saved: tuple[SavedSearch, ...] = ()


def ask(text: str, meaning: Vectors | None, see: Vectors | None, store: Store) -> Answer:
    """The results of a query that may still be being typed."""
    through = int(store.db.value("SELECT coalesce(max(id), 0) FROM items"))
    result = store.search.search(text, embed=meaning, limit=MOST_HITS, typing=True, see=see)
    ids = [hit.item_id for hit in result.hits]
    marks = store.events.marks(ids)
    return Answer(
        FirstPage(View.SEARCH, ids, store.items.cards(ids[:FIRST_CARDS])),
        {hit.item_id: Found(tuple(hit.title_marks), hit.snippet, tuple(hit.snippet_marks)) for hit in result.hits},
        {hit.item_id: dict(hit.ranks) for hit in result.hits},
        result.notice,
        result.total_estimate,
        sum(1 for item_id in ids if not (item_id in marks and marks[item_id].seen)),
        result.query,
        through,
        tuple(each for each in store.saved.all() if each.query == text),
    )


def renewed(text: str, through: int, meaning: Vectors | None, store: Store) -> Answer | None:
    """The same again where items came since; None where none did."""
    if int(store.db.value("SELECT coalesce(max(id), 0) FROM items")) <= through:
        return None
    return ask(text, meaning, None, store)


def facets(text: str, ids: Sequence[int], store: Store) -> Facets:
    """What could narrow the search: by what has its words, or where nothing has them all by what was found."""
    found = store.search.facets(text)
    return found if found.total or not ids else store.search.facets(text, ids=ids)


def complete(text: str, cursor: int, store: Store) -> list[Completion]:
    """How the line may go on: its word, or the whole of it as the query of a saved search."""
    from penchant.app.store.completion import Completion

    whole = store.saved.begun(text) if cursor == len(text) else []
    named = [Completion(0, len(text), each.query, f"saved: {each.name}") for each in whole if each.query != text]
    found = [each for each in store.search.complete(text, cursor) if _worth(text, each)]
    return [*named, *found][:MOST_SUGGESTIONS]


def _worth(text: str, found: Completion) -> bool:
    """One letter begins too many operators; what would change nothing is no help."""
    typed = text[found.start : found.end]
    return typed != found.text and (":" in typed or len(typed.lstrip("-")) > 1)
