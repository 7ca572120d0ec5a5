"""The reader, read out of the event log: what they liked and skipped, what they wrote, what they said of themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from penchant.app.judge.history import pseudo_skips
from penchant.app.rank.labels import WHOLE, LabelBook
from penchant.app.store import own, spaces
from penchant.app.types import View

from .values import Reader, Text

if TYPE_CHECKING:
    from penchant.app.rank.types import Label
    from penchant.app.store import Store

#: Texts of each kind at most, the latest; what is learned from more differs by less than the noise.
MOST = 1_000
#: Labels of this weight and more are decisions. Fewer skips than that many, and others stand in for them.
DECISIVE, FEW = 0.5, 8
#: Items among which those are found that stand in for skips; characters of one text.
POOL, CHARACTERS = 4_000, 2_000
#: How far the dial goes either way, and where it stands.
LOUDEST, USUAL = 2.0, 1.0
#: Characters of what a reader says of themselves.
LONGEST = 2_000


def of(store: Store, most: int = MOST) -> Reader:
    """What the live events say, `most` texts of each kind. Texts that a model wrote (drafts) are no past of the reader.

    The same events give the same reader, whatever their machine or order of arrival. Texts that stand in for skips
    have the act "assumed".
    """
    upto = store.events.last_seq()
    book = _book(store)
    decided = [label for label in reversed(book.labels) if label.weight >= DECISIVE and label.whole]
    liked, skipped = (side[: 2 * most] for side in _sides(decided, book))
    others: list[int] = []
    assumed = len(skipped) < min(FEW, len(liked))
    if assumed:
        known = {*book.exported, *(label.item_id for label in book.labels)}
        pool = [item for item in store.items.ids(View.NEWEST, limit=POOL) if item not in known]
        wanted = min(max(len(liked), FEW), most) - len(skipped)
        others = pseudo_skips(pool, known, wanted)
    at = {label.item_id: label.at for label in decided}
    says = own.said(store.db)
    return Reader(
        _texts(store, liked, at, "liked")[:most],
        (_texts(store, skipped, at, "skipped") + _texts(store, others, at, "assumed"))[:most],
        _written(store, most),
        words(says.get(("description", ""))),
        dial(says.get(("dial", ""))),
        assumed,
        upto,
    )


def _book(store: Store) -> LabelBook:
    drafts, book = store.drafts.by_models(), LabelBook()
    for event in store.events.of_kind("like", "save", "skip", "mute", "open", "dwell", "later"):
        if event.item_id not in drafts:
            book.add(event)
    return book


def _sides(decided: Sequence[Label], book: LabelBook) -> tuple[list[int], list[int]]:
    """(liked, skipped) items, the latest first; likes of an export stand behind all others."""
    likes = [label.item_id for label in decided if label.y]
    known = {label.item_id for label in decided}
    exported = [item for item, quarters in book.exported.items() if quarters >= WHOLE and item not in known]
    return likes + exported[::-1], [label.item_id for label in decided if not label.y]


def _texts(store: Store, items: Iterable[int], at: dict[int, float], act: str) -> tuple[Text, ...]:
    """The texts of items in their order: title and beginning, and what is known of their pictures."""
    from penchant.app.judging_look import beginnings

    order = list(items)
    found = beginnings(store, order)
    return tuple(Text(item, found[item], at.get(item, 0.0), act=act) for item in order if found.get(item, "").strip())


def _written(store: Store, most: int) -> tuple[Text, ...]:
    drafts = store.drafts.by_models()
    found = (each for each in own.written(store.db, most, CHARACTERS) if each.item_id not in drafts)
    texts = (Text(each.item_id, f"{each.title}\n{each.text}".strip(), each.at, each.parent, each.act) for each in found)
    return tuple(text for text in texts if text.text)


def words(value: object) -> str:
    """What somebody says of themselves, as an event holds it."""
    return " ".join(value.split())[:LONGEST] if isinstance(value, str) else ""


def dial(value: object) -> float:
    """How loud taste is, from -2 (the opposite) over 0 (not at all) to 2; 1 where nothing sensible was said."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return USUAL
    return min(max(float(value), -LOUDEST), LOUDEST)


def sample(store: Store, count: int) -> list[str]:
    """Texts of the archive, spread over its newest items: what the world writes about, liked or not."""
    pool = store.items.ids(View.NEWEST, limit=POOL)
    rows = spaces.beginnings(store.db, pseudo_skips(pool, (), count), CHARACTERS)
    return [text for _, _, title, body in rows if (text := ". ".join(part for part in (title, body) if part)).strip()]
