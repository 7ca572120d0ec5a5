"""A connection for SQL that somebody typed: it reads the documented views and nothing else, within limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import apsw.ext

from penchant.app.errors import PenchantError

from .connection import in_words
from .public_views import COLUMNS, statements

#: Bytes of the longest value, and of the whole process's use of SQLite.
LONGEST, MEMORY = 16 << 20, 384 << 20
#: Steps of SQLite's machine between two looks at the clock: about 0.2 ms.
STEPS = 2_000
_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: LONGEST,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 200,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    apsw.SQLITE_LIMIT_VDBE_OP: 250_000,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
#: Functions that read files, write them or change the connection, where a build has them.
_FORBIDDEN = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fts5", "lsdir"}
#: Table-valued functions; a table of its own is allowed to whoever names it.
_TABLES = {"json_each", "json_tree", "generate_series", "carray", "unnest"}
_READS = {apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE}


class SqlError(PenchantError):
    """The SQL is wrong, forbidden or takes too long."""

    hint = "`penchant sql --views` lists the views and their columns, docs/sql.md the functions."


class Reading:
    """One read-only connection, of one thread. `seconds` of computing are allowed for each `rows`.

    Time inside `uncounted` (a model computes) is not the statement's.
    """

    def __init__(self, path: Path, *, seconds: float = 60.0) -> None:
        self.path, self.seconds = path, seconds
        self._denied = ""
        self._until: float | None = None
        apsw.hard_heap_limit(MEMORY)
        with self.failures():
            self.apsw = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self.apsw.set_busy_timeout(5_000)
            settings = ("PRAGMA cell_size_check = on", "PRAGMA cache_size = -16000", "PRAGMA query_only = on")
            for sql in (*statements(), *settings):
                self.apsw.execute(sql).fetchall()
        self.apsw.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        self.apsw.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        for limit, value in _LIMITS.items():
            self.apsw.limit(limit, value)
        self.apsw.authorizer = self._allowed
        self.apsw.set_progress_handler(self._late, STEPS)

    def describe(self, sql: str) -> tuple[str, ...]:
        """The names of the columns that one SELECT gives; nothing is run. Raises `SqlError`."""
        with self.failures():
            info = apsw.ext.query_info(self.apsw, sql)
            if info.query_remaining and info.query_remaining.strip(" \n\t;"):
                raise SqlError("more than one statement", hint="One SELECT at a time.")
        if not info.description:
            raise SqlError("this only reads: a SELECT is needed, and nothing was changed", hint=_READ_ONLY)
        return tuple(name for name, _ in info.description)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows as they come. Raises `SqlError` and what the functions raise."""
        self._until = time.monotonic() + self.seconds
        with self.failures():
            yield from self.apsw.execute(sql)

    def nested(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows of another statement while one runs, on its time."""
        return iter(self.apsw.execute(sql))

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """What happens in here takes none of the statement's time."""
        began = time.monotonic()
        try:
            yield
        finally:
            if self._until is not None:
                self._until += time.monotonic() - began

    def function(self, name: str, call: Callable[..., Any], arguments: int, *, same: bool = False) -> None:
        """A function of SQL; `same`: equal arguments give equal answers at no cost worth sparing."""
        self.apsw.create_scalar_function(name, call, arguments, deterministic=same)

    def aggregate(self, name: str, factory: Callable[[], Any], arguments: int) -> None:
        self.apsw.create_aggregate_function(name, factory, arguments)

    def close(self) -> None:
        self.apsw.set_progress_handler(None)
        self.apsw.close(True)

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    def _allowed(self, code: int, first: str | None, second: str | None, where: str | None, view: str | None) -> int:
        if code in _READS:
            return apsw.SQLITE_OK
        if code == apsw.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN:
            return apsw.SQLITE_OK
        if code == apsw.SQLITE_READ and self._readable(first or "", second, where, view):
            return apsw.SQLITE_OK
        self._denied = self._denied or _why(code, first, second)
        return apsw.SQLITE_DENY

    def _readable(self, table: str, column: str | None, where: str | None, view: str | None) -> bool:
        if not column:  # a table that is only counted; inside a view nothing says that it is in one
            return True
        if where == "main":
            # live_events is a view of the archive's own, read by ours
            return view in COLUMNS or view == "live_events" or table.lower() in _TABLES
        return where in ("temp", None) and (table in COLUMNS or table in ("", "sqlite_temp_master"))

    @contextmanager
    def failures(self) -> Iterator[None]:
        self._denied = ""
        try:
            yield
        except apsw.InterruptError as error:
            raise SqlError(
                f"it took longer than {self.seconds:g} seconds, not counting the model",
                hint="A join without a condition does that. --seconds allows more.",
            ) from error
        except apsw.AuthError as error:
            raise SqlError(self._denied or "that is not allowed here") from error
        except apsw.TooBigError as error:
            raise SqlError("a value, or the SQL itself, is too long", hint=f"At most {LONGEST >> 20} MB.") from error
        except apsw.NoMemError as error:
            raise SqlError("it needs too much memory", hint="Select fewer columns, or add a LIMIT.") from error
        except apsw.SQLError as error:
            said = str(error).removeprefix("SQLError: ")
            if "cannot modify" in said:
                raise SqlError(f"this only reads: {said}", hint=_READ_ONLY) from error
            if self._denied:  # a view refused inside a view comes as a plain error
                raise SqlError(self._denied) from error
            raise SqlError(f"the SQL is wrong: {said}") from error
        except apsw.ReadOnlyError as error:
            raise SqlError("this only reads: nothing can be changed here", hint=_READ_ONLY) from error
        except apsw.Error as error:
            worded = in_words(error, self.path)
            if worded is error:
                raise SqlError(f"SQLite refuses: {str(error).removeprefix(type(error).__name__ + ': ')}") from error
            raise worded from error


_READ_ONLY = "Likes, sources and settings have commands of their own: `penchant --help`."
_VERBS = {
    apsw.SQLITE_INSERT: "INSERT", apsw.SQLITE_UPDATE: "UPDATE", apsw.SQLITE_DELETE: "DELETE",
    apsw.SQLITE_ATTACH: "ATTACH", apsw.SQLITE_DETACH: "DETACH", apsw.SQLITE_TRANSACTION: "a transaction",
    apsw.SQLITE_SAVEPOINT: "SAVEPOINT", apsw.SQLITE_ANALYZE: "ANALYZE", apsw.SQLITE_REINDEX: "REINDEX",
    apsw.SQLITE_ALTER_TABLE: "ALTER TABLE",
}  # fmt: skip


def _why(code: int, first: str | None, second: str | None) -> str:
    if code == apsw.SQLITE_READ:
        return f"{first} is not one of the views: {', '.join(COLUMNS)}"
    if code == apsw.SQLITE_FUNCTION:
        return f"the function {second} is not allowed here"
    if code == apsw.SQLITE_PRAGMA:
        return f"PRAGMA {first} is not allowed here"
    what = _VERBS.get(code, "CREATE and DROP")
    return f"this only reads: {what} is not allowed, and nothing was changed"
