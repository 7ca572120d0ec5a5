"""How much of a text repeats others, in runs of eight words. Pure.

Eight words in a row are hardly ever found twice by chance; the measure is the usual one for text that a model took
from what it had read (e.g. the contamination checks of GPT-3, arXiv 2005.14165, appendix C, with N = 8 to 13).
"""

from __future__ import annotations

import re
from collections.abc import Collection

#: Words of a run; characters of one where words are not divided by spaces.
N, CHARACTERS = 8, 12
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(f"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\U0010ffff]{{{CHARACTERS},}}")


def runs(text: str, n: int = N) -> list[str]:
    """The stretches of a text that hold `n` words each, as they stand in it; a shorter text is one stretch.

    Of scripts without spaces: stretches of `CHARACTERS` characters. Fewer than three words are no stretch: everybody
    says those.
    """
    found = [(each.start(), each.end()) for each in _WORD.finditer(text)]
    wide = [
        each[0][at : at + CHARACTERS]
        for each in _UNSPACED.finditer(text)
        for at in range(len(each[0]) - CHARACTERS + 1)
    ]
    if len(found) < n:
        return wide or ([text[found[0][0] : found[-1][1]]] if len(found) >= 3 else [])
    return [text[found[at][0] : found[at + n - 1][1]] for at in range(len(found) - n + 1)] + wide


def share(text: str, known: Collection[str], n: int = N) -> float:
    """The share (0 to 1) of a text's stretches that are among `known`; 0 for a text without any."""
    own = runs(text, n)
    return sum(run in known for run in own) / len(own) if own else 0.0


def plain_runs(text: str, n: int = N) -> set[tuple[str, ...]]:
    """Runs as tuples of lower-case words, for comparing texts that are at hand."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return {tuple(words[at : at + n]) for at in range(len(words) - n + 1)}
