"""Which stretches of a text stand in the archive word for word: asked of the full-text index."""

from __future__ import annotations

from collections.abc import Iterable

from .connection import Database
from .text_index import may_be_unspaced

#: Stretches of one text that are looked up at most: the beginning of a long one tells enough.
MOST = 400


def standing(db: Database, stretches: Iterable[str]) -> set[str]:
    """Those of the stretches that an item holds, whatever its case, marks and punctuation; drafts do not count."""
    wanted = list(dict.fromkeys(stretches))[:MOST]
    return {stretch for stretch in wanted if _stands(db, stretch)}


def _stands(db: Database, stretch: str) -> bool:
    phrase = '"' + stretch.replace('"', '""').replace("\x00", " ") + '"'
    table = "search_unspaced" if " " not in stretch and may_be_unspaced(stretch) else "search"
    sql = (
        f"SELECT 1 FROM {table} s CROSS JOIN items i ON i.id = s.rowid"
        f" WHERE {table} MATCH ? AND i.kind <> 'draft' LIMIT 1"
    )
    return db.row(sql, (phrase,)) is not None
