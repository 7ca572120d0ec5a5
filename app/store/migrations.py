"""Opening a file safely and bringing it up to date, one recorded step at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import apsw

from .connection import APPLICATION_ID, MAGIC, Database, in_words
from .errors import Damaged, FromNewerVersion, NotADatabase, ReadOnly, StoreError


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `apply` runs inside the transaction that also records it."""

    version: int
    name: str
    apply: Callable[[Database], None]


def _first(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8"))


def _muting(db: Database) -> None:
    # All that mutes ask of an item, without reading its text: 100,000 items are looked through in 11 ms, not 240.
    script(
        db,
        "CREATE INDEX items_muting ON items(author_key, domain, lang, subscription_id)"
        " WHERE deleted_at IS NULL",
    )


def _gate(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("gate.sql").read_text(encoding="utf-8"))


def _stories(db: Database) -> None:
    # `leader`: the item behind which this one of the same story stands (0: none). `note`: "explored" or "people".
    script(
        db,
        "ALTER TABLE ranking ADD COLUMN leader INTEGER NOT NULL DEFAULT 0;"
        " ALTER TABLE ranking ADD COLUMN note TEXT NOT NULL DEFAULT '';"
        " CREATE INDEX ranking_leader ON ranking(leader, generation) WHERE leader <> 0",
    )


def _counted(db: Database) -> None:
    # When points and comments were last counted, where that was after the first time: a table of its own, since a
    # column behind the text would cost its overflow pages, and one before it a copy of every item.
    script(
        db,
        "CREATE TABLE counted (item_id INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,"
        " at REAL NOT NULL) STRICT",
    )


def _pictures(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("pictures.sql").read_text(encoding="utf-8"))


def _remote(db: Database) -> None:
    # What this archive and a reader server last agreed on; `at` is when (Unix seconds).
    script(
        db,
        "CREATE TABLE remote_states (subscription_id INTEGER NOT NULL REFERENCES subscriptions(id) ON DELETE CASCADE,"
        " entry TEXT NOT NULL, item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,"
        " read INTEGER NOT NULL, starred INTEGER NOT NULL, at REAL NOT NULL,"
        " PRIMARY KEY (subscription_id, entry)) STRICT, WITHOUT ROWID;"
        " CREATE INDEX remote_states_item ON remote_states(item_id)",
    )


def _knowledge(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("knowledge.sql").read_text(encoding="utf-8"))


def _clock(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("clock.sql").read_text(encoding="utf-8"))


def _interests(db: Database) -> None:
    # `members`: ids of liked items, the nearest to the centre first; of `judged` decided items near it `liked` were.
    # `radius`: the cosine to the centre from which on a text belongs to it.
    script(
        db,
        "ALTER TABLE interests ADD COLUMN members TEXT NOT NULL DEFAULT '[]';"
        " ALTER TABLE interests ADD COLUMN radius REAL NOT NULL DEFAULT 1.0;"
        " ALTER TABLE interests ADD COLUMN liked INTEGER NOT NULL DEFAULT 0;"
        " ALTER TABLE interests ADD COLUMN judged INTEGER NOT NULL DEFAULT 0",
    )


def _memory(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("memory.sql").read_text(encoding="utf-8"))


def _forgotten(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("forgotten.sql").read_text(encoding="utf-8"))


def _two_bits(db: Database) -> None:
    # The blocks held int8: their bytes would be read as something else. 100,000 vectors are encoded in two seconds.
    if db.row("SELECT 1 FROM coarse LIMIT 1"):
        from .coarse_rebuild import rebuild

        db.run("DELETE FROM coarse")
        rebuild(db)


def _voice(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("voice.sql").read_text(encoding="utf-8"))


def _duels(db: Database) -> None:
    script(db, resources.files(__package__).joinpath("duels.sql").read_text(encoding="utf-8"))


def _texts_of_vectors(db: Database) -> None:
    # Which text a vector is of, without reading the vector: a filter asks that of thousands of candidates.
    script(db, "CREATE INDEX embeddings_text ON embeddings(id, content_hash)")


def _vector_items(db: Database) -> None:
    from .vector_items import remake

    script(db, resources.files(__package__).joinpath("vector_items.sql").read_text(encoding="utf-8"))
    remake(db)  # by embeddings_text, which then serves nobody
    script(db, "DROP INDEX embeddings_text")


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "first schema", _first),
    Migration(2, "an index for mutes", _muting),
    Migration(3, "the gate", _gate),
    Migration(4, "stories in the order", _stories),
    Migration(5, "when points were counted", _counted),
    Migration(6, "pictures and opinions", _pictures),
    Migration(7, "what reader servers agreed on", _remote),
    Migration(8, "searches kept, interests, what models said", _knowledge),
    Migration(9, "an order of events that machines agree on", _clock),
    Migration(10, "what belongs to an interest", _interests),
    Migration(11, "when things were done, citations", _memory),
    Migration(12, "what was forgotten", _forgotten),
    Migration(13, "two bits a number", _two_bits),
    Migration(14, "drafts, and what carries a taste", _voice),
    Migration(15, "texts for duels", _duels),
    Migration(16, "texts of vectors", _texts_of_vectors),
    Migration(17, "items of vectors", _vector_items),
)

_RECORD = """CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL
) STRICT"""


def latest(migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    return migrations[-1].version


def script(db: Database, sql: str) -> None:
    """Run every statement of a script; apsw stops at the first row unless it is read to the end."""
    with db.failures():
        for _ in db.apsw.execute(sql):
            pass


def inspect(path: Path) -> None:
    """Refuse, without opening it as a database, what cannot be ours or is cut short. An empty file is new."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
            size = os.fstat(file.fileno()).st_size
    except PermissionError as error:
        raise ReadOnly(f"{path} cannot be read: {error.strerror}") from error
    except IsADirectoryError as error:
        raise NotADatabase(f"{path} is a folder, not an archive") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if size == 0:
        return
    if not head.startswith(MAGIC) or size < 512:
        raise NotADatabase(f"{path} is not a SQLite database")
    wal = path.with_name(path.name + "-wal")
    page = int.from_bytes(head[16:18], "big")
    promised = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if size < promised and not (wal.exists() and wal.stat().st_size):
        raise Damaged(f"{path} is cut short: {size:,} of {promised:,} bytes are there")


def identify(db: Database, newest: int) -> int:
    """The schema version of an opened file, 0 for an empty one. Raises for what penchant cannot use."""
    version, application = db.pragma("user_version"), db.pragma("application_id")
    tables = {name for (name,) in db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables and version == 0:
        return 0
    if application != APPLICATION_ID:
        raise NotADatabase(f"{db.path} is a SQLite database of another program")
    if version > newest:
        raise FromNewerVersion(f"{db.path} has version {version}; this penchant knows up to {newest}")
    missing = {"items", "events", "migrations"} - tables
    if missing:
        raise Damaged(f"{db.path} lacks the tables {', '.join(sorted(missing))}")
    if db.apsw.readonly("main"):
        raise ReadOnly(f"{db.path} or its folder cannot be written")
    return int(version)


def migrate(db: Database, migrations: tuple[Migration, ...] = MIGRATIONS) -> list[Path]:
    """Apply what is missing; returns the backups made (of an existing file one, before the first step).

    All steps of one opening share a backup: the states in between are nobody's, and each would cost the archive's size.
    """
    backups = []
    version = identify(db, latest(migrations))
    missing = [step for step in migrations if step.version > version]
    if version > 0 and missing:
        backups.append(back_up(db, db.path.with_name(f"{db.path.name}.before-v{missing[0].version}.bak")))
    # A new file gets all of them in one transaction: it is whole or empty, and waits for the disk once.
    with db.write() if version == 0 else nullcontext():
        for step in missing:
            _take(db, step)
    if backups:
        _prune(db.path, backups[-1])
    return backups


def _take(db: Database, step: Migration) -> None:
    with db.write():
        # Another process may have done this step while we waited for the lock.
        if db.pragma("user_version") < step.version:
            step.apply(db)
            db.run(_RECORD)
            db.run("INSERT INTO migrations VALUES (?, ?, ?)", (step.version, step.name, time.time()))
            db.pragma("application_id", str(APPLICATION_ID))
            db.pragma("user_version", str(step.version))


def _prune(archive: Path, newest: Path) -> None:
    """Of the copies before migrations keep the newest and the one before it."""
    old = [path for path in archive.parent.glob(f"{archive.name}.before-v*.bak") if path != newest]
    for path in sorted(old, key=lambda each: each.stat().st_mtime)[:-1]:
        path.unlink(missing_ok=True)


def back_up(db: Database, target: Path) -> Path:
    """Online copy of an open archive; `target` appears only when it is complete, checked and on disk.

    Raises `StoreError`: `DiskFull` where there is no room, `Damaged` where the copy is not sound.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        _copy(db, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise ReadOnly(f"cannot write the backup {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _copy(db: Database, part: Path) -> None:
    events = db.value("SELECT count(*) FROM events")
    try:
        copy = apsw.Connection(str(part))
        try:
            with copy.backup("main", db.apsw, "main") as backup:
                while not backup.done:
                    backup.step(1_000)
            found = copy.execute("PRAGMA quick_check(1)").fetchall()
            if found != [("ok",)]:
                raise Damaged(f"{db.path} is damaged ({found[0][0]})")
            # Others may write meanwhile, so the copy may hold more.
            if copy.execute("SELECT count(*) FROM events").fetchall()[0][0] < events:
                raise Damaged(f"the copy of {db.path} lacks events")
        finally:
            copy.close()
    except apsw.Error as error:
        raise in_words(error, part) from error
