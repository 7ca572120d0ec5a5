"""Spaces of vectors: which ones the ranking reads, what one still lacks, and how one goes."""

from __future__ import annotations

from collections.abc import Iterable

from .bound import WHOLE, bound
from .connection import Database

#: Name under which the archive remembers the active sentence space.
ACTIVE = "space.sentence"
#: How the names of sentence spaces begin.
PREFIX = "gguf:"
#: Spaces that are not of words: vectors of one length may come from any of them.
OF_MODELS = ("gguf:", "clip:", "hidden:")
#: The same for pictures. A model "clip:NAME" has three spaces: of single pictures (by the hash of their bytes), of
#: items with pictures (the mean of theirs) and of the texts of all items.
PICTURES_ACTIVE = "space.picture"
PICTURES_PREFIX = "clip:"
EACH, PICTURE, TEXT = ":each", ":picture", ":text"
#: A row {0} of `embeddings` whose text, or picture, is gone.
ORPHAN = (
    "NOT EXISTS (SELECT 1 FROM items h WHERE h.content_hash = {0}.content_hash)"
    " AND NOT EXISTS (SELECT 1 FROM pictures g JOIN spaces s ON s.id = {0}.space_id AND s.name GLOB 'clip:*:each'"
    " WHERE g.hash = {0}.content_hash)"
)


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


def active_picture_spaces(db: Database) -> dict[str, tuple[str, int]]:
    """(name, dimensions) of the spaces that the experts "picture" and "caption" read; empty where none is active."""
    model = db.value("SELECT value FROM settings WHERE key = ?", (PICTURES_ACTIVE,))
    if not isinstance(model, str):
        return {}
    wanted = {"picture": model + PICTURE, "caption": model + TEXT}
    known: dict[str, int] = dict(db.rows("SELECT name, dim FROM spaces WHERE name IN (?, ?)", tuple(wanted.values())))
    return {key: (name, int(known[name])) for key, name in wanted.items() if name in known}


def activate_picture_spaces(db: Database, model: str | None) -> None:
    """Make a model's spaces ("clip:NAME") the active ones; None: none are, and they stay."""
    with db.write():
        if model is None:
            db.run("DELETE FROM settings WHERE key = ?", (PICTURES_ACTIVE,))
        else:
            db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (PICTURES_ACTIVE, model))


def of_pictures(name: str) -> bool:
    """Whether a space holds the vectors of pictures, or of items by their pictures: most texts have none."""
    return name.startswith(PICTURES_PREFIX) and not name.endswith(TEXT)


def epoch(db: Database) -> int:
    """Changes whenever any process stores, edits or deletes items, and not with a keypress."""
    return int(db.value("SELECT seq FROM sqlite_sequence WHERE name = 'changes'") or 0)


def lacking(db: Database, space: str) -> list[int]:
    """An item of each text without a vector in this space, the newest last.

    25 ms for 100,000 items of which none lacks, half a second where all do.
    """
    rows = db.rows(
        f"WITH lack(content_hash) AS (SELECT content_hash FROM items h WHERE {WHOLE} EXCEPT"
        " SELECT content_hash FROM embeddings WHERE space_id = (SELECT id FROM spaces WHERE name = ?))"
        f" SELECT max(h.id) FROM lack CROSS JOIN items h ON h.content_hash = lack.content_hash WHERE {WHOLE}"
        " GROUP BY lack.content_hash ORDER BY max(h.sort_at), max(h.id)",
        (space,),
    )
    return [int(row[0]) for row in rows]


def lacking_since(db: Database, space: str, item_id: int) -> list[int]:
    """The same among the items that came after `item_id`."""
    rows = db.rows(
        f"SELECT max(h.id) FROM items h WHERE h.id > ? AND {WHOLE} AND NOT EXISTS (SELECT 1 FROM embeddings e"
        " WHERE e.space_id = (SELECT id FROM spaces WHERE name = ?) AND e.content_hash = h.content_hash)"
        " GROUP BY h.content_hash ORDER BY max(h.sort_at), max(h.id)",
        (item_id, space),
    )
    return [int(row[0]) for row in rows]


def beginnings(db: Database, item_ids: Iterable[int], characters: int) -> list[tuple[int, bytes, str, str]]:
    """(id, content_hash, title, the beginning of the text) of the items that still exist."""
    return [
        (int(row[0]), row[1], row[2], row[3])
        for row in db.rows(
            "SELECT i.id, i.content_hash, i.title, substr(i.text, 1, ?)"
            " FROM carray(?) c CROSS JOIN items i ON i.id = c.value",
            (characters, bound(item_ids)),
        )
    ]


def counted(db: Database) -> tuple[int, int]:
    """(different texts, highest item id) of the archive."""
    texts = f"SELECT count(DISTINCT content_hash) FROM items h WHERE {WHOLE}"
    row = db.row(f"SELECT ({texts}), (SELECT max(id) FROM items)")
    return (int(row[0]), int(row[1] or 0)) if row else (0, 0)


def drop_in_pieces(db: Database, name: str) -> None:
    """Delete a space, a block of 1,024 vectors at a time, so that a keypress waits for milliseconds only.

    Blocks and vectors agree after each piece: stopped in between, it goes on with the next call.
    """
    with db.write():
        db.run("DELETE FROM settings WHERE key = ? AND value = ?", (ACTIVE, name))
        db.run("UPDATE spaces SET complete = 0 WHERE name = ?", (name,))
    while block := db.row(
        "SELECT c.id, c.ids FROM coarse c JOIN spaces s ON s.id = c.space_id WHERE s.name = ? LIMIT 1",
        (name,),
    ):
        with db.write():
            ids = [number for number in memoryview(block[1]).cast("q") if number]
            db.run("DELETE FROM embeddings WHERE id IN (SELECT value FROM carray(?))", (bound(ids),))
            db.run("DELETE FROM coarse WHERE id = ?", (block[0],))
        db.give_way()
    with db.write():
        db.run("DELETE FROM spaces WHERE name = ?", (name,))
