"""What the archive has on a question: items by words and meaning, cut into passages, and what they are worth.

Reads the store and the bundled word vectors; runs in a thread that may wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penchant.app.store.bound import bound
from penchant.app.store.condition import EVERYTHING, Condition, filters, match
from penchant.app.store.query import Word, parse
from penchant.app.store.spaces import beginnings

from .asked import Asked
from .evidence import Evidence, evidence, weights
from .passages import Passage, Source, cut, rate
from .terms import stem

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.store import Store

    Embed = Callable[[Sequence[str]], np.ndarray]

#: Items looked at, characters read of each (of a single one), passages of each that are compared in meaning.
ITEMS, CHARACTERS, WHOLE = 16, 12_000, 400_000
COMPARED = 96


@dataclass(frozen=True, slots=True)
class Found:
    """Passages of sources with their scores; `weights`: what each word of the question says (by its stem)."""

    asked: Asked
    sources: tuple[Source, ...]
    passages: tuple[Passage, ...]
    weights: Mapping[str, float]
    evidence: Evidence
    notes: tuple[str, ...] = ()


def scope_condition(scope: Mapping[str, Any]) -> Condition:
    """The items that a view has: {"query": str}, {"subscription": id}, {"ids": [item_id]} or {} for all."""
    found = EVERYTHING
    if isinstance(query := scope.get("query"), str) and query:
        found &= filters(parse(query))
    if isinstance(source := scope.get("subscription"), int):
        found &= Condition("i.id IN (SELECT g.item_id FROM sightings g WHERE g.subscription_id = ?)", (source,))
    if isinstance(ids := scope.get("ids"), list):
        found &= Condition("i.id IN (SELECT value FROM carray(?))", (bound(sorted({int(n) for n in ids})),))
    return found


def search(store: Store, asked: Asked, embed: Embed | None, scope: Mapping[str, Any], now: float) -> Found:
    """The best passages of the archive (or of a part of it) for a question."""

    def vector(text: str) -> np.ndarray:
        assert embed is not None
        return embed([asked.subject])[0]

    within, notes = scope_condition(scope), []
    ids: list[int] = []
    # what is said of author and time is tried first, and dropped where it leaves nothing
    for when, author in dict.fromkeys(((True, True), (True, False), (False, True), (False, False))):
        text = asked.search(when=when, author=author)
        result = store.search.search(text, embed=vector if embed else None, limit=ITEMS, within=within, now=now)
        ids = [hit.item_id for hit in result.hits]
        if ids:
            if asked.when and not when:
                notes.append("nothing is of that time: this looks at all")
            if asked.author and not author:
                asked = replace(asked, words=tuple(dict.fromkeys((*asked.author.lower().split(), *asked.words))))
            break
    return _found(store, asked, _sources(store, ids, CHARACTERS), embed, tuple(notes))


def one(store: Store, asked: Asked, item_id: int, embed: Embed | None) -> Found:
    """The passages of one item; an empty list of sources where it is gone."""
    return _found(store, asked, _sources(store, [item_id], WHOLE), embed)


def documents(store: Store, asked: Asked, texts: Sequence[tuple[int, str, str]], embed: Embed | None) -> Found:
    """The passages of texts, each (item_id, title, text), that need not be in the archive (`item_id` 0)."""
    return _found(store, asked, [Source(item, title, text[:WHOLE]) for item, title, text in texts], embed)


def _found(
    store: Store, asked: Asked, sources: Sequence[Source], embed: Embed | None, notes: tuple[str, ...] = ()
) -> Found:
    counted = frequencies(store, asked)
    known = weights(counted, _items(store))
    passages = [
        Passage(n, at, text) for n, source in enumerate(sources) for at, text in enumerate(cut(source.text) or [""])
    ]
    passages = rate(passages, sources, known)
    passages = _compared(passages, sources, asked, embed)
    return Found(asked, tuple(sources), tuple(passages), known, evidence(passages, counted), notes)


def _sources(store: Store, ids: Sequence[int], characters: int) -> list[Source]:
    texts = {row[0]: row[3] for row in beginnings(store.db, ids, characters)}
    made = []
    for card in store.items.cards(list(ids)):
        when = _day(card.published or card.first_seen)
        about = ", ".join(
            part for part in (card.author, card.source if card.source != card.author else "", when) if part
        )
        made.append(Source(card.item_id, card.title or "", texts.get(card.item_id, ""), about, card.url))
    return made


def _items(store: Store) -> int:
    return int(store.db.value("SELECT max(id) FROM items") or 0)


def frequencies(store: Store, asked: Asked) -> dict[str, int]:
    """Stem of each word asked for -> how many items have it, counted up to 2,000."""
    found: dict[str, int] = {}
    for word in (*asked.words, *(part for phrase in asked.phrases for part in phrase.split())):
        root = stem(word)
        wanted = Word(root, prefix=True) if len(root) >= 4 else Word(word)
        sql = "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ? LIMIT 2000)"
        found[root] = int(store.db.value(sql, (match(wanted),)))
    return found


def _compared(
    passages: Sequence[Passage], sources: Sequence[Source], asked: Asked, embed: Embed | None
) -> list[Passage]:
    """The passages that have most of the words, and the first of each source, with their cosines."""
    if embed is None or not passages:
        return list(passages)
    order = sorted(range(len(passages)), key=lambda n: (-passages[n].coverage, passages[n].at > 0, n))[:COMPARED]
    texts = [f"{sources[passages[n].source].title}\n{passages[n].text}" for n in order]
    vectors = embed([asked.subject, *texts])
    found = list(passages)
    for n, cosine in zip(order, vectors[1:] @ vectors[0], strict=True):
        found[n] = replace(found[n], cosine=float(cosine))
    return found


def _day(at: float) -> str:
    day = time.localtime(at)
    return f"{day.tm_mday} {time.strftime('%B %Y', day)}"
