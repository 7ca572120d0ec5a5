"""Saving what can be read of a damaged archive into a new file. The damaged one is only read."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import apsw

from . import pages
from .backup import Progress
from .checks import derived, rename
from .connection import Database, Row
from .errors import Damaged, StoreError
from .migrations import inspect

#: Never derived, so copied; in this order because later ones refer to earlier ones.
TABLES = ("subscriptions", "items", "aliases", "sightings", "events", "settings", "dropped", "gate_log",
          "remote_states", "forgotten")  # fmt: skip
#: Tables that archives from before do not have.
_YOUNG = {"remote_states", "forgotten"}
#: Settings that speak of derived rows, which start anew.
_DERIVED_SETTINGS = (
    "ranking", "features.version", "unranked", "space.sentence", "backfill", "space.picture", "picture.status",
)  # fmt: skip
#: Tables whose rows have a number of their own, and the column that shows it.
_NUMBERED = {"subscriptions": "id", "items": "id", "events": "seq", "dropped": "item_id", "gate_log": "id"}
BATCH = 500


@dataclass(slots=True)
class Salvaged:
    """How many rows of each table were copied, and in which of them some could not be read."""

    path: Path
    copied: dict[str, int] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    refused: int = 0

    def __str__(self) -> str:
        have = ", ".join(
            f"{self.copied.get(table, 0):,} {table}" for table in ("events", "items", "subscriptions")
        )
        lost = f"; some rows of {', '.join(self.incomplete)} could not be read" if self.incomplete else ""
        odd = f"; {self.refused:,} rows made no sense" if self.refused else ""
        return f"{have} saved into {self.path}{lost}{odd}"


def salvage(path: str | Path, dest: str | Path, progress: Progress | None = None) -> Salvaged:
    """Copy every readable subscription, item, sighting and event to a new archive at `dest`.

    Where the way to some rows is damaged, their pages are looked for in the
    whole file; an item that was deleted lately may come back by that. Marks,
    full text and counts are derived again; vectors and the ranking come back
    with the worker. Raises `StoreError` where `dest` exists or nothing can be read.
    """
    from . import Store

    source, target = Path(path).absolute(), Path(dest).absolute()
    if target.exists():
        raise StoreError(
            f"{target} exists already", hint="Salvage never replaces a file: choose another name."
        )
    result = Salvaged(target)
    part = target.with_name(target.name + ".part")
    _clear(part)
    with _whole(source, part.with_name(part.name + "-padded")) as readable:
        damaged = Database(readable, "cli")
        try:
            with Store.open(part, role="cli") as store, readable.open("rb") as file:
                store.db.pragma("foreign_keys", "off")
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                for number, table in enumerate(TABLES):
                    if progress:
                        progress(table, number, len(TABLES))
                    _copy_table(damaged, store.db, table, data, result)
                if not (result.copied["items"] or result.copied["events"] or result.copied["subscriptions"]):
                    raise Damaged(f"nothing of {source} can be read", hint="Copy a backup over it.")
                _tidy(store.db)
                for _, make in derived(store):
                    make()
                result.copied = {
                    table: int(store.db.value(f"SELECT count(*) FROM {table}")) for table in TABLES
                }
            part.rename(target)
        finally:
            damaged.close()
            _clear(part)
    return result


def _clear(path: Path) -> None:
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)


@contextmanager
def _whole(source: Path, padded: Path) -> Iterator[Path]:
    """`source` itself; of one that is cut short (SQLite reads nothing of it) a copy filled up with zeros."""
    try:
        inspect(source)
        yield source
        return
    except Damaged:
        with source.open("rb") as file:
            head = file.read(100)
    promised = int.from_bytes(head[28:32], "big") * max(512, int.from_bytes(head[16:18], "big"))
    size = source.stat().st_size
    try:
        shutil.copyfile(source, padded)
        if size < promised <= 16 * size:
            os.truncate(padded, promised)
        yield padded
    finally:
        _clear(padded)


def _columns(db: Database, table: str) -> list[str]:
    try:
        return [row[1] for row in db.rows(f"PRAGMA table_info({table})")]
    except StoreError:
        return []


def _copy_table(damaged: Database, db: Database, table: str, data: mmap.mmap, result: Salvaged) -> None:
    known = _columns(db, table)
    columns = _columns(damaged, table)
    names = [name for name in columns if name in known]
    if not columns and table in _YOUNG and _columns(damaged, "items"):
        return
    holes = not names
    if names:
        listed = ", ".join(names)
        reader = _Reader(damaged, table, listed, names)
        result.refused += _insert_all(db, table, names, reader.rows())
        holes = reader.holes
    if holes:
        result.incomplete.append(table)
        if table in _NUMBERED:
            found = _stray(data, columns or known, known, _NUMBERED[table])
            _insert_all(db, table, [name for name in columns or known if name in known], found)
    result.copied[table] = int(db.value(f"SELECT count(*) FROM {table}"))


def _stray(data: mmap.mmap, columns: list[str], known: list[str], key: str) -> Iterator[Row]:
    """Rows of a table found by looking at every page; SQLite leaves out the key, which is their number."""
    place = columns.index(key)
    for number, values in pages.rows(data, len(columns)):
        if values[place] is None and number > 0:
            row = (*values[:place], number, *values[place + 1 :])
            yield tuple(value for name, value in zip(columns, row, strict=True) if name in known)


def _insert_all(db: Database, table: str, names: list[str], rows: Iterable[Row]) -> int:
    sql = f"INSERT OR IGNORE INTO {table}({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    waiting, refused = iter(rows), 0
    while batch := list(islice(waiting, BATCH)):
        refused += _insert(db, sql, batch)
    return refused


def _insert(db: Database, sql: str, rows: list[Row]) -> int:
    """Insert rows; a row whose values a damaged page made nonsense of is left out. Returns how many were."""
    with db.write():
        try:
            with db.apsw:
                db.apsw.executemany(sql, rows).fetchall()
            return 0
        except apsw.Error:
            refused = 0
            for row in rows:
                try:
                    db.apsw.execute(sql, row).fetchall()
                except (apsw.ConstraintError, apsw.MismatchError, apsw.SQLError):
                    refused += 1
            return refused


class _Reader:
    """The rows of a table in its own order: forwards to the first damaged page, backwards to the last."""

    def __init__(self, db: Database, table: str, columns: str, names: list[str]) -> None:
        self.db = db
        self.table = table
        self.columns = columns
        self.order = [_NUMBERED[table]] if table in _NUMBERED else names[:2]
        self.holes = False

    def rows(self) -> Iterator[Row]:
        """Rows in no particular order; beside a hole some may come twice."""
        yield from self._scan(", ".join(self.order))
        if self.holes:
            yield from self._scan(", ".join(f"{name} DESC" for name in self.order))

    def _scan(self, order: str) -> Iterator[Row]:
        try:
            with self.db.failures():
                yield from self.db.apsw.execute(f"SELECT {self.columns} FROM {self.table} ORDER BY {order}")
        except (StoreError, UnicodeDecodeError):
            self.holes = True


def _tidy(db: Database) -> None:
    """Drop references to what was lost; give items without a name their own."""
    with db.write():
        db.run("DELETE FROM aliases WHERE item_id NOT IN (SELECT id FROM items)")
        db.run(
            "DELETE FROM sightings WHERE item_id NOT IN (SELECT id FROM items)"
            " OR subscription_id NOT IN (SELECT id FROM subscriptions)"
        )
        db.run(
            "DELETE FROM remote_states WHERE item_id NOT IN (SELECT id FROM items)"
            " OR subscription_id NOT IN (SELECT id FROM subscriptions)"
        )
        db.run(
            "UPDATE items SET subscription_id = NULL"
            " WHERE subscription_id NOT IN (SELECT id FROM subscriptions)"
        )
        marks = ", ".join("?" * len(_DERIVED_SETTINGS))
        db.run(f"DELETE FROM settings WHERE key IN ({marks})", _DERIVED_SETTINGS)
        db.run("UPDATE subscriptions SET state = 'idle', next_due = 0")
        rename(db)
