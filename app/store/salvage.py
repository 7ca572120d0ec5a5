"""Saving what can be read of a damaged archive into a new file. The damaged one is only read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from .backup import Progress
from .connection import Database, Row
from .errors import Damaged, StoreError
from .migrations import inspect

#: Never derived, so copied; in this order because later ones refer to earlier ones.
TABLES = ("subscriptions", "items", "aliases", "sightings", "events", "settings")
#: Settings that speak of derived rows, which start anew.
_DERIVED_SETTINGS = ("ranking", "features.version")
#: Row numbers tried one by one in a hole between readable parts.
PROBES = 200_000
BATCH = 500


@dataclass(slots=True)
class Salvaged:
    """How many rows of each table were copied, and in which of them some could not be read."""

    path: Path
    copied: dict[str, int] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    refused: int = 0

    def __str__(self) -> str:
        have = ", ".join(f"{self.copied.get(table, 0):,} {table}" for table in ("events", "items", "subscriptions"))
        lost = f"; some rows of {', '.join(self.incomplete)} could not be read" if self.incomplete else ""
        odd = f"; {self.refused:,} rows made no sense" if self.refused else ""
        return f"{have} saved into {self.path}{lost}{odd}"


def salvage(path: str | Path, dest: str | Path, progress: Progress | None = None) -> Salvaged:
    """Copy every readable subscription, item, sighting and event to a new archive at `dest`.

    Marks, full text and counts are derived again there; vectors and the
    ranking come back with the worker. Raises `StoreError` where `dest` exists
    or nothing at all can be read.
    """
    from . import Store

    source, target = Path(path).absolute(), Path(dest).absolute()
    if target.exists():
        raise StoreError(f"{target} exists already", hint="Salvage never replaces a file: choose another name.")
    _check_head(source)
    damaged = Database(source, "cli")
    result = Salvaged(target)
    part = target.with_name(target.name + ".part")
    for leftover in (part, part.with_name(part.name + "-wal"), part.with_name(part.name + "-shm")):
        leftover.unlink(missing_ok=True)
    try:
        columns = {table: _columns(damaged, table) for table in TABLES}
        if not any(columns.values()):
            raise Damaged(f"{source}: not even the list of its tables can be read", hint="Copy a backup over it.")
        with Store.open(part, role="cli") as store:
            store.db.pragma("foreign_keys", "off")
            for number, table in enumerate(TABLES):
                if progress:
                    progress(table, number, len(TABLES))
                _copy_table(damaged, store.db, table, columns[table], result)
            _tidy(store.db)
            store.events.rebuild_state()
            _derive(store)
        part.rename(target)
    finally:
        damaged.close()
    return result


def _check_head(source: Path) -> None:
    """Refuse what never was a database; a file that is cut short is worth a try."""
    try:
        inspect(source)
    except Damaged:
        pass


def _columns(db: Database, table: str) -> list[str]:
    try:
        return [row[1] for row in db.rows(f"PRAGMA table_info({table})")]
    except StoreError:
        return []


def _copy_table(damaged: Database, db: Database, table: str, columns: list[str], result: Salvaged) -> None:
    known = {row[1] for row in db.rows(f"PRAGMA table_info({table})")}
    names = [name for name in columns if name in known]
    if not names:
        result.incomplete.append(table)
        return
    listed = ", ".join(names)
    sql = f"INSERT OR IGNORE INTO {table}({listed}) VALUES ({', '.join('?' * len(names))})"
    reader = _Reader(damaged, table, listed, names)
    batch: list[Row] = []
    for row in reader.rows():
        batch.append(row)
        if len(batch) == BATCH:
            result.refused += _insert(db, sql, batch)
            batch = []
    result.refused += _insert(db, sql, batch)
    result.copied[table] = int(db.value(f"SELECT count(*) FROM {table}"))
    if reader.holes:
        result.incomplete.append(table)


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
    """Every readable row of a table: forwards to the first damaged page, then from the end, then in between."""

    def __init__(self, db: Database, table: str, columns: str, names: list[str]) -> None:
        self.db = db
        self.table = table
        self.columns = columns
        self.key = {"events": "seq", "aliases": "", "sightings": "", "settings": ""}.get(table, "id")
        self.order = "rowid" if self.key else ", ".join(names[:2])
        self.place = names.index(self.key) if self.key in names else -1
        self.holes = False
        self.last = 0

    def rows(self) -> Iterator[Row]:
        """Rows in no particular order; some of a table without row numbers may come twice."""
        if self.place < 0:
            yield from self._scan(f"ORDER BY {self.order}")
            if self.holes:
                yield from self._scan("ORDER BY " + ", ".join(f"{name} DESC" for name in self.order.split(", ")))
            return
        yield from self._scan("ORDER BY rowid")
        if not self.holes:
            return
        low = self.last
        high = low
        for row in self._scan("ORDER BY rowid DESC"):
            if row[self.place] <= low:
                return
            high = row[self.place]
            yield row
        yield from self._between(low + 1, high if high > low else low + PROBES)

    def _scan(self, order: str) -> Iterator[Row]:
        """Rows until the end or the first damage."""
        try:
            with self.db.failures():
                for row in self.db.apsw.execute(f"SELECT {self.columns} FROM {self.table} {order}"):
                    if self.place >= 0:
                        self.last = max(self.last, row[self.place]) if "DESC" not in order else self.last
                    yield row
        except (StoreError, UnicodeDecodeError):
            self.holes = True

    def _between(self, low: int, high: int) -> Iterator[Row]:
        """Row by row through a hole: pages that are whole inside it are still found."""
        for number in range(low, min(high, low + PROBES)):
            try:
                found = self.db.row(f"SELECT {self.columns} FROM {self.table} WHERE rowid = ?", (number,))
            except (StoreError, UnicodeDecodeError):
                continue
            if found is not None:
                yield found


def _tidy(db: Database) -> None:
    """Drop references to what was lost; give items without a name their own."""
    from .checks import rename

    with db.write():
        db.run("DELETE FROM aliases WHERE item_id NOT IN (SELECT id FROM items)")
        db.run(
            "DELETE FROM sightings WHERE item_id NOT IN (SELECT id FROM items)"
            " OR subscription_id NOT IN (SELECT id FROM subscriptions)"
        )
        db.run("UPDATE items SET subscription_id = NULL WHERE subscription_id NOT IN (SELECT id FROM subscriptions)")
        marks = ", ".join("?" * len(_DERIVED_SETTINGS))
        db.run(f"DELETE FROM settings WHERE key IN ({marks})", _DERIVED_SETTINGS)
        db.run("UPDATE subscriptions SET state = 'idle', next_due = 0")
        rename(db)


def _derive(store) -> None:  # type: ignore[no-untyped-def]
    from .checks import derived

    for _, make in derived(store):
        make()
