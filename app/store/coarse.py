"""Taking vectors out of the int8 blocks, which stay without holes: the last ones move into the gaps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .bound import bound
from .connection import Database

if TYPE_CHECKING:
    import numpy as np


def remove(db: Database, embedding_ids: Iterable[int]) -> None:
    """Delete vectors with their int8 copies, inside the caller's transaction."""
    ids = sorted(set(embedding_ids))
    if not ids:
        return
    named = bound(ids)
    for space_id, dim in db.rows(
        "SELECT id, dim FROM spaces WHERE id IN (SELECT space_id FROM embeddings"
        " WHERE id IN (SELECT value FROM carray(?)))",
        (named,),
    ):
        _compact(db, int(space_id), int(dim), ids)
    db.run("DELETE FROM embeddings WHERE id IN (SELECT value FROM carray(?))", (bound(ids),))


def _compact(db: Database, space_id: int, dim: int, gone: list[int]) -> None:
    import numpy as np

    blocks = db.rows("SELECT id, ids FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))
    if not blocks:
        return
    size = len(blocks[0][1]) // 8
    ids: np.ndarray = np.concatenate([np.frombuffer(each[1], "<i8") for each in blocks])
    used = int(np.count_nonzero(ids))
    holes = np.flatnonzero(np.isin(ids[:used], gone))
    left = used - len(holes)
    movers = np.setdiff1d(np.arange(left, used), holes)
    new = ids.copy()
    for source, target in zip(movers.tolist(), holes[holes < left].tolist(), strict=True):
        new[target] = ids[source]
        for column, width in (("inverse", 4), ("vectors", dim)):
            value = _bytes(db, column, blocks[source // size][0], source % size * width, width)
            _bytes(db, column, blocks[target // size][0], target % size * width, width, value)
    new[left:] = 0
    for number, (block_id, before) in enumerate(blocks):
        after = new[number * size : (number + 1) * size].astype("<i8").tobytes()
        if number * size >= left:
            db.run("DELETE FROM coarse WHERE id = ?", (block_id,))
        elif after != before:
            _bytes(db, "ids", block_id, 0, len(after), after)


def _bytes(db: Database, column: str, block: int, at: int, width: int, value: bytes | None = None) -> bytes:
    """Read, or with `value` write, a piece of a block in place."""
    found = value or b""
    with db.failures(), db.apsw.blob_open("main", "coarse", column, block, value is not None) as blob:
        blob.seek(at)
        if value is None:
            found = bytes(blob.read(width))
        else:
            blob.write(value)
    return found
