"""Runs one SELECT: reads it, plans it, lends SQLite the functions, gives the rows as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.app.store.public_views import COLUMNS
from penchant.app.store.reading import Reading, SqlError

from . import tree
from .ahead import Ahead, closing
from .book import Book, Progress
from .model import Model
from .plan import Atom, Plan, made
from .vectors import Meaning, mean_factory

if TYPE_CHECKING:
    from penchant.app.pictures.files import PictureFiles
    from penchant.app.store import Store

#: How many rows a count of calls to come looks at.
COUNTED = 200_000


@dataclass(frozen=True, slots=True)
class Expected:
    """Calls to come: how many texts reach a call, and how many of them are answered already. `sure`: no LIMIT or other
    condition may spare some. None: only running would tell."""

    atom: Atom
    texts: int | None
    known: int
    sure: bool


class Query:
    """One SELECT on one connection. `meaning` is made on first use. Belongs to one thread; close it."""

    def __init__(
        self,
        store: Store,
        model: Model,
        files: PictureFiles,
        meaning: Callable[[], Meaning],
        *,
        seconds: float = 60.0,
        tell: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.reading = Reading(store.path, seconds=seconds)
        self.book = Book(store, model, files, self._tell, self.reading.uncounted)
        self._say, self._make = tell, meaning
        self._meaning: Meaning | None = None
        self._store = store
        self._ahead: Ahead | None = None
        self._plan: Plan | None = None
        self._functions()

    def close(self) -> None:
        self.reading.close()

    @property
    def notes(self) -> list[str]:
        """What the reader should know of the answer."""
        missing = len(self._meaning.missing) if self._meaning is not None else 0
        more = [f"{missing:,} texts have no vector yet: their similarity is NULL"] if missing else []
        return [*self.book.notes, *more]

    def names(self, sql: str) -> tuple[str, ...]:
        """The names of its columns. Raises `SqlError`, for SQL that is no SELECT too."""
        return self.reading.describe(sql)

    def plan(self, sql: str, *, as_written: bool = False) -> Plan:
        """How it will run. `as_written` leaves the order of its conditions to SQLite. Raises `SqlError`."""
        names = self.names(sql)
        if not tree.mentions(sql):
            return Plan(sql)
        prepared = tree.prepared(tree.parse(sql), COLUMNS)
        if as_written:
            return Plan(tree.sql_of(prepared), whole="as written")
        return made(prepared, names, COLUMNS, self._sound)

    def run(self, plan: Plan, rows: int) -> Iterator[tuple[Any, ...]]:
        """At most `rows` rows, as they come. Raises `SqlError` and what models raise."""
        self._plan = plan
        with closing(Ahead(plan, self.book, self.reading.nested, rows)) as ahead:
            self._ahead = ahead
            try:
                for row in self.reading.rows(plan.sql):
                    ahead.given += 1
                    yield row
                    if ahead.given >= rows:
                        return
            finally:
                self._ahead = None

    def expected(self, plan: Plan) -> list[Expected]:
        """What each call is about to cost; calls behind another model's answer cannot be counted."""
        found = []
        for atom in plan.atoms:
            first = next((each for each in plan.atoms if _like(each, atom) and each.number < atom.number), None)
            if first is not None:
                continue  # the same question about the same texts
            questions = set()
            if not atom.rows or tree.calls(tree.parse(atom.rows)):
                found.append(Expected(atom, None, 0, False))
                continue
            for row, _ in zip(self.reading.rows(atom.rows), range(COUNTED), strict=False):
                question = self.book.of(atom.kind, *row)
                if question is not None:
                    questions.add(question)
            known = self.book.known_of(list(questions))
            found.append(Expected(atom, len(questions), known, plan.limit is None))
        return found

    def _sound(self, sql: str) -> bool:
        with suppress(SqlError):
            return bool(self.reading.describe(sql))
        return False

    def _tell(self, progress: Progress) -> None:
        if not progress.total and self._plan is not None and self._plan.atoms and not progress.asked:
            with suppress(SqlError):
                counted = self.expected(self._plan)
                progress.total = sum(each.texts - each.known for each in counted if each.texts is not None)
                progress.exact = all(each.sure and each.texts is not None for each in counted)
        self._say(progress)

    # -- the functions
    def _functions(self) -> None:
        reading = self.reading
        reading.function("similarity", self._similarity, 2, same=True)
        reading.aggregate("mean_vector", mean_factory(self._space), 1)
        reading.function("probability", self._probability, 1, same=True)
        for kind, arguments in (("ask", 2), ("summarize", 1), ("describe", 1)):
            reading.function(kind, lambda *given, kind=kind: self._answer(kind, given, None), arguments)
            reading.function(
                kind, lambda *given, kind=kind: self._answer(kind, given[:-1], given[-1]), arguments + 1
            )  # fmt: skip

    def _space(self) -> Meaning:
        if self._meaning is None:
            with self.reading.uncounted():
                self._meaning = self._make()
        return self._meaning

    def _similarity(self, one: object, other: object) -> float | None:
        return self._space().similarity(one, other)

    def _probability(self, item: object) -> float | None:
        if item is None:
            return None
        found: float | None = self._store.db.value("SELECT probability FROM scores WHERE item_id = ?", (item,))
        return found

    def _answer(self, kind: str, given: Sequence[object], number: object) -> object:
        question = self.book.of(kind, *given)
        if question is None:
            return None
        numbered = number if isinstance(number, int) and self._plan and 0 <= number < len(self._plan.atoms) else None
        if self._ahead is None:
            return self.book.answer([question])
        return self._ahead.answer(question, numbered)


def _like(one: Atom, other: Atom) -> bool:
    """Whether two calls ask the same of the same texts, whatever rows come to them."""
    import re

    plain = [re.sub(r", \d+\)$", ")", each.words) for each in (one, other)]
    return one.kind == other.kind and plain[0] == plain[1]
