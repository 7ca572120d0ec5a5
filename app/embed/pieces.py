"""Token ids of many texts from a memory of words: the tokenizer sees each new word once, not every text.

Exact for vocabularies like Llama 2's, in which no token joins a letter with anything but letters (a leading
blank apart) and none joins a blank with what stands before it: then byte-pair merges never cross the borders
that `_PIECE` cuts at. `Pieces` checks the vocabulary and otherwise asks the tokenizer for every whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Words remembered, about 150 bytes each; then it starts afresh.
REMEMBERED = 1 << 16
#: Latin letters; whatever is between them and blanks is one piece, so are other scripts' words.
_LETTERS = "A-Za-z\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\u02ff"
_PIECE = re.compile(f" ?(?:[{_LETTERS}]+|[^{_LETTERS} ]+)")
#: A token that crosses a border, in a list of tokens one a line.
_ACROSS = re.compile(
    f"[{_LETTERS}][^{_LETTERS}\u2581\n]|[^{_LETTERS}\u2581\n][{_LETTERS}]|[^\u2581\n]\u2581",
)


class Pieces:
    """`ids(texts)` equals the tokenizer's own ids. Safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, tuple[int, ...]] = {}
        self._usable = separable(tokenizer)
        self._line: int = tokenizer.token_to_id("<0x0A>") or 0  # there where it is usable

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens."""
        if not self._usable:
            return self._whole(texts)
        # A text begins like a word after a blank: the tokenizer puts one there.
        cut = [None if _odd(text) else _PIECE.findall(" " + text) for text in texts]
        known = self._learn(set(chain.from_iterable(pieces for pieces in cut if pieces)))
        odd = iter(self._whole([text for text, pieces in zip(texts, cut, strict=True) if pieces is None]))
        return [
            next(odd) if pieces is None else list(chain.from_iterable(map(known.__getitem__, pieces)))
            for pieces in cut
        ]

    def _learn(self, pieces: set[str]) -> dict[str, tuple[int, ...]]:
        """A memory that has all of `pieces`."""
        known = self._known
        new = pieces.difference(known)
        if len(known) + len(new) > REMEMBERED:
            known, new = {}, pieces
        if new:
            known.update(self._tokenize(new))
        self._known = known
        return known

    def _tokenize(self, pieces: set[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The ids of pieces, a thousand at a time, each on a line of its own in one text."""
        broken = [piece for piece in pieces if "\n" in piece]
        for piece, ids in zip(broken, self._whole(["a\n" + piece for piece in broken]), strict=True):
            yield piece, tuple(ids[2:])
        plain = sorted(pieces.difference(broken))
        for start in range(0, len(plain), 1000):
            lines = plain[start : start + 1000]
            ids = self._whole(["\n" + "\n".join(lines) + "\n"])[0]
            at = ids.index(self._line)
            for line in lines:
                end = ids.index(self._line, at + 1)
                yield line, tuple(ids[at + 1 : end])
                at = end

    def _whole(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        return [
            entry.ids for entry in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]


def _odd(text: str) -> bool:
    """Runs of blanks, and what looks like a special token, are left to the tokenizer."""
    return not text or text[0] == " " or text[-1] == " " or "  " in text or "<" in text or "\u2581" in text


def separable(tokenizer: Tokenizer) -> bool:
    """Whether no ordinary token of the vocabulary crosses a border of `_PIECE`."""
    if tokenizer.encode("\na", add_special_tokens=False).tokens != ["\u2581", "<0x0A>", "a"]:
        return False
    ordinary = [token for token in tokenizer.get_vocab() if token[:1] != "<"]
    return not _ACROSS.search("\n".join(ordinary))
