"""An answer while it comes: what is shown of it grows at its end only, sentence by sentence with its numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .citations import MARK, Cited, Shelf, cite, content_stems, marks
from .passages import sentences
from .wording import LONGEST, absent, settled, shown

#: Marks behind the point belong to the sentence before it.
_BEHIND = re.compile(r"([.!?\u2026\u3002]+[\"\u201d\u2019)]*)((?:\s*\[[\d,;\u2013 -]+\])+)")


class Reply:
    """Takes pieces of a model's words; `text` is what to show so far, and never takes back what it showed."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.text = ""
        self.absent = False
        self.cited: tuple[Cited, ...] = ()
        self._said = ""
        self._known: dict[str, Cited] = {}

    def take(self, piece: str) -> bool:
        """Take a piece; False once the model has said enough: it repeats itself, or found nothing."""
        self._said += piece
        return self._show(settled(self._said), whole=False)

    def finish(self) -> str:
        """Everything that was said, to its end."""
        self._show(self._said, whole=True)
        return self.text

    def set(self, sentences: Sequence[Cited]) -> None:
        """Sentences that nobody wrote for this: the archive's own."""
        self.cited, self.text = (), ""
        self._set(list(sentences), "")

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every source cited, by its number."""
        return tuple(sorted({n for each in self.cited for n in each.numbers}))

    def _show(self, said: str, *, whole: bool) -> bool:
        # marks go before the point, so that a sentence holds its own
        text = _BEHIND.sub(r"\2\1", shown(said))
        if absent(text):
            self.absent, self.text, self.cited = True, "", ()
            return False
        parts = sentences(text)
        ended = parts if whole or not parts else parts[:-1]
        found: list[Cited] = []
        for part in ended:
            each = self._known.setdefault(part, cite(part, self.shelf))
            if found and _nothing_new(each, found):  # small models go round in circles
                self._set(found, "")
                return False
            if each.text.strip(" .\u2026"):
                found.append(each)
        self._set(found, "" if len(ended) == len(parts) else _open(parts[-1]))
        return len(text) < LONGEST

    def _set(self, found: list[Cited], rest: str) -> None:
        self.cited = tuple(found)
        text = " ".join([*(_marked(each) for each in found), rest]).strip()
        if text.startswith(self.text):  # what was shown is never taken back
            self.text = text


def _nothing_new(each: Cited, before: Sequence[Cited]) -> bool:
    said = content_stems(each.text)
    return bool(said) and any(said <= content_stems(other.text) for other in before)


def _open(part: str) -> str:
    """An unfinished sentence without the marks it has so far: they come with its end."""
    return MARK.sub("", part)


def _marked(each: Cited) -> str:
    return f"{each.text} {marks(each.numbers)}" if each.numbers else each.text
