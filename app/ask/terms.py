"""The words of a question that say what it is about, in a form that meets their other forms. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from penchant.app.store.marks import fold

#: Words that every question has. Others are found by how many items have them.
_STOP = """a about after again all also am an and any anybody anyone anything archive are as asked at be because been
    before being but by can could did do does doing done else ever every everything explain few find for from get gets
    give gives gave got had has have having he her here hers him his how i if in into is it its just know let like list
    many may me mean might mine more most much must my no nor not of off on one ones only or other our out over
    own please quite rather really s said same say saying says shall she should show so some somebody someone
    something such summarise summarize summary t tell than that the their them then there these they thing things
    think this those to too under until up us use used using very was way we were what whatever when where whether
    which while who whom whose why will with without wonder would write writes writing written wrote yes yet you
    your happen happens happened take takes took make makes made der die das und ist was wer wie wo wann
    warum ein eine le la les des est que
    quoi qui el los las es por"""
#: Words that every question has. Others are found by how many items have them.
STOP = frozenset(_STOP.split())
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_ENDS = "ations ation ingly ings edly ing ies ied ers er ed es ly s y e"
_SUFFIXES = tuple(_ENDS.split())


def words(text: str) -> list[str]:
    """Words in lower case without accents, with their possessive ends cut.

    >>> words("The clock's hands, 1807")
    ['the', 'clock', 'hands', '1807']
    """
    return [re.split(r"['\u2019]", word)[0] for word in _WORD.findall(fold(text))]


def stem(word: str) -> str:
    """A word without its commonest English endings; short words stay whole.

    >>> [stem(word) for word in ("stories", "story", "measured", "measuring", "owls", "gas")]
    ['stor', 'stor', 'measur', 'measur', 'owl', 'gas']
    >>> stem("carcasses") == stem("carcass")
    True
    """
    if len(word) < 4 or not word.isalpha():
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not (suffix == "s" and word.endswith("ss")):
            return word[: -len(suffix)]
    return word


def content(text: str) -> list[str]:
    """The words of a text that are no stop words, each once, in order."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP))


def stems(texts: Iterable[str]) -> frozenset[str]:
    """The stems of all words of some texts."""
    return frozenset(stem(word) for text in texts for word in words(text))
