"""Looking ahead: a model is asked about several rows at once, and never about one that nobody will come to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .book import BATCH, Book, Question
from .plan import Atom, Plan

#: A limit on rows that nothing comes near is none.
MANY = 100_000
Rows = Callable[[str], Iterator[tuple[Any, ...]]]


class Ahead:
    """The calls of one plan while it runs. `rows` runs another statement beside it; `most` rows are wanted at most.

    A call's own statement gives the arguments that rows to come will bring, in their order. With a LIMIT each row that
    passes costs at least one, so of n rows still wanted the next n can be asked together without asking in vain.
    """

    def __init__(self, plan: Plan, book: Book, rows: Rows, most: int) -> None:
        self._plan, self._book, self._rows = plan, book, rows
        self._most = most if plan.limit is None else min(most, plan.limit)
        self._going: dict[int, Iterator[tuple[Any, ...]] | None] = {}
        #: Rows that came out so far; rows beyond them that a look ahead under way has found to pass.
        self.given = self._passing = 0

    def answer(self, question: Question, number: int | None) -> Any:
        """What the model says; NULL (None) where it died of it."""
        if self._book.knows(question) or number is None:
            return self._book.answer([question])
        return self._book.answer([question, *self._next(self._plan.atoms[number], question)])

    def close(self) -> None:
        for rows in self._going.values():
            close = getattr(rows, "close", None)
            if close is not None:
                close()
        self._going.clear()

    def _next(self, atom: Atom, question: Question) -> list[Question]:
        """Questions about the rows behind this one, at most a batch less one, and none that a LIMIT may spare."""
        window = self._most - self.given - self._passing if self._plan.flows else 1 << 40
        if not atom.rows or window <= 1 or (self._plan.flows and self._most < MANY and not atom.certain):
            return []
        if atom.number not in self._going:
            self._going[atom.number] = self._rows(atom.rows)
        before = self._passing
        try:
            return self._found(atom, question, window)
        finally:
            self._passing = before

    def _found(self, atom: Atom, question: Question, window: int) -> list[Question]:
        found: list[Question] = []
        here = False
        while (rows := self._going[atom.number]) is not None and window > 0 and len(found) < BATCH - 1:
            arguments = self._row(atom, rows)
            if arguments is None:
                break
            each = self._book.of(atom.kind, *arguments)
            here = here or each == question
            if not here:
                continue  # a row that was answered before, or that this statement has in another order
            window -= 1
            self._passing += 1  # to find the next row that passes, other calls may be made
            if each is None or each == question or self._book.knows(each):
                continue
            if each.words != question.words:
                break  # other words are another batch
            found.append(each)
        return found

    def _row(self, atom: Atom, rows: Iterator[tuple[Any, ...]]) -> Sequence[Any] | None:
        row = next(rows, None)
        if row is None:
            self._going[atom.number] = None
        return row


@contextlib.contextmanager
def closing(ahead: Ahead) -> Iterator[Ahead]:
    try:
        yield ahead
    finally:
        ahead.close()
