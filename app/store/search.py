"""Search: words and meaning over the whole archive, fused into one list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import condition
from .bound import bound
from .condition import Condition
from .marks import Ranges, find, pattern, snippet
from .query import Query, parse
from .search_pictures import See, alike, looked, seen
from .spaces import OF_MODELS

if TYPE_CHECKING:
    import numpy as np

    from . import Store

#: Weights of title, text, author and alt text in BM25 (the order of the columns of `search`).
WEIGHTS = (8.0, 1.0, 4.0, 2.0)
#: Of more items that match, the newest so many compete: "the" in 94,000 of 100,000 takes 4 ms instead of 46.
COMPETING = 2_000
#: The same under a filter, where each that competes costs a look at many that do not.
FILTERED = 500
#: How many of each list are fused, at least.
FUSED = 50
#: score = sum of 1 / (60 + rank): Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet
#: and individual Rank Learning Methods", SIGIR 2009.
RRF = 60
#: Cosine below which a text is not about the query at all. With static vectors 1 text
#: in 100 reaches 0.15 to 0.3 by chance.
FLOOR = 0.3
#: Where nothing has the words and nothing is that near (one word against long texts: "owls" reaches 0.21 on an
#: item about an owl), this many of the nearest are better than an empty page.
FAINT_FLOOR, FAINT = 0.15, 10


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found. Marks are (start, end) offsets into its title and into `snippet`.

    `words` and `meaning` say which of the two found it; `shadow` that what machines say of its
    pictures did, which then is the snippet.
    """

    item_id: int
    score: float
    title_marks: Ranges = ()
    snippet: str = ""
    snippet_marks: Ranges = ()
    words: bool = False
    meaning: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page of hits, best first. `total_estimate` is exact unless `more`; `notice` is for the reader."""

    hits: tuple[Hit, ...]
    total_estimate: int
    more: bool
    notice: str
    query: Query


class Search:
    """`store.search`, also callable itself."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.db = store.db

    def search(
        self,
        text: str,
        *,
        embed: Callable[[str], np.ndarray] | None = None,
        limit: int = 50,
        offset: int = 0,
        typing: bool = False,
        space: str = "",
        within: Condition = condition.EVERYTHING,
        now: float | None = None,
        see: See | None = None,
    ) -> SearchResult:
        """Items for a query in the search language (`query`), `limit` of them from `offset`.

        `embed` turns the words into a vector of the space named `space` (or of
        the fullest space of its length that is no sentence space) and adds items of similar meaning.
        `see` turns what pictures are to show (`picture:`) into a vector of the model that read them; without it
        that is sought in words.
        With `typing` the last word counts as the beginning of one. Filters
        alone list the newest items first. No text raises.
        """
        query = parse(text, typing=typing, now=now)
        if typing and self._common(query):
            query = parse(text, now=now)
        notes = list(query.notes)
        query, looks = looked(self.store, query, see, notes)
        where = condition.filters(query) & within
        with self.db.snapshot():
            pictures, texts = self._near(query, where, looks, max(FUSED, offset + limit), notes)
            words: list[int] = []
            meaning: list[int] = []
            shadows: list[int] = []
            exhausted = True
            if query.positive:
                words, exhausted = self._words(query, where, notes)
                shadows = self._shadows(query, where)
                found = bool(words or shadows)
                meaning = self._meaning(query, where, embed, space, offset + limit, notes, found)
            elif not (query.look or query.like):
                words = self._listed(query, where & condition.remaining(query), offset + limit + 1)
            listed = not (query.positive or query.look or query.like)
            ranked = [(item, 0.0) for item in words] if listed else fuse(words, shadows, meaning, pictures, texts)
            page = ranked[offset : offset + limit]
            hits = self._hits(query, page, set(words), {*meaning, *pictures, *texts}, set(shadows) - set(words))
        more = len(words) > offset + limit if listed else not exhausted
        return SearchResult(tuple(hits), len(ranked), more, "; ".join(dict.fromkeys(notes)), query)

    __call__ = search

    def _near(
        self, query: Query, where: Condition, looks: np.ndarray | None, wanted: int, notes: list[str]
    ) -> tuple[list[int], list[int]]:
        """Item ids by what their pictures show, or by being like one item: by pictures, and by text."""
        if not (query.look or query.like):
            return [], []
        where = where & condition.remaining(Query(tuple(clause for clause in query.clauses if clause.negated)))
        pictures = seen(self.store, looks, where, wanted)
        if not query.like:
            return pictures, []
        by_picture, by_text = alike(self.store, query.like, where, wanted)
        if not (by_picture or by_text):
            notes.append(f"nothing is like item {query.like}, or the worker has not read it yet")
        return [*pictures, *(item for item in by_picture if item not in set(pictures))], by_text

    def _common(self, query: Query) -> bool:
        """Whether the word being typed is by itself so common that its longer forms would change nothing."""
        open_words = [word for clause in query.positive for word in clause.words if word.prefix]
        if not open_words or condition.unspaced(open_words[-1].text):
            return False
        exact = condition.match(replace(open_words[-1], prefix=False))
        found = self.db.rows("SELECT rowid FROM search WHERE search MATCH ? LIMIT ?", (exact, COMPETING))
        return len(found) == COMPETING

    def _words(self, query: Query, where: Condition, notes: list[str]) -> tuple[list[int], bool]:
        """Item ids by BM25, and whether everything that matches is among them."""
        rest = where & condition.remaining(query)
        matching = condition.expression(query)
        if not matching:
            found = self._unranked(query, rest)
        else:
            found = self._ranked(matching, rest)
            if not found and len(query.positive) > 1:
                found = self._ranked(condition.expression(query, either=True), rest)
                if found:
                    notes.append("no item has all the words: these have some")
        return found, len(found) < (FILTERED if rest else COMPETING)

    def _ranked(self, expression: str, where: Condition) -> list[int]:
        weights = ", ".join(map(str, WEIGHTS))
        row_needed = where and where.needs_row
        join = " CROSS JOIN items i ON i.id = s.rowid" if row_needed else ""
        test = where.sql if row_needed else where.sql.replace("i.id", "s.rowid")
        limit = FILTERED if where else COMPETING
        return [
            int(row[0])
            for row in self.db.rows(
                f"SELECT id FROM (SELECT s.rowid AS id, bm25(search, {weights}) AS rank FROM search s{join}"
                f" WHERE s.search MATCH ? AND {test} ORDER BY s.rowid DESC LIMIT {limit})"
                " ORDER BY rank, id DESC",
                (expression, *where.params),
            )
        ]

    def _shadows(self, query: Query, where: Condition) -> list[int]:
        """Item ids by what machines say of their pictures."""
        matching = condition.shadow_expression(query)
        if not matching:
            return []
        excluded = Query(tuple(clause for clause in query.clauses if clause.negated))
        return self.store.descriptions.matching(matching, where & condition.remaining(excluded))

    def _unranked(self, query: Query, where: Condition) -> list[int]:
        """Words of scripts without spaces: those in the title first, then the newest."""
        found = self._newest(where, COMPETING)
        titles: dict[int, str] = dict(
            self.db.rows(
                "SELECT id, title FROM items WHERE id IN (SELECT value FROM carray(?))", (bound(found),)
            )
        )
        wanted = pattern(query, "title")
        return sorted(found, key=lambda item: not find(titles[item], wanted))

    def _listed(self, query: Query, where: Condition, limit: int) -> list[int]:
        """Filters alone: the newest. What its source deleted is only listed among the reader's own marks."""
        if not any(each.name == "is" and each.value not in ("seen", "unseen") for each in query.filters):
            where = Condition("i.deleted_at IS NULL") & where
        return self._newest(where, limit)

    def _newest(self, where: Condition, limit: int) -> list[int]:
        sql = f"SELECT i.id FROM items i WHERE {where.sql} ORDER BY i.sort_at DESC, i.id DESC LIMIT ?"
        return [int(row[0]) for row in self.db.rows(sql, (*where.params, limit))]

    def _meaning(
        self,
        query: Query,
        where: Condition,
        embed: Callable[[str], np.ndarray] | None,
        space: str,
        wanted: int,
        notes: list[str],
        found: bool,
    ) -> list[int]:
        """Item ids by cosine, the filters applied inside; excluded words stay excluded. `found`: by words."""
        if embed is None or not query.text:
            return []
        vector = embed(query.text)
        spaces = [
            each
            for each in self.store.vectors.spaces()
            if each.dim == vector.size
            and (each.name == space if space else not each.name.startswith(OF_MODELS))
        ]
        if not spaces:
            notes.append("search by meaning starts once the worker has read the items")
            return []
        chosen = max(spaces, key=lambda each: (each.complete, each.count))
        excluded = Query(tuple(clause for clause in query.clauses if clause.negated))
        near = self.store.vectors.nearest(
            chosen.name, vector, max(FUSED, wanted), where=where & condition.remaining(excluded)
        )
        close = [item for item, cosine in near if cosine >= FLOOR]
        if close or found:
            return close
        faint = [item for item, cosine in near[:FAINT] if cosine >= FAINT_FLOOR]
        if faint:
            notes.append("no item has these words: these are the nearest in meaning")
        return faint

    def _hits(
        self,
        query: Query,
        page: Sequence[tuple[int, float]],
        words: set[int],
        meaning: set[int],
        shadows: set[int],
    ) -> list[Hit]:
        rows = {
            row[0]: row[1:]
            for row in self.db.rows(
                "SELECT i.id, i.title, i.text, i.alt FROM carray(?) c CROSS JOIN items i ON i.id = c.value",
                (bound(item for item, _ in page),),
            )
        }
        wanted = {field: pattern(query, field) for field in ("title", "text", "alt")}
        cast = self.store.descriptions.texts(item for item, _ in page if item in shadows)
        hits = []
        for item, score in page:
            title, text, alt = rows[item]
            body, marks = snippet(text, wanted["text"])
            if not marks and alt and find(alt, wanted["alt"]):
                body, marks = snippet(alt, wanted["alt"])
            if item in cast and not marks:
                body, marks = snippet(cast[item], wanted["alt"])
            titles, by_words, near = find(title, wanted["title"]), item in words, item in meaning
            hits.append(Hit(item, score, titles, body, marks, by_words, near, item in cast))
        return hits


def fuse(*lists: Sequence[int]) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: each list votes 1 / (60 + rank) for its items. Best first, then newest id."""
    scores: dict[int, float] = {}
    for ranked in lists:
        for rank, item in enumerate(ranked, 1):
            scores[item] = scores.get(item, 0.0) + 1.0 / (RRF + rank)
    return sorted(scores.items(), key=lambda entry: (-entry[1], -entry[0]))
