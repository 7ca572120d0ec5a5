"""Which space of vectors the ranking reads as sentence vectors: one at a time, switched only when asked."""

from __future__ import annotations

from .connection import Database

#: Name under which the archive remembers the active sentence space.
ACTIVE = "space.sentence"


def active_sentence_space(db: Database) -> tuple[str, int] | None:
    """(name, dimensions) of the active sentence space; None where none is active or it is gone."""
    return db.row(
        "SELECT s.name, s.dim FROM spaces s JOIN settings t ON t.value = s.name WHERE t.key = ?", (ACTIVE,)
    )


def activate_sentence_space(db: Database, name: str | None) -> None:
    """Make a space the active one (None: none is). Raises `ValueError` for a space that does not exist."""
    with db.write():
        if name is None:
            db.run("DELETE FROM settings WHERE key = ?", (ACTIVE,))
        elif db.value("SELECT 1 FROM spaces WHERE name = ?", (name,)) is None:
            raise ValueError(f"there is no space {name}")
        else:
            db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (ACTIVE, name))
