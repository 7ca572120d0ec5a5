"""The int8 blocks: reading them all, and taking vectors out, for they stay without holes: the last ones move up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .bound import bound
from .connection import Database

if TYPE_CHECKING:
    import numpy as np


#: Vectors per block: one blob of 256 KiB at 256 dimensions.
BLOCK = 1_024


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8[n, d], each vector scaled to its largest number, and float32[n]: 1 / length of the int8 one."""
    import numpy as np

    if not len(vectors):
        return np.empty((0, vectors.shape[1]), np.int8), np.empty(0, np.float32)
    scaled = np.rint(vectors * (127.0 / np.abs(vectors).max(axis=1, keepdims=True))).astype(np.int8)
    return scaled, (1.0 / np.linalg.norm(scaled.astype(np.float32), axis=1)).astype("<f4")


def append(db: Database, space_id: int, dim: int, made: list[tuple]) -> None:
    """Put (embedding id, vector) rows into the free places of the last block, then into new blocks.

    Only touched pages are written. Vectors without a direction stand in no block.
    """
    import numpy as np

    vectors = np.frombuffer(b"".join(vector for _, vector in made), "<f4").reshape(len(made), dim)
    usable = np.flatnonzero(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
    ids = np.array([made[row][0] for row in usable], "<i8")
    coarse, inverse = quantise(vectors[usable])
    done = 0
    while done < len(ids):
        block, used = _free_block(db, space_id, dim)
        part = slice(done, done + BLOCK - used)
        for column, values, width in (
            ("ids", ids[part], 8),
            ("inverse", inverse[part], 4),
            ("vectors", coarse[part], dim),
        ):
            with (
                db.failures(),
                db.apsw.blob_open("main", "coarse", column, block, True) as blob,
            ):
                blob.seek(used * width)
                blob.write(values.tobytes())
        done += BLOCK - used


def _free_block(db: Database, space_id: int, dim: int) -> tuple[int, int]:
    """The block that takes the next vector and how many it holds."""
    import numpy as np

    last = db.row(
        "SELECT id, ids FROM coarse WHERE space_id = ? ORDER BY id DESC LIMIT 1", (space_id,)
    )
    if last:
        used = int(np.count_nonzero(np.frombuffer(last[1], "<i8")))
        if used < BLOCK:
            return last[0], used
    db.run(
        "INSERT INTO coarse(space_id, ids, inverse, vectors)"
        " VALUES (?, zeroblob(?), zeroblob(?), zeroblob(?))",
        (space_id, 8 * BLOCK, 4 * BLOCK, dim * BLOCK),
    )
    return db.last_id, 0


def scan(db: Database, space_id: int, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Approximate cosines with a whole space, block by block: (embedding ids int64[n], float32[n]).

    Blobs are read into the same buffer again and again: made anew, 256 KiB each are fresh pages from the system
    twice over, which took a third of the time.
    """
    import numpy as np

    rows = db.rows("SELECT id, ids, inverse FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    ids: np.ndarray = np.concatenate([np.frombuffer(row[1], "<i8") for row in rows])
    scores: np.ndarray = np.zeros(len(ids), np.float32)
    kept = np.empty((BLOCK, query.size), np.int8)
    block = np.empty((BLOCK, query.size), np.float32)
    with db.failures(), db.apsw.blob_open("main", "coarse", "vectors", rows[0][0], False) as blob:
        for place, row in enumerate(rows):
            if place:
                blob.reopen(row[0])
            blob.read_into(kept.data.cast("B"))
            np.copyto(block, kept)
            np.dot(block, query, out=scores[place * BLOCK : (place + 1) * BLOCK])
    scores *= np.concatenate([np.frombuffer(row[2], "<f4") for row in rows])
    used = ids != 0
    return ids[used], scores[used]


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

    rows = db.rows("SELECT ids FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))
    ids: np.ndarray = np.concatenate([np.empty(0, "<i8"), *(np.frombuffer(row[0], "<i8") for row in rows)])
    compact(db, space_id, dim, np.flatnonzero(np.isin(ids, gone)))


def compact(db: Database, space_id: int, dim: int, holes: np.ndarray) -> None:
    """Free these places (counted from 0 through all blocks of the space), inside the caller's transaction."""
    import numpy as np

    blocks = db.rows("SELECT id, ids FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))
    if not blocks:
        return
    size = len(blocks[0][1]) // 8
    ids: np.ndarray = np.concatenate([np.frombuffer(each[1], "<i8") for each in blocks])
    used = int(np.flatnonzero(ids).max(initial=-1)) + 1
    holes = holes[holes < used]
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
