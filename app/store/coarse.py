"""The blocks of two-bit copies: reading them all, and taking vectors out, for they stay without holes.

A block holds up to BLOCK vectors; its blob is `planes.encode`'s uint64[2, words, BLOCK], so that a read of its first
half is the high plane. Places are filled from the first, and the last ones move up into holes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from .bound import bound
from .connection import Database, Row

if TYPE_CHECKING:
    import apsw
    import numpy as np


#: Vectors per block: one blob of 64 KiB at 256 dimensions.
BLOCK = 1_024
#: By their signs alone, one vector in SHARE, at least LEAST and about MOST at most, are looked at again: of the true
#: nearest 20 that keeps 99.9 % of 24,685 static vectors and of 4,421 of MiniLM.
SHARE, LEAST, MOST = 8, 4_096, 32_768
#: Blocks that are read and counted together, and blocks that tell how high the likeliest stand.
TOGETHER = TELLING = 8
#: What stands beside the planes of a block.
_BESIDE = "SELECT id, ids, inverse FROM coarse"


def size(dim: int) -> int:
    """Bytes of a block's planes."""
    from .planes import words

    return 2 * words(dim) * 8 * BLOCK


def append(db: Database, space_id: int, dim: int, made: list[tuple]) -> None:
    """Put (embedding id, vector) rows into the free places of the last block, then into new blocks.

    Vectors without a direction stand in no block.
    """
    import numpy as np

    from .planes import encode

    vectors = np.frombuffer(b"".join(vector for _, vector in made), "<f4").reshape(len(made), dim)
    usable = np.flatnonzero(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
    ids = np.array([made[row][0] for row in usable], "<i8")
    planes, inverse = encode(vectors[usable])
    done = 0
    while done < len(ids):
        block, used = _free_block(db, space_id, dim)
        end = min(done + BLOCK - used, len(ids))
        told = slice(used, used + end - done)
        for column, values in (("ids", ids), ("inverse", inverse)):
            _bytes(db, column, block, used * values.itemsize, 0, values[done:end].tobytes())
        held = read(db, block, dim)
        held[:, :, told] = planes[:, :, done:end]
        _bytes(db, "vectors", block, 0, 0, held.tobytes())
        done = end


def read(db: Database, block: int, dim: int) -> np.ndarray:
    """The planes of a block: uint64[2, words, BLOCK]."""
    import numpy as np

    held = bytearray(_bytes(db, "vectors", block, 0, size(dim)))
    return np.frombuffer(held, "<u8").reshape(2, -1, BLOCK)


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
        "INSERT INTO coarse(space_id, ids, inverse, vectors) VALUES (?, zeroblob(?), zeroblob(?), zeroblob(?))",
        (space_id, 8 * BLOCK, 4 * BLOCK, size(dim)),
    )
    return db.last_id, 0


def scan(db: Database, space_id: int, query: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Approximate cosines with the nearest of a space: (embedding ids int64[m], float32[m]), and how many it has.

    Every vector is looked at by its signs; the likeliest (`SHARE`) by both planes.
    """
    import numpy as np

    from .planes import FINE, asked, fine

    blocks = [int(row[0]) for row in db.rows("SELECT id FROM coarse WHERE space_id = ? ORDER BY id", (space_id,))]
    if not blocks:
        return np.empty(0, np.int64), np.empty(0, np.float32), 0
    with db.failures(), db.apsw.blob_open("main", "coarse", "vectors", blocks[0], False) as blob:
        signs = _Signs(blob, query)

        def told(some: list[int]) -> tuple[np.ndarray, np.ndarray]:
            rows = db.rows(f"{_BESIDE} WHERE id IN (SELECT value FROM carray(?))", (bound(some),))
            scores, _, ids = signs.scores(rows)
            return scores, ids

        least = _least(told, blocks)
        rows = iter(db.apsw.execute(f"{_BESIDE} WHERE space_id = ? ORDER BY id", (space_id,)))
        chosen = [signs.likeliest(some, least) for some in iter(lambda: list(islice(rows, TOGETHER)), [])]
    ids, planes, inverse = (np.concatenate(each, axis=-1) for each in zip(*chosen, strict=True))
    scores = fine(planes.reshape(2, -1, len(ids)), asked(query, FINE)) * inverse
    return ids[ids != 0], scores[ids != 0], signs.count


class _Signs:
    """What the signs of blocks say of a query. Planes are read into the same memory again and again: made anew, fresh
    pages from the system took a third of the time.
    """

    def __init__(self, blob: apsw.Blob, query: np.ndarray) -> None:
        import numpy as np

        from .planes import ROUGH, asked, words

        self.count = 0
        self._blob, self._words, self._asked = blob, words(query.size), asked(query, ROUGH)
        self._planes: np.ndarray = np.empty((TOGETHER, 2 * self._words, BLOCK), np.uint64)
        self._rooms = [room.data.cast("B") for room in self._planes]
        self._lines = np.arange(2 * self._words)[:, None] * BLOCK

    def scores(self, rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of up to TOGETHER rows of `_BESIDE`, each of their places: what its signs say, its inverse, its id."""
        import numpy as np

        from .planes import rough

        for row, room in zip(rows, self._rooms, strict=False):
            self._blob.reopen(row[0])
            self._blob.read_into(room)
        ids: np.ndarray = np.frombuffer(b"".join(row[1] for row in rows), "<i8")
        inverse: np.ndarray = np.frombuffer(b"".join(row[2] for row in rows), "<f4")
        return rough(self._planes[: len(rows), : self._words], self._asked).ravel() * inverse, inverse, ids

    def likeliest(self, rows: list[Row], least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The ids, planes and inverses of what reaches `least`."""
        import numpy as np

        scores, inverse, ids = self.scores(rows)
        self.count += int(np.count_nonzero(ids))
        found = np.flatnonzero(scores >= least)
        planes = self._planes.take(self._lines + (found + found // BLOCK * (self._planes[0].size - BLOCK)))
        return ids[found], planes, inverse[found]


def _least(told: Callable[[list[int]], tuple[np.ndarray, np.ndarray]], blocks: list[int]) -> float:
    """What the signs must say of a vector that is looked at again: from what `told` says (with the ids) of some."""
    import numpy as np

    places = len(blocks) * BLOCK
    share = max(LEAST / places, min(1 / SHARE, MOST / places))
    if share >= 0.5:
        return -np.inf
    some = [blocks[at] for at in np.linspace(0, len(blocks) - 1, min(TELLING, len(blocks))).astype(int).tolist()]
    scores, ids = told(some)
    seen = scores[ids != 0]
    place = int((1 - share) * (len(seen) - 1))
    return float(np.partition(seen, place)[place]) if len(seen) else -np.inf


def remove(db: Database, embedding_ids: Iterable[int]) -> None:
    """Delete vectors with their two-bit copies, inside the caller's transaction."""
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
    ids: np.ndarray = np.concatenate([np.frombuffer(each[1], "<i8") for each in blocks])
    used = int(np.flatnonzero(ids).max(initial=-1)) + 1
    holes = holes[holes < used]
    left = used - len(holes)
    movers, targets = np.setdiff1d(np.arange(left, used), holes), holes[holes < left]
    new = ids.copy()
    new[targets] = ids[movers]
    _move(db, dim, [block_id for block_id, _ in blocks], movers, targets)
    new[left:] = 0
    for number, (block_id, before) in enumerate(blocks):
        after = new[number * BLOCK : (number + 1) * BLOCK].astype("<i8").tobytes()
        if number * BLOCK >= left:
            db.run("DELETE FROM coarse WHERE id = ?", (block_id,))
        elif after != before:
            _bytes(db, "ids", block_id, 0, 0, after)


def _move(db: Database, dim: int, blocks: list[int], sources: np.ndarray, targets: np.ndarray) -> None:
    """Copy what stands at some places to others, none of which is among the first."""
    import numpy as np

    planes: np.ndarray = np.empty((2, size(dim) // (16 * BLOCK), len(sources)), np.uint64)
    for number in np.unique(sources // BLOCK).tolist():
        mine = sources // BLOCK == number
        planes[:, :, mine] = read(db, blocks[number], dim)[:, :, sources[mine] % BLOCK]
    for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
        value = _bytes(db, "inverse", blocks[source // BLOCK], source % BLOCK * 4, 4)
        _bytes(db, "inverse", blocks[target // BLOCK], target % BLOCK * 4, 0, value)
    for number in np.unique(targets // BLOCK).tolist():
        mine = targets // BLOCK == number
        held = read(db, blocks[number], dim)
        held[:, :, targets[mine] % BLOCK] = planes[:, :, mine]
        _bytes(db, "vectors", blocks[number], 0, 0, held.tobytes())


def _bytes(db: Database, column: str, block: int, at: int, width: int, value: bytes | None = None) -> bytes:
    """Read `width` bytes, or write `value`, in place of a block."""
    found = value or b""
    with db.failures(), db.apsw.blob_open("main", "coarse", column, block, value is not None) as blob:
        blob.seek(at)
        if value is None:
            found = bytes(blob.read(width))
        else:
            blob.write(value)
    return found
