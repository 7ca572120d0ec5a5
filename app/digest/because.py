"""Why an item, in one line of words: the strongest real things, without numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.app.rank.types import Part, Why

#: Parts named, the least a part moves the number (logits), things named of one part, characters of the line.
NAMED, LEAST, THINGS, LONGEST = 2, 0.05, 3, 160
#: Letters of a word that is named.
SHORTEST = 5
#: Parts that say nothing of the item itself.
_MUTE = ("base", "recency", "shape", "picks")
_NUMBER = re.compile(r"\s*[+-]\d+\.\d+")


def because(why: Why) -> str:
    """ "like 2 posts you liked: "A", "B" · “forest”, “owls”"; "" where nothing speaks for it."""
    parts = sorted((p for p in why.parts if p.logit >= LEAST and p.key not in _MUTE), key=lambda p: -p.logit)
    lines = [line for part in parts if (line := _line(part))]
    said = " · ".join(lines[:NAMED])
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "\u2026"


def _line(part: Part) -> str:
    """What one part can name for the item, without its numbers."""
    if part.key in _NAMES:
        names = [name for thing in part.things if thing.logit > 0 and (name := _NAMES[part.key](thing.text))]
        return ", ".join(names[: THINGS if part.key == "words" else 1])
    for words in part.words:
        if not words.startswith("against:") and " you skipped:" not in words:
            return _NUMBER.sub("", words)
    return ""


def _word(text: str) -> str:
    """Words of some length: the short ones of any language say nothing. Tags have a part of their own."""
    word = text.strip("'")
    return "" if word.startswith("#") or max(map(len, word.split()), default=0) < SHORTEST else f"\u201c{word}\u201d"


def _origin(text: str) -> str:
    kind, _, name = text.partition(" ")
    said = {"author": "by", "source": "from", "site": "from"}.get(kind)
    return f"{said} {name}" if said else ""


def _tag(text: str) -> str:
    return f"tagged {text.removeprefix('tag ')}"


#: Parts that list things -> how one is said; "" for what says nothing.
_NAMES: Mapping[str, Callable[[str], str]] = {"words": _word, "origin": _origin, "tags": _tag}
