"""The ranking's own session, asked about what no feed ever brought: the same rows, model and reasons as the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from penchant.app.errors import NoSuchItem, NoSuchSource
from penchant.app.rank.batch import Batch, build_batch
from penchant.app.rank.explain import explain
from penchant.app.rank.features import encode_words
from penchant.app.rank.model import ExpertFailed
from penchant.app.rank.types import RankItem, Scores
from penchant.app.ranking import RankSession
from penchant.app.standing import source_key

from .score_ask import Document, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from penchant.app.rank.types import Label, Why

#: Names of sources that are remembered, and seconds after which unknown names of authors are looked up again.
REMEMBERED, OLD = 4_096, 60.0


@dataclass(frozen=True, slots=True)
class Read:
    """What models made of documents: `vectors` by the name of their space, `opinions` by expert; None: unknown."""

    vectors: Mapping[str, Sequence[bytes | None]] = field(default_factory=dict)
    opinions: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`known`: the experts that had anything to go by; `why` where reasons were wanted."""

    probability: float
    logit: float
    known: tuple[str, ...]
    why: Why | None = None


class Taste(RankSession):
    """Belongs to one thread at a time. `load` first; `refresh` takes in what the reader did since."""

    def __init__(self, archive: Path) -> None:
        super().__init__(archive)
        self._authors: dict[str, str] = {}
        self._followed: dict[str, tuple[str, str, str]] = {}
        self._asked = 0.0

    def spaces(self) -> dict[str, str]:
        """Expert -> the vector space that it reads, or the judge that it hears."""
        return self._rows.stats.given

    @property
    def labels(self) -> Sequence[Label]:
        """What the ranking has learned."""
        return self._learner.learned

    def verdicts(self, documents: Sequence[Document], read: Read, *, reasons: bool) -> list[Verdict]:
        """What the ranking says of documents now. Raises `Refused` for items and sources that are not there."""
        items, batch = self._batch(documents, read)
        if not items:
            return []
        try:
            scores = self._learner.model.score(batch, now=self._now)
        except ExpertFailed as error:  # as in the feed: the others go on without it
            self._set_aside(error)
            scores = self._learner.model.score(batch, now=self._now)
        told = self._whys(items, documents, batch, scores) if reasons else [None] * len(items)
        return [
            Verdict(float(scores.probability[i]), float(scores.logit[i]), _known(batch, i), told[i])
            for i in range(len(items))
        ]

    def _batch(self, documents: Sequence[Document], read: Read) -> tuple[list[RankItem], Batch]:
        """Rows in the order of the documents; items of the archive have theirs from there."""
        here = {place: self.resolved(each.item, place) for place, each in enumerate(documents) if each.item}
        parts: list[Batch] = []
        order: dict[int, int] = {}
        items: dict[int, RankItem] = {}
        if here:
            block = self.rows(list(here.values()))
            parts.append(block.batch)
            found = self.store.items.rank_items(list(here.values()))
            for at, (place, item) in enumerate(zip(here, found, strict=True)):
                order[place], items[place] = at, item
        others = [place for place in range(len(documents)) if place not in here]
        if others:
            made = [self._item(documents[place], place) for place in others]
            parts.append(self._foreign([documents[place] for place in others], made, others, read))
            first = len(here)
            for at, place in enumerate(others):
                order[place], items[place] = first + at, made[at]
        whole = Batch.concat(parts)
        return [items[p] for p in range(len(documents))], whole.take([order[p] for p in range(len(documents))])

    def _foreign(
        self, documents: Sequence[Document], items: Sequence[RankItem], places: Sequence[int], read: Read
    ) -> Batch:
        blobs = [encode_words(each.title, each.text, each.tags) for each in documents]
        stats = self._rows.stats
        vectors = {}
        for expert, space in stats.spaces.items():
            given = read.vectors.get(space.name)
            vectors[expert] = _matrix([given[p] if given else None for p in places], len(space.centre))
        opinions = {}
        for expert in stats.scales:
            said = read.opinions.get(expert)
            opinions[expert] = np.array(
                [np.nan if said is None or (value := said[p]) is None else value for p in places], np.float64
            )
        return build_batch(items, blobs, vectors, stats, opinions)

    def resolved(self, name: str, place: int) -> int:
        """The item that a document names. Raises `Refused`."""
        try:
            return self.store.items.resolve(name)
        except NoSuchItem as error:
            raise Refused(404, f"document {place}: {error}") from None

    def _item(self, of: Document, place: int) -> RankItem:
        """A document as an item that has just come in, as far as anything is known of it."""
        kind, key, source = self._source(of, place)
        author = self._author(of.author)
        return RankItem(
            item_id=0, content_hash=b"", title=of.title, text_len=len(of.text), tags=of.tags, lang=of.lang, kind=kind,
            source_key=key, source=source, author_key=author, author=of.author, domain=_host(of.url),
            published=of.published, points=of.points, comments=of.comments, media=int(bool(of.picture)),
            counted=self._now if of.points is not None or of.comments is not None else None,
        )  # fmt: skip

    def _source(self, of: Document, place: int) -> tuple[str, str, str]:
        """(kind, key, name) of the source that a document names."""
        if not of.source:
            return of.kind, of.kind, ""
        if of.source not in self._followed:
            try:
                found = self.store.subscriptions.find(of.source)
            except NoSuchSource as error:
                hint = "`penchant sources` lists them; leave it out."
                raise Refused(404, f"document {place}: {error}", hint) from None
            if len(self._followed) >= REMEMBERED:
                self._followed.clear()
            key = source_key(found.kind, found.address)
            self._followed[of.source] = found.kind, key, found.title or found.address
        kind, key, title = self._followed[of.source]
        return of.kind or kind, key, title

    def _author(self, name: str) -> str:
        """The key of an author whom the archive knows by this name or key; the name itself where it knows none."""
        if name and name not in self._authors and self._now - self._asked > OLD:
            # one scan for all names: there is no index of them
            rows = self.store.db.rows("SELECT author, author_key FROM items WHERE author_key <> '' ORDER BY id")
            self._authors = {each: str(key) for author, key in rows for each in (author, key) if each}
            self._asked = self._now
        return self._authors.get(name, name)

    def _whys(
        self, items: Sequence[RankItem], documents: Sequence[Document], batch: Batch, scores: Scores
    ) -> list[Why | None]:
        model, learned = self._learner.model, self._learner.learned
        judged = self._explainer.judged(learned)
        judged = replace(judged, title=cache(judged.title))  # a request names the same ones again and again
        own = [item.item_id for item in items if item.item_id]
        texts = self.store.items.texts(own) if own else {}
        return [
            explain(
                model, item, texts.get(item.item_id, ("", of.text, ()))[1], batch.take([i]), judged, _one(scores, i),
                now=self._now,
            )
            for i, (item, of) in enumerate(zip(items, documents, strict=True))
        ]


def _matrix(rows: Sequence[bytes | None], dims: int) -> np.ndarray:
    """float32[n, dims]; zeros where nothing (or something of another length) is known."""
    out = np.zeros((len(rows), dims), np.float32)
    for i, row in enumerate(rows):
        if row is not None and len(row) == 4 * dims:
            out[i] = np.frombuffer(row, "<f4")
    return out


def _one(scores: Scores, i: int) -> Scores:
    own = slice(i, i + 1)
    return Scores(scores.logit[own], scores.parts[own], scores.variance[own], scores.names)


def _known(batch: Batch, i: int) -> tuple[str, ...]:
    """The experts whose row is not all zeros."""
    known = []
    for name in batch.blocks:
        row = batch.row(name, i)
        values = row[1] if isinstance(row, tuple) else row
        if np.any(np.asarray(values) != 0):
            known.append(name)
    return tuple(known)


def _host(url: str) -> str:
    """Host of an absolute address without "www.", as the archive has it."""
    from penchant.adapters.text import canonical_url

    _, mark, rest = (canonical_url(url) or url).partition("://")
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0].lower() if mark else ""
    return host.removeprefix("www.")
