"""`similarity` and `mean_vector`: cosines of stored vectors, and of texts that have none yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError
from penchant.app.store.reading import SqlError

from .book import HASH

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.store import Store

#: After so many single looks at vectors for one query, all cosines with it are computed at once.
SINGLE = 500
#: Vectors read at a time, and beyond which there is no computing all at once (memory for a table of cosines).
BLOCK, MOST = 4_096, 2_000_000
#: Queries for which all cosines are held at once, together MOST of them.
TABLES = 4
#: Texts and queries whose vectors are remembered.
REMEMBERED = 10_000


class Meaning:
    """One space of vectors. `embed` gives those of texts: str -> float32[d] of length 1."""

    def __init__(self, store: Store, space: str, embed: Callable[[str], np.ndarray]) -> None:
        self._store, self.space, self._embed = store, space, embed
        row = store.db.row("SELECT id, dim FROM spaces WHERE name = ?", (space,))
        self._space_id, self._dim = row or (0, 0)
        self._texts: dict[str, np.ndarray] = {}
        self._looks: dict[object, int] = {}
        self._all: dict[object, dict[bytes, float]] = {}
        #: Items whose vector is still to be made.
        self.missing: set[bytes] = set()

    def similarity(self, one: object, other: object) -> float | None:
        """The cosine; None for NULL and where an item has no vector yet. Raises `SqlError` for what is no vector."""
        if one is None or other is None:
            return None
        if not isinstance(one, bytes) and isinstance(other, bytes) and len(other) == HASH:
            one, other = other, one
        if isinstance(one, bytes) and len(one) == HASH and not (isinstance(other, bytes) and len(other) == HASH):
            return self._with_item(one, other)
        left, right = self.vector(one), self.vector(other)
        return None if left is None or right is None else cosine(left, right)

    def vector(self, value: object) -> np.ndarray | None:
        """float32[d] of an item (its hash), of a text, of a vector as bytes."""
        import numpy as np

        if isinstance(value, bytes):
            if len(value) != HASH:
                vector = np.frombuffer(value, "<f4") if len(value) % 4 == 0 else np.empty(0, np.float32)
                if vector.size != self._dim or not self._dim:
                    raise SqlError("that is no vector of this space", hint="Vectors come from mean_vector(text).")
                return vector
            found = self._store.db.value(
                "SELECT vector FROM embeddings WHERE space_id = ? AND content_hash = ?", (self._space_id, value)
            )
            if found is None:
                self.missing.add(value)
                return None
            return np.frombuffer(found, "<f4")
        text = str(value)
        if text not in self._texts:
            if len(self._texts) >= REMEMBERED:
                self._texts.clear()
            self._texts[text] = self._embed(text)
        return self._texts[text]

    def _with_item(self, item: bytes, query: object) -> float | None:
        known = self._all.get(query)
        if known is None and self._looked_often(query):
            known = self._all[query] = self._every(query)
        if known is not None:
            if item not in known:
                self.missing.add(item)
            return known.get(item)
        left, right = self.vector(item), self.vector(query)
        return None if left is None or right is None else cosine(left, right)

    def _looked_often(self, query: object) -> bool:
        """Count a single look; whether a table of all cosines is worth it now. Makes room for it.

        A table that goes has to be earned again: queries that take turns, more than there is room for, would
        otherwise make one for every row.
        """
        if len(self._looks) >= REMEMBERED:
            self._looks.clear()
        looks = self._looks[query] = self._looks.get(query, 0) + 1
        if looks <= SINGLE:
            return False
        self._looks[query] = 0
        count = self._count()
        while self._all and (len(self._all) >= TABLES or count * (len(self._all) + 1) > MOST):
            del self._all[next(iter(self._all))]  # the oldest
        return count <= MOST

    def _count(self) -> int:
        return int(self._store.db.value("SELECT count(*) FROM embeddings WHERE space_id = ?", (self._space_id,)))

    def _every(self, query: object) -> dict[bytes, float]:
        """The cosine of each text with a query: the same numbers as one by one."""
        import numpy as np

        other = self.vector(query)
        found: dict[bytes, float] = {}
        if other is None:
            return found
        with self._store.db.failures():
            rows = self._store.db.apsw.execute(
                "SELECT content_hash, vector FROM embeddings WHERE space_id = ?", (self._space_id,)
            )
            while block := [row for row, _ in zip(rows, range(BLOCK), strict=False)]:
                matrix = np.frombuffer(b"".join(vector for _, vector in block), "<f4").reshape(len(block), -1)
                values = cosines(matrix, other).tolist()
                found.update((row[0], value) for row, value in zip(block, values, strict=True) if value == value)
        return found


def cosines(matrix: np.ndarray, other: np.ndarray) -> np.ndarray:
    """float64[n] of float32[n, d] with float32[d], row by row the same number in any company."""
    import numpy as np

    rows, one = matrix.astype(np.float64), other.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # einsum adds each row up by itself: a product of matrices changes its last bits with its neighbours
        value = np.einsum("ij,j->i", rows, one) / np.sqrt(np.einsum("ij,ij->i", rows, rows) * np.dot(one, one))
    return value


def cosine(one: np.ndarray, other: np.ndarray) -> float | None:
    value = float(cosines(one.reshape(1, -1), other)[0])
    return value if value == value else None


def mean_factory(meaning: Callable[[], Meaning]) -> Callable[[], tuple[object, Callable, Callable]]:
    """`mean_vector(text)` for apsw: the mean of unit vectors, of length 1; NULL of nothing."""

    def start() -> tuple[list, Callable, Callable]:
        return [0, None], step, final

    def step(state: list, value: object) -> None:
        import numpy as np

        vector = meaning().vector(value) if value is not None else None
        if vector is not None and np.isfinite(vector).all():
            state[0] += 1
            state[1] = vector.astype(np.float64) if state[1] is None else state[1] + vector

    def final(state: list) -> bytes | None:
        import numpy as np

        count, total = state
        length = float(np.linalg.norm(total)) if count else 0.0
        return (total / length).astype("<f4").tobytes() if length else None

    return start


def meaning_of(store: Store, embed_sentence: Callable[[str, str], np.ndarray] | None) -> Meaning:
    """The active space of sentence vectors where every item has its vector, otherwise the bundled word vectors.

    `embed_sentence(space, text)` gives vectors of the former; None where its model is not at hand.
    """
    from penchant.app.embed import registry

    active = store.vectors.sentence()
    if active is not None and active.complete and embed_sentence is not None:
        space = active.name
        return Meaning(store, space, lambda text: embed_sentence(space, text))
    return Meaning(store, registry.space(), lambda text: registry.load().embed_batch([text])[0])


class Sentences:
    """Vectors of texts by the model of sentences, in a child process of its own."""

    def __init__(self, file: str) -> None:
        from penchant.app.embed.runner import Runner

        from .background import Background

        self._runner, self._background = Runner(file), Background()

    def __call__(self, space: str, text: str) -> np.ndarray:
        """float32[d]. Raises `PenchantError` where the archive's vectors are of another model."""
        import numpy as np

        if self._background.do(self._runner.ready()).name != space:
            raise PenchantError(
                "the vectors of the archive are those of another model",
                hint="`penchant models` says how far the worker is.",
            )
        [vector] = self._background.do(self._runner.embed([text]))
        if vector is None:
            raise PenchantError("the model of sentences has no idea of this text", hint="Try other words.")
        return np.frombuffer(vector, "<f4")

    def close(self) -> None:
        self._background.do(self._runner.close())
        self._background.close()
