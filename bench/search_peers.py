"""Peers of the search by meaning, for `bench/search.py`: numpy, sqlite-vec's own table, usearch. Bench only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from search_archive import cpu

from penchant.app.store import Store

K = 20


class Measured(NamedTuple):
    """CPU milliseconds of each query, how many of the true 20 came, bytes an item (in memory or in a file)."""

    name: str
    times: list[float]
    recall: float
    size: str


def truth(matrix: np.ndarray, queries: np.ndarray) -> list[float]:
    """The cosine of the 20th nearest of each query, by exact floats."""
    k = min(K, len(matrix))
    return [float(np.partition(matrix @ query, -k)[-k]) for query in queries]


def recall(matrix: np.ndarray, queries: np.ndarray, least: Sequence[float], found: Sequence[Sequence[int]]) -> float:
    """The share of the true 20 that came; rows of `matrix`. What is exactly as near as the 20th counts."""
    hits = [sum(float(matrix[row] @ query) >= low - 1e-6 for row in rows)
            for query, low, rows in zip(queries, least, found, strict=True)]  # fmt: skip
    return sum(hits) / (min(K, len(matrix)) * len(hits))


def measured(matrix: np.ndarray, queries: np.ndarray, store: Store) -> Iterator[Measured]:
    """Each peer over the same vectors and queries."""
    least = truth(matrix, queries)

    def told(name: str, ask: Callable[[np.ndarray], Sequence[int]], size: str) -> Measured:
        found = [ask(query) for query in queries]
        return Measured(name, [cpu(lambda q=q: ask(q)) for q in queries], recall(matrix, queries, least, found), size)

    dim = matrix.shape[1]
    yield told("numpy, float32 in memory", lambda q: np.argpartition(-(matrix @ q), K)[:K].tolist(),
               f"{4 * dim} in memory")  # fmt: skip
    store.vectors._load()
    store.db.run(f"CREATE VIRTUAL TABLE temp.peer USING vec0(v float[{dim}])")
    store.db.run_many("INSERT INTO temp.peer(rowid, v) VALUES (?, ?)",
                      ((row, vector.tobytes()) for row, vector in enumerate(matrix)))  # fmt: skip
    sql = f"SELECT rowid FROM temp.peer WHERE v MATCH ? AND k = {K}"
    yield told("sqlite-vec vec0, float", lambda q: [row[0] for row in store.db.rows(sql, (q.tobytes(),))],
               f"{4 * dim} in its file")  # fmt: skip
    store.db.run("DROP TABLE temp.peer")
    try:
        from usearch.index import Index
    except ImportError:
        print("  peer: usearch is not installed (pip install usearch): left out")
        return
    index = Index(ndim=dim, metric="cos", dtype="i8")
    making = cpu(lambda: index.add(np.arange(len(matrix)), matrix, threads=1))
    with tempfile.TemporaryDirectory() as folder:
        index.save(str(Path(folder) / "index"))
        size = (Path(folder) / "index").stat().st_size / len(matrix)
    yield told(f"usearch, HNSW of int8, made in {making / 1e3:.0f} s", lambda q: index.search(q, K).keys.tolist(),
               f"{size:.0f} in memory and file")  # fmt: skip
