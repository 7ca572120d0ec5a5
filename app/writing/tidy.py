"""From what a model said to a draft: a text to post, without what it wrapped around it or made up. Pure."""

from __future__ import annotations

import re

from penchant.adapters.text import clean

#: What small models put before an answer, on its own or before the text.
_LABEL = re.compile(
    r"^(?:\s*(?:(?:sure|certainly|of course|okay)[!,.:]?\s+)?(?:here(?:'s| is| are)[^:\n]{0,80}:|"
    r"(?:my |your |the |a )?(?:reply|response|answer|post(?: to answer)?|draft|tweet|toot|comment)"
    r"(?: \d{1,2})?\s*:))+\s*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013]|\d{1,2}[.)])\s+")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w/.])@([A-Za-z0-9_][\w.-]*(?:@[\w.-]+)?)")
_ENDS = re.compile(r"[.!?…][\"'\u201d\u2019)\]]*(?=\s|$)")
_PAIRS = (('"', '"'), ("“", "”"), ("'", "'"), ("«", "»"), ("„", "“"), ("`", "`"))


#: What a model says of itself, or to whoever asked it, where a text to post was asked for.
_HELPER = re.compile(
    r"\b(?:as (?:an ai|a language model)\b|i(?:'m| am) (?:just )?(?:an ai|a language model)\b|here to (?:help|assist)|"
    r"ready to (?:help|assist|collaborate)|"
    r"(?:can|may|could) i (?:help|assist)|(?:help|assist)(?:ing)? you with|what would you like (?:me )?to|"
    r"please provide|your (?:creative|request\b|requests\b|prompt\b)|what's on your mind)",
    re.IGNORECASE,
)
#: A task in place of the text.
_TASK = re.compile(
    r"^\W*(?:please )?(?:write|compose|draft) (?:me |us )?(?:a|an|one|two|some|your|the)\b[^.!?\n]{0,60}"
    r"\b(?:sentences?|posts?|tweets?|toots?|repl(?:y|ies)|paragraphs?|poems?|essays?|stor(?:y|ies))\b",
    re.IGNORECASE,
)
_NONE: frozenset[str] = frozenset()


def tidy(
    said: str, length: int, *, whole: bool = True, links: frozenset[str] = _NONE, people: frozenset[str] = _NONE
) -> str:
    """The draft in what a model said, at most `length` characters; "" where there is none.

    `whole`: the model ended by itself; else an unfinished last sentence goes. Addresses that are not in `links` are
    taken out, and @names that are not in `people` lose their @: a draft must not call people whom nobody named.
    """
    text = clean(said).replace("\t", " ").strip()
    text = _LABEL.sub("", text, count=1)
    text = _first(text)
    text = _BULLET.sub("", text, count=1)
    text = _bare(text)
    text = _ADDRESS.sub(lambda found: found[0] if _known(found[0], links) else "", text)
    text = _MENTION.sub(lambda found: found[0] if f"@{found[1]}".lower().rstrip(".") in people else found[1], text)
    text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    cut = len(text) > length
    return _finished(text[:length], must=cut or not whole) if cut or not whole else text


def speaks_for_itself(text: str) -> bool:
    """Whether a model talks to whoever asked it, or sets a task, instead of writing what was asked for."""
    return any(known.search(text.replace("\u2019", "'")) for known in (_HELPER, _TASK))


def _first(text: str) -> str:
    """Up to where it begins another draft, or speaks as somebody else."""
    return re.split(
        r"\n\s*(?:---+|###|(?:post|reply|draft|option|user|assistant|system)(?: \d{1,2})?\s*:)",
        text,
        flags=re.IGNORECASE,
    )[0].strip()


def _bare(text: str) -> str:
    """Without the quotation marks that stand around the whole of it."""
    for first, last in _PAIRS:
        if len(text) > 2 and text.startswith(first) and text.endswith(last) and first not in text[1:-1]:
            return text[1:-1].strip()
    return text if text.count('"') % 2 == 0 else text.removeprefix('"').removesuffix('"').strip()


def _known(address: str, links: frozenset[str]) -> bool:
    return address.rstrip(".,;:!?") in links


def _finished(text: str, *, must: bool) -> str:
    """Up to the end of the last whole sentence; cut at a word where there is none."""
    ends = [found.end() for found in _ENDS.finditer(text)]
    if ends and (must or ends[-1] > len(text) // 2):
        return text[: ends[-1]].strip()
    head, space, _ = text.rpartition(" ")
    return f"{head.rstrip(' ,;:-')}…" if space and head else text
