"""Vectors of texts, several models side by side, and the nearest of them under any filter.

A vector belongs to a text (content_hash) and a space (the model that made
it): equal texts share one, and every item of that text is found by it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import vector_items
from .bound import WHOLE, bound, items_of
from .coarse import BLOCK, append, remove, scan
from .coarse_rebuild import rebuild
from .condition import EVERYTHING, UNSEEN, Condition
from .connection import CACHE_KIB, Database
from .spaces import ORPHAN, activate_sentence_space, active_sentence_space, drop_in_pieces

if TYPE_CHECKING:
    import numpy as np

#: The coarse order is scored exactly until its estimates, WIDTH times their error above what they say (the error told
#: by those scored), reach no more of the k best; MARGIN more than k at least, and FIRST, or one in PART, at most.
WIDTH, MARGIN, FIRST, PART = 2.2, 20, 256, 400
#: Up to so many vectors the same with twice the WIDTH and no limit finds the k best themselves, for little.
SMALL = 4_096
#: Items that are asked how many pass a filter; where fewer than RARE do, all that pass are scored without a scan.
SAMPLE, RARE = 512, 0.008
#: Seconds that their answer serves the same filter again, and of how many filters: a wrong one costs time, no result.
SERVES, FILTERS = 60.0, 32
#: KiB of page cache of a connection that searches by meaning: a filter then takes a quarter less.
ROOM = 12_000
#: Exact scores of items named by the caller.
_NAMED = (
    "carray(?) c CROSS JOIN items i ON i.id = c.value"
    " CROSS JOIN embeddings e ON e.space_id = ? AND e.content_hash = i.content_hash"
)
#: (item id, cosine, embedding id)
Scored = tuple[int, float, int]


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one model. `complete` once every item had its vector."""

    name: str
    dim: int
    count: int
    complete: bool
    made_at: float


class Vectors:
    """`store.vectors`. Vectors are little-endian float32; cosines run from -1 to 1."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._functions = False
        #: What part passes a filter, and when that was asked.
        self._shares: dict[Condition, tuple[float, float]] = {}

    def put(self, space: str, rows: Iterable[tuple[bytes, bytes]]) -> int:
        """Store (content_hash, float32 bytes) pairs; returns how many were new.

        Creates the space from the first vector's length. A text that has its
        vector keeps it. Raises `ValueError` for a vector of another length.
        """
        pairs = list(rows)
        if not pairs:
            return 0
        with self.db.write():
            space_id, dim = self._space(space, len(pairs[0][1]) // 4)
            if any(len(vector) != 4 * dim for _, vector in pairs):
                raise ValueError(f"the vectors of {space} have {dim} float32 numbers")
            before = self.db.value("SELECT coalesce(max(id), 0) FROM embeddings")
            self.db.run_many(
                "INSERT INTO embeddings(space_id, content_hash, vector) VALUES (?, ?, ?)"
                " ON CONFLICT (space_id, content_hash) DO NOTHING",
                [(space_id, content_hash, vector) for content_hash, vector in pairs],
            )
            made = self.db.rows("SELECT id, vector FROM embeddings WHERE id > ? ORDER BY id", (before,))
            append(self.db, space_id, dim, made)
        return len(made)

    def get_matrix(self, space: str, item_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of n items as float32[n, d], and bool[n]: False where none is (a row of zeros)."""
        import numpy as np

        found = self.db.row("SELECT id, dim FROM spaces WHERE name = ?", (space,))
        matrix: np.ndarray = np.zeros((len(item_ids), found[1] if found else 0), np.float32)
        mask: np.ndarray = np.zeros(len(item_ids), bool)
        if found is None or not item_ids:
            return matrix, mask
        ids = np.asarray(item_ids, np.int64)
        order = np.argsort(ids, kind="stable")
        rows = self.db.rows(
            "SELECT c.value, e.vector FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
            " CROSS JOIN embeddings e ON e.space_id = ? AND e.content_hash = i.content_hash",
            (bound(np.unique(ids)), found[0]),
        )
        if rows:
            have = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            vectors = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
            place = np.searchsorted(have, ids[order]).clip(max=len(have) - 1)
            hit = have[place] == ids[order]
            matrix[order[hit]] = vectors[place[hit]]
            mask[order[hit]] = True
        return matrix, mask

    def missing(
        self, space: str, limit: int = 1_000, *, item_ids: Iterable[int] | None = None
    ) -> list[tuple[int, bytes, str, str]]:
        """Up to `limit` texts without a vector in this space: (first item of it, content_hash, title, text).

        With `item_ids` only the texts of those items are looked at.
        """
        source, params = items_of(item_ids)
        return [
            (int(row[0]), row[1], row[2], row[3])
            for row in self.db.rows(
                f"""SELECT i.id, i.content_hash, i.title, i.text FROM items i
                WHERE i.id IN (
                    SELECT min(h.id) FROM {source} WHERE {WHOLE} AND NOT EXISTS (
                        SELECT 1 FROM embeddings e JOIN spaces s ON s.id = e.space_id
                        WHERE s.name = ? AND e.content_hash = h.content_hash)
                    GROUP BY h.content_hash LIMIT ?)
                ORDER BY i.id""",
                (*params, space, limit),
            )
        ]

    def nearest(
        self,
        space: str,
        vector: np.ndarray,
        k: int,
        *,
        unseen: bool = False,
        ids: Iterable[int] | None = None,
        where: Condition = EVERYTHING,
    ) -> list[tuple[int, float]]:
        """The k items nearest to `vector` (float[d]) with their cosines, best first.

        Only items that `where` passes (and that are unseen, and among `ids`,
        where asked) are counted: k come back while so many exist.
        """
        import numpy as np

        query = np.asarray(vector, np.float32).ravel()
        length = float(np.linalg.norm(query))
        found = self.db.row("SELECT id, dim FROM spaces WHERE name = ?", (space,))
        if found is None or k <= 0 or not np.isfinite(length) or length == 0:
            return []
        if found[1] != query.size:
            raise ValueError(f"the vectors of {space} have {found[1]} numbers, not {query.size}")
        if unseen:
            where = where & UNSEEN
        self._load()
        with self.db.snapshot():
            if ids is not None:
                named = (bound(sorted(set(ids))), found[0])
                return _best(self._exact(query / length, named, where), k)
            return self._nearest(found[0], query / length, k, where)

    def spaces(self) -> list[Space]:
        return [
            Space(row[0], row[1], row[2], bool(row[3]), row[4])
            for row in self.db.rows(
                "SELECT s.name, s.dim, (SELECT count(*) FROM embeddings e WHERE e.space_id = s.id),"
                " s.complete, s.made_at"
                " FROM spaces s ORDER BY s.id"
            )
        ]

    def of_length(self, dim: int) -> list[Space]:
        """Spaces of vectors of this length; `count` only says how many there are to the next 1,024."""
        return [
            Space(row[0], dim, BLOCK * row[1], bool(row[2]), row[3])
            for row in self.db.rows(
                "SELECT s.name, (SELECT count(*) FROM coarse c WHERE c.space_id = s.id), s.complete, s.made_at"
                " FROM spaces s WHERE s.dim = ? ORDER BY s.id",
                (dim,),
            )
        ]

    def sentence(self) -> Space | None:
        """The space that the ranking reads as sentence vectors; None where none is active."""
        active = active_sentence_space(self.db)
        return next((space for space in self.spaces() if active and space.name == active[0]), None)

    def use_sentence(self, space: str | None) -> None:
        """Switch the ranking to these sentence vectors, in one commit; None switches them off, and keeps them.

        Raises `ValueError` for a space that does not exist.
        """
        activate_sentence_space(self.db, space)

    def set_complete(self, space: str, complete: bool = True) -> None:
        """Record that every item had its vector once; searches stop saying otherwise."""
        if self.db.value("SELECT complete FROM spaces WHERE name = ?", (space,)) not in (None, int(complete)):
            with self.db.write():
                self.db.run("UPDATE spaces SET complete = ? WHERE name = ?", (int(complete), space))

    def drop(self, space: str) -> None:
        """Forget a model's vectors; they can be made again. An active sentence space is switched off first."""
        drop_in_pieces(self.db, space)

    def prune(self) -> int:
        """Delete the vectors of texts that no item has any more and of unknown pictures; returns how many."""
        with self.db.write():
            gone = [row[0] for row in self.db.rows(f"SELECT id FROM embeddings WHERE {ORPHAN.format('embeddings')}")]
            remove(self.db, gone)
        return len(gone)

    def rebuild_coarse(self) -> None:
        """Make the two-bit blocks again from the exact vectors, online: see `coarse_rebuild`. Wrong pairs of vectors
        and items are made right.

        Inside the caller's transaction it is one step of that.
        """
        rebuild(self.db)
        if vector_items.wrong(self.db):
            vector_items.remake(self.db)

    def _space(self, name: str, dim: int) -> tuple[int, int]:
        found = self.db.row("SELECT id, dim FROM spaces WHERE name = ?", (name,))
        if found:
            return found[0], found[1]
        if dim == 0:
            raise ValueError(f"a vector of {name} is empty")
        self.db.run("INSERT INTO spaces(name, dim, made_at) VALUES (?, ?, ?)", (name, dim, time.time()))
        return self.db.last_id, dim

    def _nearest(self, space_id: int, query: np.ndarray, k: int, where: Condition) -> list[tuple[int, float]]:
        """Down the coarse order; where few items pass the filter, all that do are scored exactly."""
        share = self._passing(where)
        if share >= RARE:
            if (hits := self._walk(space_id, query, k, where, share)) is not None:
                return _best(hits, k)
            self._shares.pop(where, None)  # fewer pass by now
        passing = [row[0] for row in self.db.rows(f"SELECT {where.of_all()}", where.params)]
        return _best(self._exact(query, (bound(passing), space_id), EVERYTHING), k)

    def _walk(self, space_id: int, query: np.ndarray, k: int, where: Condition, share: float) -> list[Scored] | None:
        """What passes the filter among the likeliest, exactly scored; None where these are too few."""
        import numpy as np

        ids, guesses, total = scan(self.db, space_id, query)
        order = np.argsort(-guesses)
        ids, guesses = ids[order], guesses[order]
        width, most = (2 * WIDTH, total) if total <= SMALL else (WIDTH, max(FIRST, 2 * k, total // PART))
        start, end = 0, int((k + MARGIN) / share)
        hits: list[Scored] = []
        off: list[float] = []
        while start < len(ids):
            told = dict(zip(ids[start:end].tolist(), guesses[start:end].tolist(), strict=True))
            found = self._scored(query, sorted(told), where)
            hits += found
            off += [cosine - told[embedding] for _, cosine, embedding in found]
            start, end = end, int(1.5 * end)
            if len(hits) >= k + MARGIN and start < len(ids):
                least = sorted((cosine for _, cosine, _ in hits), reverse=True)[k - 1]
                likely = int(np.searchsorted(-guesses, width * float(np.std(off)) - least))
                if len(hits) >= most or start >= likely:
                    break
                end = min(end, likely)
        return hits if len(hits) >= k + MARGIN or len(ids) == total else None

    def _passing(self, where: Condition) -> float:
        """About which share of all items passes."""
        last = int(self.db.value("SELECT max(id) FROM items") or 0) if where else 0
        if last <= 16 * SAMPLE:
            return 1.0
        now = time.monotonic()
        share, asked_at = self._shares.get(where, (0.0, -SERVES))
        if now - asked_at < SERVES:
            return share
        if len(self._shares) >= FILTERS:
            self._shares.clear()
        share = self._ask_share(where, last)
        if share >= RARE:  # by now more may pass, and all of them would be scored
            self._shares[where] = share, now
        return share

    def _ask_share(self, where: Condition, last: int) -> float:
        asked = bound(range(1, last + 1, last // SAMPLE))
        sums = self.db.row(
            f"SELECT count(*), sum({where.sql}) FROM carray(?) c"
            f" CROSS JOIN {where.ids} i ON i.id = c.value",
            (*where.params, asked),
        ) or (0, 0)
        return (sums[1] or 0) / max(sums[0], 1)

    def _scored(self, query: np.ndarray, candidates: list[int], where: Condition) -> list[Scored]:
        """Exact cosines of what passes the filter among candidates (ids of `embeddings`)."""
        passing = self.db.rows(vector_items.passing(where), (bound(candidates), *where.params))
        cosines: dict[int, float | None] = dict(self.db.rows(
            "SELECT e.id, 1.0 - vec_distance_cosine(e.vector, ?) FROM carray(?) c"
            " CROSS JOIN embeddings e ON e.id = c.value",
            (query.tobytes(), bound(sorted({embedding for _, embedding in passing}))),
        ))  # fmt: skip
        found = ((item, cosines.get(embedding), embedding) for item, embedding in passing)
        return [(item, cosine, embedding) for item, cosine, embedding in found if cosine is not None]

    def _exact(self, query: np.ndarray, named: tuple, where: Condition) -> list[Scored]:
        """Exact cosines of the items `named` that pass the filter; texts without a direction have none."""
        return self.db.rows(
            f"SELECT id, 1.0 - distance, embedding FROM ("
            f"SELECT i.id, vec_distance_cosine(e.vector, ?) AS distance, e.id AS embedding FROM {_NAMED}"
            f" WHERE {where.sql}"
            f") WHERE distance IS NOT NULL",
            (query.tobytes(), *named, *where.params),
        )

    def _load(self) -> None:
        """sqlite-vec's functions, on first use (2 ms), and room for the indexes that lead from vectors to items."""
        if self._functions:
            return
        if CACHE_KIB[self.db.role] < ROOM:
            self.db.pragma("cache_size", f"-{ROOM}")
        import sqlite_vec

        with self.db.failures():
            self.db.apsw.enable_load_extension(True)
            try:
                self.db.apsw.load_extension(sqlite_vec.loadable_path())
            finally:
                self.db.apsw.enable_load_extension(False)
        self._functions = True


def _best(hits: list[Scored], k: int) -> list[tuple[int, float]]:
    return sorted(((int(hit[0]), float(hit[1])) for hit in hits), key=lambda hit: (-hit[1], hit[0]))[:k]
