"""Making the two-bit blocks right again while searches and the worker go on: a block at a time, in place.

Each transaction is short and leaves the blocks no worse than it found them, so a kill between any two of them costs
nothing, and the next call goes on. Nothing is kept of how far it came: what is wrong is seen by looking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bound import bound
from .coarse import BLOCK, append, compact, size
from .connection import Database

if TYPE_CHECKING:
    import numpy as np


def rebuild(db: Database) -> None:
    """Every vector with a direction stands in one block, once, as its exact numbers have it."""
    for space_id, dim in db.rows("SELECT id, dim FROM spaces ORDER BY id"):
        _drop_misshapen(db, space_id, dim)
        for (block,) in db.rows("SELECT id FROM coarse WHERE space_id = ? ORDER BY id", (space_id,)):
            with db.write():
                _refresh(db, block, dim)
            _pause(db)
        if len(_wrong(db, space_id)):
            with db.write():
                compact(db, space_id, dim, _wrong(db, space_id))
            _pause(db)
        missing = _missing(db, space_id)
        for start in range(0, len(missing), BLOCK):
            with db.write():
                known = set(_held(db, space_id).tolist())  # the worker may have added some meanwhile
                named = bound(number for number in missing[start : start + BLOCK] if number not in known)
                append(db, space_id, dim, db.rows(
                    "SELECT e.id, e.vector FROM carray(?) c CROSS JOIN embeddings e ON e.id = c.value ORDER BY e.id",
                    (named,),
                ))  # fmt: skip
            _pause(db)


def _pause(db: Database) -> None:
    if not db.apsw.in_transaction:
        db.give_way()


def _drop_misshapen(db: Database, space_id: int, dim: int) -> None:
    """Blocks of another size than theirs cannot be read: their vectors are then missing, and come back."""
    with db.write():
        db.run(
            "DELETE FROM coarse WHERE space_id = ?"
            " AND (length(ids) <> ? OR length(inverse) <> ? OR length(vectors) <> ?)",
            (space_id, 8 * BLOCK, 4 * BLOCK, size(dim)),
        )


def _refresh(db: Database, block: int, dim: int) -> None:
    """Encode anew the vectors that one block holds."""
    import numpy as np

    from .planes import encode

    row = db.row("SELECT ids FROM coarse WHERE id = ?", (block,))
    if row is None:
        return
    ids = np.frombuffer(row[0], "<i8")
    exact: dict[int, bytes] = dict(
        db.rows(
            "SELECT e.id, e.vector FROM carray(?) c CROSS JOIN embeddings e ON e.id = c.value",
            (bound(np.unique(ids[ids != 0])),),
        )
    )
    places = [place for place, number in enumerate(ids.tolist()) if number in exact]
    if not places:
        return
    vectors = np.frombuffer(b"".join(exact[int(ids[place])] for place in places), "<f4").reshape(-1, dim)
    usable = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
    inverse: np.ndarray = np.zeros(BLOCK, "<f4")
    planes: np.ndarray = np.zeros((2, size(dim) // (16 * BLOCK), BLOCK), np.uint64)
    chosen = np.array(places)[usable]
    planes[:, :, chosen], inverse[chosen] = encode(vectors[usable])
    before = db.row("SELECT inverse, vectors FROM coarse WHERE id = ?", (block,))
    after = (inverse.tobytes(), planes.tobytes())
    if before != after:
        db.run("UPDATE coarse SET inverse = ?, vectors = ? WHERE id = ?", (*after, block))


def _held(db: Database, space_id: int) -> np.ndarray:
    """The ids of all places of a space's blocks, in order; 0 where a place is free."""
    import numpy as np

    rows = db.rows("SELECT ids FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))
    return np.concatenate([np.empty(0, "<i8"), *(np.frombuffer(row[0], "<i8") for row in rows)]).astype(np.int64)


def _wanted(db: Database, space_id: int) -> np.ndarray:
    """The ids of the vectors that have a direction."""
    import numpy as np

    zero = "replace(hex(e.vector), '0', '') = ''"
    rows = db.rows(f"SELECT e.id FROM embeddings e WHERE e.space_id = ? AND NOT {zero} ORDER BY e.id", (space_id,))
    return np.array([row[0] for row in rows], np.int64)


def _wrong(db: Database, space_id: int) -> np.ndarray:
    """Places to be filled or freed: holes, vectors that are gone, and all but the first of those held twice."""
    import numpy as np

    held = _held(db, space_id)
    used = int(np.flatnonzero(held).max(initial=-1)) + 1
    wrong = ~np.isin(held[:used], _wanted(db, space_id))
    first = np.zeros(used, bool)
    first[np.unique(held[:used], return_index=True)[1]] = True
    return np.flatnonzero(wrong | ~first)


def _missing(db: Database, space_id: int) -> list[int]:
    import numpy as np

    return [int(number) for number in np.setdiff1d(_wanted(db, space_id), _held(db, space_id))]
