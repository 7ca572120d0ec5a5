"""(c) A summary of the reader's taste that the model itself wrote from what they liked, kept until much has changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from penchant.app.voice import words
from penchant.app.voice.reader import words as one_line
from penchant.app.voice.shelf import Kept
from penchant.app.voice.values import Carried, Reader, Taste, Text, Voice

from .base import CannotCarry, Tools, liked_enough
from .told import described

#: Likes that it is written from, at least and at most; tokens of it; the share of them that may be new.
FEW, MOST, TOKENS, MOVED = 3, 24, 80, 0.5
#: Sentences that are kept: a small model says the same on and on.
TWO = 2
#: Characters below which it says nothing.
SHORT = 20
SYSTEM = "You describe what somebody likes to read, in two short sentences, naming subjects and tone."
ASKED = "\nDescribe in two short sentences what this reader likes to read."


class Summary:
    """See above."""

    name = "summary"
    needs: frozenset[str] = frozenset()

    def __init__(self, tools: Tools) -> None:
        self._shelf, self._tokens = tools.shelf, tools.tokens

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The summary there is, written anew where half of what it was written from has changed."""
        liked_enough(reader, FEW, self.name)
        model = str(getattr(voice, "key", voice.name))
        kept = await self._shelf.get(self.name, model)
        if kept is None or moved(kept.facts.get("items"), reader.liked):
            kept = Kept(self.name, model, reader.upto, await self._written(reader, voice))
            await self._shelf.put(kept)
        return described(str(kept.facts["text"]))

    async def _written(self, reader: Reader, voice: Voice) -> dict[str, object]:
        told = words.lines(reader.liked, self._tokens, MOST)
        asked = words.TASTE.replace("You write for one reader. They", "A reader") + "".join(
            f"- {each}\n" for each in told
        )
        said, spent = "", 0
        stream = voice.write(asked + ASKED, TOKENS, Carried(system=SYSTEM), stop="\n\n")
        async with contextlib.aclosing(stream):
            async for piece in stream:
                said += piece
                spent += 1
        text = sentences(one_line(said))
        if len(text) < SHORT:
            raise CannotCarry(
                f"{voice.name} had nothing to say about what you like",
                hint="A larger model does better; `penchant voice describe` says it in your own words.",
            )
        return {
            "text": text,
            "items": [text.item_id for text in reader.liked[:MOST]],
            "tokens": spent,
            "takes": words.tokens(words.described(text)),
        }


def moved(items: object, liked: Sequence[Text]) -> bool:
    """Whether half of the latest likes are others than those that a summary was written from."""
    before = {item for item in items if isinstance(item, int)} if isinstance(items, list) else set()
    now = [text.item_id for text in liked[:MOST]]
    everything = {text.item_id for text in liked}
    gone = sum(item not in everything for item in before)
    return not before or gone > 0 or sum(item not in before for item in now) > MOVED * len(now)


def sentences(text: str, most: int = TWO) -> str:
    """Its first `most` different sentences, without a last one that was cut off where there is a whole one."""
    cut = max(text.rfind(mark) for mark in ".!?")
    whole = text[: cut + 1] if cut >= SHORT else text
    return " ".join(list(dict.fromkeys(re.split(r"(?<=[.!?]) +", whole)))[:most])
