"""What of a model's words is shown: text without control bytes, markup or addresses, told apart while it comes. Pure.

Whatever passages or a model say, this text is their only way out: it is shown, and nothing else is done with it.
"""

from __future__ import annotations

import re

from penchant.adapters.text import clean

#: Characters of one answer.
LONGEST = 1_800
_ADDRESS = re.compile(r"\S*(?:://|www\.)\S*|\bmailto:\S+|\b(?:javascript|data|file):\S+", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,200}>")
_MARKUP = re.compile(r"[*_`#{}<>|\\~^]+")
_BRACKET = re.compile(r"\[(?!\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\])([^\[\]]*)\]")
_LEAD = re.compile(r"^\W*(?:answer|reply|response)\s*:\s*", re.IGNORECASE)
#: Numbers of a list, which would pass for years and counts once its lines are one.
_LIST = re.compile(r"(?:^|(?<=\n)|(?<=[.!?:]\s))[ \t]*\d{1,2}[.)](?:\s+|$)")
_NOT_HERE = re.compile(r"^\W*(?:it (?:is|s|'s) )?not in (?:your|the|this) archive\b", re.IGNORECASE)
#: A tag or a citation that has begun further back than this is none.
_OPEN = 200


def settled(said: str) -> str:
    """The part of an unfinished answer that further words cannot change: whole words, no open tag or bracket.

    >>> settled("Owls <b cla"), settled("Owls hunt [1"), settled("see http://exa")
    ('Owls ', 'Owls hunt ', 'see ')
    """
    end = max(said.rfind(" "), said.rfind("\n")) + 1
    for opening, closing in (("<", ">"), ("[", "]")):
        at = said.rfind(opening, max(0, len(said) - _OPEN))
        if at >= 0 and closing not in said[at:]:
            end = min(end, at)
    return said[:end]


def shown(said: str) -> str:
    """An answer as text on one line, with nothing left of markup but numbers in brackets.

    >>> shown("**Answer:** see [this](http://x.example/) <b>owl</b> [1, 2].\\x1b[31m")
    'see this… owl [1, 2].'
    """
    text = _LIST.sub(" ", _TAG.sub("", clean(said)))
    text = _ADDRESS.sub("\u2026", _BRACKET.sub(r"\1", text.replace("](", "] (")))
    text = _MARKUP.sub("", text).replace("(\u2026)", "\u2026")
    text = _LEAD.sub("", " ".join(text.split()))
    return re.sub(r"\s+\u2026", "\u2026", text)[:LONGEST]


def absent(said: str) -> bool:
    """Whether the model says that the answer is not there."""
    return _NOT_HERE.match(said) is not None
