"""What `penchant forget` took away and nothing brings back, by names that say nothing of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from .connection import Database


def source_digest(kind: str, address: str) -> str:
    """How a forgotten source is remembered."""
    return hashlib.blake2b(f"{kind}\0{address}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def forgotten(db: Database, names: Sequence[str]) -> set[str]:
    """Which of these names (`items.uid`, ids of events) were forgotten."""
    if not names or db.row("SELECT 1 FROM forgotten LIMIT 1") is None:
        return set()
    sql = "SELECT f.name FROM json_each(?) j CROSS JOIN forgotten f ON f.name = j.value"
    return {name for (name,) in db.rows(sql, (json.dumps(list(names)),))}


def remember(db: Database, names: Iterable[str], at: float, source: str = "") -> None:
    """Inside the caller's transaction. `source`: the digest of the source that was forgotten as a whole."""
    db.run_many("INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?)", [(name, source, at) for name in names])


def welcome(db: Database, kind: str, address: str) -> None:
    """Who follows a forgotten source again gets its items again; inside the caller's transaction."""
    if db.row("SELECT 1 FROM forgotten WHERE source <> '' LIMIT 1") is not None:
        db.run("DELETE FROM forgotten WHERE source = ?", (source_digest(kind, address),))
