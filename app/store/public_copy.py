"""A copy of the documented views as tables of a new SQLite file, for other programs."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from penchant.app.errors import StoreError

from .connection import in_words
from .public_views import COLUMNS, select

#: Columns that other programs look rows up by.
_INDEXES = ("items(published_at)", "items(source_id)", "items(author_key)", "events(item_id)", "pictures(item_id)")


def copy_views(archive: Path, target: Path) -> int:
    """Write every view into `target`, which must not be there yet; returns its bytes. One state of the archive.

    Raises `StoreError`; what was begun is removed then. The archive is only read.
    """
    if target.exists():
        raise StoreError(f"{target} is already there", hint="Give another name, or remove it first.")
    begun = target.with_name(f".{target.name}.{os.getpid()}.part")
    db = None
    try:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        db = apsw.Connection(str(begun), flags=flags)
        db.execute("PRAGMA journal_mode = off").fetchall()
        db.execute("ATTACH ? AS archive", (archive.absolute().as_uri() + "?mode=ro",))
        with db:
            for name, columns in COLUMNS.items():
                sql = select(name).replace("main.", "archive.")
                first = f"{columns[0]} INTEGER PRIMARY KEY" if columns[0] in ("id", "seq") else columns[0]
                db.execute(f"CREATE TABLE {name}({', '.join([first, *columns[1:]])})")
                db.execute(f"INSERT INTO {name} {sql}")
            for index in _INDEXES:
                db.execute(f"CREATE INDEX {index.replace('(', '_').rstrip(')')} ON {index}")
        db.close()
        os.replace(begun, target)
    except apsw.Error as error:
        worded = in_words(error, target)
        raise (worded if isinstance(worded, StoreError) else StoreError(f"{target}: {error}")) from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        if db is not None:
            db.close()
        begun.unlink(missing_ok=True)
    return target.stat().st_size
