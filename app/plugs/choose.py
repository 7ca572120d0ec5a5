"""Which documents a question is about: by the words and the meaning of their passages.

A passage's words count by how rare they are among all passages, as in BM25 (Robertson and Zaragoza, 2009, with
k1 = 1.2 and b = 0.75); `covered` is the share of the question, weighed so, that the best passage of a document has.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .document import pieces
from .files import Plug

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.store import Store

    Embed = Callable[[Sequence[str]], np.ndarray]

#: A document is asked of its own accord where its best passage has so much of the question, or means so much the same.
COVERED, ALIKE = 0.45, 0.3
#: Others join it where they are worth at least this share of the best.
BESIDE = 0.6
#: Tokens of documents joined for one question: more make a small model slow, and mistaken.
ROOM = 6_000
#: Characters of a passage, at most, as they are compared.
PASSAGE = 600
#: What the archive's own search adds to a document whose item it finds first, half that for the second, and so on.
FOUND = 0.3
_WORD = re.compile(r"\w+")
#: Words of questions, not of what they are about.
_STOP = frozenset(
    _WORD.findall(
        "a an and are as at be by can could did do does for from had has have how i in is it its may me my no not"
        " of on or she he so that the their them there they this those to was we were what when where which"
        " who whom whose why will with would you your about tell say says said much many"
    )
)


@dataclass(frozen=True, slots=True)
class Worth:
    """How much a document has to do with a question: both shares from 0 to 1, `found` from the archive's search."""

    plug: Plug
    covered: float
    alike: float
    found: float = 0.0

    @property
    def value(self) -> float:
        return self.covered + max(self.alike, 0.0) + self.found

    @property
    def enough(self) -> bool:
        return self.covered >= COVERED or self.alike >= ALIKE


def automatic(store: Store | None, question: str, plugs: Sequence[Plug], embed: Embed | None = None) -> Plug | None:
    """The one document that a question is about; None where none of them clearly is.

    `embed` turns texts into unit vectors (None: the bundled static ones).
    """
    ranked = [worth for worth in ranked_by(question, plugs, embed, _places(store, question)) if worth.enough]
    return ranked[0].plug if ranked else None


def needed(question: str, plugs: Sequence[Plug], room: int, embed: Embed | None = None) -> list[Plug]:
    """The documents that a question needs, the most needed first, of up to `room` tokens together; at least one.

    What is worth much less than the first is left out, and what does not fit beside those before it.
    """
    ranked = ranked_by(question, plugs, embed)
    chosen: list[Plug] = []
    for worth in ranked:
        if chosen and worth.value < BESIDE * ranked[0].value:
            break
        if not chosen or sum(plug.tokens for plug in chosen) + worth.plug.tokens <= room:
            chosen.append(worth.plug)
    return chosen


def ranked_by(
    question: str, plugs: Sequence[Plug], embed: Embed | None = None, places: Sequence[int] = ()
) -> list[Worth]:
    """All documents by what they are worth to a question. `places`: item ids as the archive's search ranks them."""
    texts = [(plug, passages(plug)) for plug in plugs]
    counted = [[_words(text) for text in found] for _, found in texts]
    rare = _rarity([words for found in counted for words in found])
    asked = _words(question)
    meant = _alike(question, [found for _, found in texts], embed)
    found = {item_id: FOUND / place for place, item_id in reversed(list(enumerate(places, 1)))}
    worths = [
        Worth(
            plug,
            max((_covered(asked, words, rare) for words in counted[n]), default=0.0),
            meant[n],
            max((found.get(item_id, 0.0) for item_id in plug.item_ids), default=0.0),
        )
        for n, plug in enumerate(plugs)
    ]
    return sorted(worths, key=lambda worth: (-worth.value, worth.plug.file.name))


@functools.lru_cache(maxsize=256)
def passages(plug: Plug) -> tuple[str, ...]:
    """A document's paragraphs under its title, the short ones together, up to PASSAGE characters."""
    found: list[str] = []
    now = ""
    for piece in pieces(plug.text()):
        for part in (piece[start : start + PASSAGE] for start in range(0, len(piece), PASSAGE)):
            if now and len(now) + len(part) > PASSAGE:
                found.append(now)
                now = ""
            now = f"{now}\n{part}".strip()
    return tuple(f"{plug.title}\n{text}" for text in [*found, now] if text)


def _words(text: str) -> Counter[str]:
    """The words of a text, endings cut: "melted" and "melting" count as one."""
    found = (word for word in _WORD.findall(text.casefold()) if word not in _STOP)
    return Counter(_stem(word) for word in found)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word.removesuffix(ending)
    return word.rstrip("e") if len(word) > 4 else word


def _rarity(texts: Sequence[Counter[str]]) -> dict[str, float]:
    """BM25's idf of each word, over passages."""
    having = Counter(word for words in texts for word in words)
    return {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in having.items()}


def _covered(asked: Counter[str], words: Counter[str], rare: dict[str, float]) -> float:
    """The share of the question's words, by rarity, that a passage has; what no passage has is as rare as can be."""
    most = max(rare.values(), default=1.0)
    whole = sum(rare.get(word, most) for word in asked)
    return sum(rare[word] for word in asked if word in words) / whole if whole else 0.0


def _alike(question: str, texts: Sequence[Sequence[str]], embed: Embed | None) -> list[float]:
    """The cosine of the question and the best passage of each document; 0 where there are no vectors."""
    if embed is None:
        from penchant.app import embed as bundled

        embed = bundled.load().embed_batch
    vectors = embed([question, *[text for found in texts for text in found]])
    cosines = (vectors[1:] @ vectors[0]).tolist()
    best, at = [], 0
    for found in texts:
        best.append(max(cosines[at : at + len(found)], default=0.0))
        at += len(found)
    return best


def _places(store: Store | None, question: str) -> list[int]:
    return [] if store is None else [hit.item_id for hit in store.search.search(question, limit=10).hits]
