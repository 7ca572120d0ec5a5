"""What a model of pictures still has to read, and the vectors of items that follow from those of their pictures.

A model "clip:NAME" has three spaces (`spaces`): of single pictures by the hash of their bytes, of items by the mean of
their pictures, of texts. Nothing here is a list of things to do: what lacks is asked of the archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .bound import bound
from .coarse import remove
from .connection import Database
from .spaces import EACH, PICTURE, epoch
from .vectors import Vectors


class Marks(NamedTuple):
    """Changes when items or pictures came; `pictures` is how many pictures are there."""

    epoch: int
    pictures: int
    newest: int


class Mean(NamedTuple):
    """An item whose vector is to be made: of the pictures `rows` (embeddings), instead of `old` (0: none yet)."""

    content_hash: bytes
    rows: tuple[int, ...]
    old: int


def marks(db: Database) -> Marks:
    """A cheap look at what is there."""
    row = db.row("SELECT count(*), coalesce(max(id), 0) FROM pictures WHERE state = 'there'") or (0, 0)
    return Marks(epoch(db), int(row[0]), int(row[1]))


def lacking_pictures(db: Database, model: str) -> list[tuple[bytes, int]]:
    """(hash, an item that shows it) of pictures whose files are there and that have no vector; newest items last."""
    rows = db.rows(
        "SELECT p.hash, max(coalesce(i.item_id, 0)) AS item FROM pictures p"
        " LEFT JOIN item_pictures i ON i.picture_id = p.id"
        " WHERE p.state = 'there' AND p.hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM embeddings e"
        " WHERE e.space_id = (SELECT id FROM spaces WHERE name = ?) AND e.content_hash = p.hash)"
        " GROUP BY p.hash ORDER BY item, p.hash",
        (model + EACH,),
    )
    return [(row[0], int(row[1])) for row in rows]


def stale_items(db: Database, model: str) -> list[Mean]:
    """Items with vectors of pictures but none of their own, or one that is older than one of its pictures'.

    Rows of `embeddings` are numbered as they come, so that "older" is a comparison of ids.
    """
    rows = db.rows(
        "SELECT i.content_hash, group_concat(DISTINCT e.id), coalesce(max(m.id), 0) AS old"
        " FROM item_pictures s CROSS JOIN pictures p ON p.id = s.picture_id"
        " CROSS JOIN embeddings e ON e.content_hash = p.hash AND e.space_id = (SELECT id FROM spaces WHERE name = ?)"
        " CROSS JOIN items i ON i.id = s.item_id"
        " LEFT JOIN embeddings m ON m.content_hash = i.content_hash"
        " AND m.space_id = (SELECT id FROM spaces WHERE name = ?)"
        " GROUP BY i.content_hash HAVING old = 0 OR max(e.id) > old ORDER BY max(i.id) DESC",
        (model + EACH, model + PICTURE),
    )
    return [Mean(row[0], tuple(map(int, row[1].split(","))), int(row[2])) for row in rows]


def put_means(db: Database, model: str, means: Sequence[Mean]) -> int:
    """Make the vectors of items: the mean of their pictures' unit vectors, again of length 1; returns how many.

    Pictures that cancel out leave a vector without direction, which nothing is near to.
    """
    import numpy as np

    wanted = sorted({row for mean in means for row in mean.rows})
    sql = "SELECT id, vector FROM embeddings WHERE id IN (SELECT value FROM carray(?))"
    found: dict[int, bytes] = dict(db.rows(sql, (bound(wanted),)))
    made: list[tuple[bytes, bytes]] = []
    for mean in means:
        each = [np.frombuffer(found[row], "<f4") for row in sorted(mean.rows) if row in found]
        if each:
            total = np.sum(each, axis=0, dtype=np.float64)
            length = float(np.linalg.norm(total))
            made.append((mean.content_hash, (total / length if length > 1e-6 else 0 * total).astype("<f4").tobytes()))
    with db.write():
        remove(db, [mean.old for mean in means if mean.old])
        Vectors(db).put(model + PICTURE, made)
    return len(made)


def progress(db: Database, model: str) -> tuple[int, int]:
    """(pictures with a vector, pictures that are there or have one)."""
    space = "(SELECT id FROM spaces WHERE name = ?1)"
    row = db.row(
        f"SELECT (SELECT count(*) FROM embeddings WHERE space_id = {space}),"
        " (SELECT count(DISTINCT hash) FROM pictures WHERE state = 'there' AND NOT EXISTS"
        f" (SELECT 1 FROM embeddings e WHERE e.space_id = {space} AND e.content_hash = pictures.hash))",
        (model + EACH,),
    )
    return (int(row[0]), int(row[0]) + int(row[1])) if row else (0, 0)


def models(db: Database) -> set[str]:
    """The models that have vectors here."""
    names = [row[0] for row in db.rows("SELECT name FROM spaces WHERE name GLOB 'clip:*'")]
    return {name.rpartition(":")[0] for name in names}
