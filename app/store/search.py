"""Search: words, meaning and pictures over the whole archive, fused into one list by a mix that is learned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from . import condition, facets, fusion, real
from .bound import bound
from .completion import Completion, complete
from .condition import Condition
from .facets import Facets
from .marks import Ranges, find, pattern, snippet
from .query import Query, parse
from .search_meaning import Embed, by_meaning, by_sentences
from .search_pictures import See, alike, looked, seen
from .search_words import ByWords, by_shadow, by_words, listed, matching, ordered, settled

if TYPE_CHECKING:
    import numpy as np

    from . import Store

Order = Literal["relevance", "newest", "likely"]
#: How many of each list are fused, at least.
FUSED = 50
#: Choices that the mix is learned from: the latest.
CHOICES = 2_000
_FINDS = (
    # the condition of the index events_kept, word for word, and then the one kind
    "SELECT e.value ->> 'ranks' FROM events e WHERE e.kind IN ('collect', 'saved-search', 'find', 'interest')"
    " AND e.kind = 'find' AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo')"
    " ORDER BY e.clock DESC, e.id DESC LIMIT ?"
)
_NO_NEAR = "search by meaning is not available: searched as words"


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found. Marks are (start, end) offsets into its title and into `snippet`.

    `ranks`: its place from 1 in each part of the search that found it ("words", "shadow": what machines say of its
    pictures, "meaning", "sentence", "picture", "text": like the text of an item); a "find" event takes them as they
    are. `words`, `meaning` and `shadow` say the same in short; what `shadow` alone found has that for its snippet.
    """

    item_id: int
    score: float
    title_marks: Ranges = ()
    snippet: str = ""
    snippet_marks: Ranges = ()
    words: bool = False
    meaning: bool = False
    shadow: bool = False
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page of hits, best first. `total_estimate` is exact unless `more`; `notice` is for the reader."""

    hits: tuple[Hit, ...]
    total_estimate: int
    more: bool
    notice: str
    query: Query


@dataclass(frozen=True, slots=True)
class _Found:
    """Item ids of each part, best first; `listed`: filters alone; `shown`: the query whose words are marked.

    `certain`: what was found by words has all of them, and the reader did not ask for nearness instead.
    """

    parts: Mapping[str, Sequence[int]]
    exhausted: bool
    listed: bool
    shown: Query
    certain: bool = False


class Search:
    """`store.search`, also callable itself."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.db = store.db
        self._mix: tuple[int, dict[str, float]] = (-1, {})

    def search(
        self,
        text: str,
        *,
        embed: Embed | None = None,
        sentence: Embed | None = None,
        limit: int = 50,
        offset: int = 0,
        typing: bool = False,
        space: str = "",
        within: Condition = condition.EVERYTHING,
        now: float | None = None,
        see: See | None = None,
        order: Order = "relevance",
    ) -> SearchResult:
        """Items for a query in the search language (`query`), `limit` of them from `offset`.

        `embed` turns the words into a vector of the space named `space` (or of
        the fullest space of its length that is no sentence space) and adds items of similar meaning; `sentence` does
        so for the active model of sentences.
        `see` turns what pictures are to show (`picture:`) into a vector of the model that read them; without it
        that is sought in words, and so is `near:` without `embed` and `sentence`.
        With `typing` the last word counts as the beginning of one. Filters
        alone list the newest items first. `sort:` in the text goes before `order`. No text raises.
        """
        query = parse(text, typing=typing, now=now)
        if typing:
            query = settled(self.db, query, parse(text, now=now))
        notes = list(query.notes)
        query, looks = looked(self.store, query, see, notes)
        if query.near and embed is None and sentence is None:
            query = query.near_in_words()
            notes.append(_NO_NEAR)
        by = query.sort or order
        where = self._real(query) & condition.filters(query) & within
        wanted = offset + limit
        with self.db.snapshot():
            if not (query.positive or query.look or query.like or query.near):
                rest = where & condition.remaining(query)
                ids = listed(self.db, query, rest, wanted + 1, by)
                found = _Found({"": ids}, len(ids) <= wanted, True, query)
                ranked = [(item, 0.0) for item in ids]
            else:
                pictures, texts = self._near(query, where, looks, max(FUSED, wanted), notes)
                found = self._read(query, where, embed, sentence, space, max(FUSED, wanted), notes)
                parts = {**found.parts, "picture": pictures, "text": texts}
                found = replace(found, parts=parts)
                fused = fusion.fuse(parts, self.mix(), certain=found.certain)
                ranked = ordered(self.db, _about(found, fused, by), by)
            page = ranked[offset:wanted]
            hits = self._hits(found, page)
        return SearchResult(tuple(hits), len(ranked), not found.exhausted, "; ".join(dict.fromkeys(notes)), query)

    __call__ = search

    def _real(self, query: Query) -> Condition:
        """What a model wrote is found by `is:draft` alone."""
        asked = any(each.name == "is" and each.value == "draft" and not each.negated for each in query.filters)
        return condition.EVERYTHING if asked else real.items(self.db)

    def facets(
        self,
        text: str,
        *,
        within: Condition = condition.EVERYTHING,
        most: int = 8,
        ids: Sequence[int] | None = None,
        now: float | None = None,
    ) -> Facets:
        """What the search `text` could be narrowed by: over the newest 2,000 items that have its words and pass its
        filters, or over `ids` (the hits of a search, where meaning found them). No text raises."""
        with self.db.snapshot():
            if ids is None:
                query = parse(text, now=now)
                query = query.in_words() if query.look else query
                where = self._real(query) & condition.filters(query) & within
                ids = matching(self.db, query, where, facets.COUNTED + 1)
            return facets.count(self.db, ids, most)

    def complete(self, text: str, cursor: int) -> list[Completion]:
        """How the word at `cursor` may go on: operators, and values that the archive has; at most 8."""
        with self.db.snapshot():
            return complete(self.db, text, cursor)

    def mix(self) -> dict[str, float]:
        """How far each part is trusted (1: as all are), learned from the results that were chosen."""
        last = int(self.db.value("SELECT max(seq) FROM events") or 0)
        if self._mix[0] != last:
            told = (_ranks(row[0]) for row in self.db.rows(_FINDS, (CHOICES,)))
            self._mix = last, fusion.learned(told)
        return self._mix[1]

    def _near(
        self, query: Query, where: Condition, looks: np.ndarray | None, wanted: int, notes: list[str]
    ) -> tuple[list[int], list[int]]:
        """Item ids by what their pictures show, or by being like one item: by pictures, and by text."""
        if not (query.look or query.like):
            return [], []
        where = where & condition.remaining(query.excluded)
        pictures = seen(self.store, looks, where, wanted)
        if not query.like:
            return pictures, []
        by_picture, by_text = alike(self.store, query.like, where, wanted)
        if not (by_picture or by_text):
            notes.append(f"nothing is like item {query.like}, or the worker has not read it yet")
        return [*pictures, *(item for item in by_picture if item not in set(pictures))], by_text

    def _read(
        self, query: Query, where: Condition, embed: Embed | None, sentence: Embed | None, space: str,
        wanted: int, notes: list[str],
    ) -> _Found:  # fmt: skip
        """What texts say: by words, by what machines say of pictures, by meaning."""
        words, shadows = ByWords([], True, False, query), []
        if query.positive:
            words = by_words(self.store, query, where, notes)
            shadows = by_shadow(self.store, query, where)
        found = bool(words.ids or shadows)
        asked = query if query.near else words.query
        return _Found(
            {
                "words": words.ids,
                "shadow": shadows,
                "meaning": by_meaning(self.store, asked, where, embed, space, wanted, notes, found),
                "sentence": by_sentences(self.store, asked, where, sentence, wanted, notes, found),
            },
            words.exhausted,
            False,
            words.query,
            words.whole and not query.near,
        )

    def _hits(self, found: _Found, page: Sequence[tuple[int, float]]) -> list[Hit]:
        rows = {
            row[0]: row[1:]
            for row in self.db.rows(
                "SELECT i.id, i.title, i.text, i.alt FROM carray(?) c CROSS JOIN items i ON i.id = c.value",
                (bound(item for item, _ in page),),
            )
        }
        places = _places(found, {item for item, _ in page})
        wanted = {name: pattern(found.shown, name) for name in ("title", "text", "alt")}
        only = [item for item, ranks in places.items() if "shadow" in ranks and "words" not in ranks]
        cast = self.store.descriptions.texts(only)
        hits = []
        for item, score in page:
            title, text, alt = rows[item]
            ranks = places.get(item, {})
            body, marks = snippet(text, wanted["text"])
            if not marks and alt and find(alt, wanted["alt"]):
                body, marks = snippet(alt, wanted["alt"])
            if item in cast and not marks:
                body, marks = snippet(cast[item], wanted["alt"])
            titles, near = find(title, wanted["title"]), bool(ranks.keys() - {"words", "shadow"})
            by_words = found.listed or "words" in ranks
            hits.append(Hit(item, score, titles, body, marks, by_words, near, item in cast, ranks))
        return hits


def _places(found: _Found, items: set[int]) -> dict[int, dict[str, int]]:
    """The places (from 1) of these items in each part that found them."""
    places: dict[int, dict[str, int]] = {}
    for part, ids in found.parts.items():
        for item, rank in [(item, rank) for rank, item in enumerate(ids if part else (), 1) if item in items]:
            places.setdefault(item, {})[part] = rank
    return places


def _about(found: _Found, ranked: list[tuple[int, float]], order: str) -> list[tuple[int, float]]:
    """In any other order than relevance, what merely is near in meaning would stand among what has the words."""
    if order == "relevance":
        return ranked
    certain = {item for part in ("words", "shadow", "picture") for item in found.parts[part]}
    return [entry for entry in ranked if entry[0] in certain] if certain else ranked


def _ranks(text: object) -> dict[str, int]:
    try:
        return fusion.places(json.loads(text)) if isinstance(text, str) else {}
    except ValueError:
        return {}
