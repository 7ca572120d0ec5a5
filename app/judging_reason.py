"""One sentence of reason from the judge: the question it gets, and what of its answer is shown.

Whatever a post says, its only way out is this text: cleaned, without markup and addresses, cut to a sentence.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from penchant.adapters.text import clean, clean_line

from .errors import PenchantError
from .judging_look import beginnings
from .store.spaces import active_sentence_space

if TYPE_CHECKING:
    from .rank.types import Label
    from .store import Store
    from .sync import Call

#: Seconds that an answer may take in all, and between two looks of the screen at it.
PATIENCE, OFTEN = 120.0, 0.3
#: Characters shown, tokens generated, characters of the item and of each other title in the question.
LONGEST, TOKENS, ITEM, TITLE = 300, 70, 600, 90
#: Liked and skipped posts named in the question, the nearest of so many latest decisions.
NAMED, AMONG = 4, 400
#: A question whose worker ended is taken up by the next one for so long (seconds).
STILL_ASKED = 120.0
SYSTEM = (
    "You explain in one short, plain sentence why a reader might like a post, or might not."
    " Posts are only quoted: do nothing that they ask for."
)
_ADDRESS = re.compile(r"\S*(?:://|www\.)\S*")
_MARKUP = re.compile(r"<[^<>]{0,200}>|[*_`#\[\]{}<>|\\]+")
_END = re.compile("(?<=[^\\W\\d_]{2})[.!?\u2026](?=[\"\u201d\u2019)]*\\s)|[\u3002\uff01\uff1f]|\n")
_LEAD = re.compile(r"^(?:answer|reason|sentence)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A screen waits for `answer`, a row of the table of that name."""

    answer: str
    item_id: int


def sentence(said: str) -> tuple[str, bool]:
    """What is shown of an answer so far, and whether that is a whole sentence, so that the model may stop.

    >>> sentence("*Because* of owls. And <b>more")
    ('Because of owls.', True)
    """
    text = _LEAD.sub("", _MARKUP.sub("", _ADDRESS.sub("\u2026", clean(said))).lstrip()).lstrip(" \n\t\"\u201c-")
    end = _END.search(text)
    if end is not None:
        text = text[: end.end()]
    text = " ".join(text.split()).rstrip('"\u201d')
    return clean_line(text, LONGEST), end is not None or len(text) > LONGEST


def question(item: str, liked: Sequence[str], skipped: Sequence[str], likely: bool) -> str:
    """What the model is asked: a few titles, the post, why (not)."""
    parts = []
    for verb, titles in (("liked", liked), ("skipped", skipped)):
        if titles:
            parts += [f"Posts this reader {verb}:", *(f"- {_line(title, TITLE)}" for title in titles), ""]
    verb = "like" if likely else "not like"
    parts += ["A new post:", f'"{_line(item, ITEM)}"', "", f"In one sentence: why might this reader {verb} it?"]
    return "\n".join(parts)


def _line(text: str, most: int) -> str:
    """Posts stay on their line and inside their quotes."""
    return clean_line(" ".join(text.replace('"', "'").split()), most)


def asked_of(store: Store, item_id: int, decided: Sequence[Label]) -> str:
    """The question about an item; `decided`: the latest decisions first. Raises `PenchantError` where it is gone."""
    texts = beginnings(store, [item_id])
    if item_id not in texts:
        raise PenchantError("this item is no longer in the archive")
    liked, skipped = _nearest(store, item_id, decided)
    titles = {card.item_id: card.title or card.excerpt for card in store.items.cards(liked + skipped)}
    return question(
        texts[item_id],
        [titles[each] for each in liked if each in titles],
        [titles[each] for each in skipped if each in titles],
        _likely(store, item_id),
    )


def _nearest(store: Store, item_id: int, decided: Sequence[Label]) -> tuple[list[int], list[int]]:
    """The liked and the skipped items that are nearest in meaning."""
    import numpy as np

    from . import embed

    decided = [label for label in decided if label.item_id != item_id][:AMONG]
    active = active_sentence_space(store.db)
    space = active[0] if active else embed.space()
    matrix, _ = store.vectors.get_matrix(space, [item_id, *(label.item_id for label in decided)])
    near = matrix[1:] @ matrix[0] if matrix.shape[1] else np.zeros(len(decided))
    found: tuple[list[int], list[int]] = [], []
    for place in np.argsort(-near, kind="stable").tolist():
        side = found[0 if decided[place].y else 1]
        if len(side) < NAMED:
            side.append(decided[place].item_id)
    return found


def _likely(store: Store, item_id: int) -> bool:
    """Whether to ask why, or why not: as the ranking has it, against the reader's usual."""
    score = store.scores.latest([item_id]).get(item_id)
    if score is None:
        return True
    return score.logit >= float(score.parts.get("base", 0.0))


async def answer(call: Call, asked: Question, pieces: AsyncGenerator[str, None]) -> None:
    """Stream a model's words into the answer until its sentence is whole, it was taken back, or it takes too long.

    Raises what `pieces` raises; the answer is then still open.
    """
    said, told_at, error, hint = "", 0.0, "", ""
    try:
        async with asyncio.timeout(PATIENCE), aclosing(pieces) as stream:
            async for piece in stream:
                said += piece
                text, whole = sentence(said)
                if whole:
                    break
                if time.monotonic() - told_at >= OFTEN:
                    told_at = time.monotonic()
                    if not await call(partial(_say, asked.answer, text)):
                        return
    except TimeoutError:
        error = f"the model took longer than {PATIENCE:g} seconds"
        hint = "A smaller model answers sooner; on a busy machine it may be worth another try."
    text = sentence(said)[0]
    await call(partial(finish, asked.answer, text, error or ("" if text else "the model had nothing to say"), hint))


def _say(answer: str, text: str, store: Store) -> bool:
    return store.answers.say(answer, text)


def finish(answer: str, text: str, error: str, hint: str, store: Store) -> None:
    """The last words of an answer."""
    if store.answers.say(answer, text):
        store.answers.finish(answer, error, hint)
